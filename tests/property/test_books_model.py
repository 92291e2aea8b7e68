"""Verdicts that change late end where they would have ended had they been right at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dealflow.ledger import books as books_module
from dealflow.ledger.books import Books, Changes
from dealflow.ledger.ledger import Entry, Said
from dealflow.model.claim import Claim, ClaimState
from dealflow.model.intent import Intent, Role, Slots, Verdict
from dealflow.model.show import SaleMode
from tests.property.test_ledger_model import CODES, Step, entries, steps

LATE = 1_000_000


@pytest.fixture(scope="module", autouse=True)
def near_marks() -> Iterator[None]:
    """Marks lie close together, so that short shows have several."""
    with patch.object(books_module, "MARK_EVERY", 5):
        yield


@dataclass
class Doubt:
    """At which step of a show a verdict was wrong, and what it said."""

    step: int
    intent: Intent
    is_sure: bool
    item: str | None

    def verdict(self) -> Verdict:
        confidence = 0.9 if self.is_sure else 0.3
        return Verdict(
            intent=self.intent, confidence=confidence, scores={}, slots=Slots(item=self.item)
        )


doubts = st.lists(
    st.builds(
        Doubt,
        st.integers(0, 45),
        st.sampled_from([Intent.CHATTER, Intent.CLAIM, Intent.BACKUP, Intent.RETRACTION]),
        st.booleans(),
        st.none() | st.sampled_from(CODES),
    ),
    max_size=8,
)


def new_books() -> Books:
    return Books(rules=None, mode=SaleMode.CLAIM, threshold=0.7)


def right_and_wrong(
    show: list[Step], wrongs: list[Doubt]
) -> tuple[list[Entry], list[Entry], dict[int, Said]]:
    """Return the show as it should be folded and as it was, and what is to be put right."""
    right = entries(show)
    wrong, amends = list(right), {}
    for doubt in wrongs:
        said = right[doubt.step] if doubt.step < len(right) else None
        if isinstance(said, Said):
            wrong[doubt.step] = Said(said.message, doubt.verdict())
            amends[doubt.step] = said
    return right, wrong, amends


def told(all_entries: list[Entry]) -> tuple[Books, list[Changes]]:
    books = new_books()
    return books, [books.apply(place, entry) for place, entry in enumerate(all_entries, 1)]


def standing(books: Books, places: list[Entry]) -> set[str]:
    """Return the keys of the captures that count."""
    return {
        key
        for entry in places
        if isinstance(entry, Said)
        for key in books.captures.keys_of(entry.message.id)
        if books.captures.counts(key)
    }


@settings(max_examples=120, deadline=None)
@given(steps, doubts, st.randoms(use_true_random=False))
def test_any_order_of_corrections_ends_as_if_all_had_been_right_at_once(
    show: list[Step], wrongs: list[Doubt], random: Random
) -> None:
    right, wrong, amends = right_and_wrong(show, wrongs)
    plain, _ = told(right)
    mended, _ = told(wrong)
    order = [*amends, *amends]  # each is put right twice, and in between made wrong once more
    random.shuffle(order)
    for step in order:
        wrong_said = wrong[step]
        assert isinstance(wrong_said, Said)
        mended.revise(step + 1, amends[step], withdraw_at=LATE)
        mended.revise(step + 1, wrong_said, withdraw_at=LATE)
        mended.revise(step + 1, amends[step], withdraw_at=LATE)
    assert mended.claims() == plain.claims()
    assert mended.outcomes() == plain.outcomes()
    assert standing(mended, right) == standing(plain, right)


@settings(max_examples=80, deadline=None)
@given(steps, doubts)
def test_changes_told_add_up_to_what_stands(show: list[Step], wrongs: list[Doubt]) -> None:
    """Whoever keeps the latest claim of each key has the ledger's; the rest is void."""
    _, wrong, amends = right_and_wrong(show, wrongs)
    books, folded = told(wrong)
    kept: dict[tuple[str, str], Claim] = {}
    counted: dict[str, bool] = {}
    later = [books.revise(step + 1, said, withdraw_at=LATE) for step, said in amends.items()]
    for changes in (*folded, *later):
        for claim in changes.claims:
            assert kept.get(claim.key) != claim
            kept[claim.key] = claim
        counted |= {one.key: True for one in (*changes.made, *changes.returned)}
        counted |= {one.key: False for one in changes.withdrawn}
    stands = {claim.key: claim for claim in books.claims()}
    assert {key: claim for key, claim in kept.items() if key in stands} == stands
    assert all(kept[key].state is ClaimState.VOID for key in kept.keys() - stands.keys())
    assert all(books.captures.counts(key) == counts for key, counts in counted.items())


@settings(max_examples=80, deadline=None)
@given(steps, doubts)
def test_nobody_is_captured_twice_and_nobody_loses_a_capture_unasked(
    show: list[Step], wrongs: list[Doubt]
) -> None:
    _, wrong, amends = right_and_wrong(show, wrongs)
    books, folded = told(wrong)
    made = [one for changes in folded for one in changes.made]
    for step, said in amends.items():
        changes = books.revise(step + 1, said, withdraw_at=None)
        assert changes.withdrawn == ()
        made += changes.made
    assert len({one.key for one in made}) == len(made)
    assert [one.number for one in made] == list(range(1, len(made) + 1))
    assert all(books.captures.counts(one.key) for one in made)


@settings(max_examples=80, deadline=None)
@given(steps, doubts, doubts)
def test_undoing_a_correction_leaves_no_trace(
    show: list[Step], wrongs: list[Doubt], failed: list[Doubt]
) -> None:
    right, wrong, amends = right_and_wrong(show, wrongs)
    _, _, lost = right_and_wrong(show, failed)
    plain, _ = told(wrong)
    shaken, _ = told(wrong)
    for step, said in amends.items():
        state = shaken.checkpoint()
        for other, gone in lost.items():
            shaken.revise(other + 1, msgspec.structs.replace(gone), withdraw_at=LATE)
            shaken.apply(len(right) + 1, gone)
        shaken.restore(state)
        one = plain.revise(step + 1, said, withdraw_at=LATE)
        assert one == shaken.revise(step + 1, said, withdraw_at=LATE)
    assert plain.claims() == shaken.claims()
    assert standing(plain, right) == standing(shaken, right)


@settings(max_examples=60, deadline=None)
@given(steps, doubts)
def test_a_restart_folds_to_the_same(show: list[Step], wrongs: list[Doubt]) -> None:
    _, wrong, amends = right_and_wrong(show, wrongs)
    lived, folded = told(wrong)
    now = list(wrong)
    rows = {one.key: one for changes in folded for one in changes.made}
    for step, said in amends.items():
        now[step] = said
        changes = lived.revise(step + 1, said, withdraw_at=LATE)
        rows |= {one.key: one for one in (*changes.made, *changes.returned, *changes.withdrawn)}
    born = new_books()
    for row in rows.values():
        born.captures.remember(row)
    for place, entry in enumerate(now, 1):
        born.relive(place, entry)
    assert born.claims() == lived.claims()
    assert born.outcomes() == lived.outcomes()
    for step, said in amends.items():
        again = Said(said.message, Doubt(step, Intent.CLAIM, True, None).verdict())
        assert born.revise(step + 1, again, withdraw_at=LATE) == lived.revise(
            step + 1, again, withdraw_at=LATE
        )


@settings(max_examples=50, deadline=None)
@given(steps, doubts)
def test_the_shop_is_never_made_a_buyer(show: list[Step], wrongs: list[Doubt]) -> None:
    right, wrong, amends = right_and_wrong(show, wrongs)
    books, _ = told(wrong)
    for step, said in amends.items():
        shop = msgspec.structs.replace(said.message, role=Role.HOST)
        sure = Doubt(step, Intent.CLAIM, True, None).verdict()
        changes = books.revise(step + 1, Said(shop, sure), withdraw_at=LATE)
        assert changes.made == ()
    assert len(right) == len(wrong)


@settings(max_examples=60, deadline=None)
@given(steps, doubts)
def test_a_verdict_on_a_forgotten_turn_moves_no_line(show: list[Step], wrongs: list[Doubt]) -> None:
    with patch.object(books_module, "MAX_TURNS", 12):
        _, wrong, amends = right_and_wrong(show, wrongs)
        books, _ = told(wrong)
        known = {turn.place for turn in books.turns}
        for step, said in amends.items():
            before = books.claims()
            changes = books.revise(step + 1, said, withdraw_at=LATE)
            if step + 1 < min(known, default=0):
                assert changes.claims == ()
                assert books.claims() == before
        assert len(books.turns) <= 12 + len(amends)

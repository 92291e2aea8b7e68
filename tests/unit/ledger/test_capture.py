"""A buyer is captured once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dealflow.ledger.capture import WINDOW_MS, Captures
from dealflow.model.claim import Capture, ValueRange
from dealflow.model.intent import Intent, Role
from dealflow.model.message import Judged
from tests.fakes.room import Room

UNKNOWN = ValueRange()


def captures() -> Captures:
    return Captures(threshold=0.7)


def capture(book: Captures, judged: Judged) -> Capture | None:
    return book.decide(judged, UNKNOWN)


def test_once_for_each_person_and_lot() -> None:
    room, book = Room(), captures()
    room.show("1")
    first = capture(book, room.judged("amy", Intent.CLAIM))
    again = room.judged("amy", Intent.CHECKOUT)
    assert first is not None
    assert first.number == 1
    assert capture(book, again) is None
    assert book.stands(again)
    assert capture(book, room.judged("bea", Intent.CLAIM)) is not None
    room.show("2")
    third = capture(book, room.judged("amy", Intent.CLAIM))
    assert third is not None
    assert third.number == 3


def test_what_a_capture_says() -> None:
    room, book = Room(), captures()
    room.show("1", "Levi's 501", price=18)
    value = ValueRange(low=36, high=36, currency="USD", basis="lot_price")
    judged = room.judged("amy", Intent.CLAIM, "1", quantity=2)
    made = book.decide(judged, value)
    assert made is not None
    assert (made.message_id, made.username, made.item) == ("m1", "amy", "Levi's 501")
    assert (made.quantity, made.estimated_value, made.lot_key) == (2, 36.0, "c:1")


def test_naming_another_lot_is_another_capture() -> None:
    room, book = Room(), captures()
    room.show("8")
    assert capture(book, room.judged("dawn", Intent.CLAIM)) is not None
    assert capture(book, room.judged("dawn", Intent.CLAIM, "#7")) is not None
    assert capture(book, room.judged("dawn", Intent.CLAIM, "07")) is None
    assert capture(book, room.judged("dawn", Intent.CLAIM, "8")) is None
    assert capture(book, room.judged("dawn", Intent.CLAIM, "that jacket")) is None


def test_a_late_claim_and_a_named_one_are_the_same() -> None:
    room = Room()
    book = Captures(threshold=0.7, find=room.ledger.lot_of)
    room.show("7", "Barn jacket", platform_id="p7")
    seven = room.lot
    room.show("8", "Jeans", platform_id="p8")
    assert capture(book, room.judged("dawn", Intent.CLAIM, on=seven)) is not None
    assert capture(book, room.judged("dawn", Intent.CLAIM, "7")) is None
    assert capture(book, room.judged("dawn", Intent.CLAIM, "the barn jacket")) is None


def test_without_a_lot_once_in_a_while() -> None:
    room, book = Room(), captures()
    start = 1_000_000_000_000 + WINDOW_MS - 5
    assert capture(book, room.judged("amy", Intent.CLAIM, at=start)) is not None
    for later in (1, 10, WINDOW_MS - 1):
        again = room.judged("amy", Intent.CLAIM, at=start + later)
        assert book.stands(again)
        assert capture(book, again) is None
    assert capture(book, room.judged("bea", Intent.CLAIM, at=start + 10)) is not None
    assert capture(book, room.judged("amy", Intent.CLAIM, at=start + WINDOW_MS)) is not None


def test_without_a_lot_a_named_item_is_its_own() -> None:
    room, book = Room(), captures()
    assert capture(book, room.judged("amy", Intent.CLAIM, "A1", at=5)) is not None
    assert capture(book, room.judged("amy", Intent.CLAIM, "A2", at=6)) is not None
    assert capture(book, room.judged("amy", Intent.CLAIM, "a-1", at=10**9)) is None


@pytest.mark.parametrize("role", [Role.HOST, Role.MOD, Role.BOT])
def test_the_shop_is_never_captured(role: Role) -> None:
    room, book = Room(), captures()
    room.show("1")
    judged = room.judged("shop", Intent.CLAIM, role=role)
    assert capture(book, judged) is None
    assert not book.stands(judged)


def test_an_unsure_verdict_captures_nobody() -> None:
    room, book = Room(), captures()
    room.show("1")
    assert capture(book, room.judged("amy", Intent.CLAIM, confidence=0.69)) is None


def test_look_alike_names_are_captured_apart() -> None:
    room, book = Room(), captures()
    room.show("1")
    for name in ("amy", "аmy", "Amy", "a\u200bmy", "amy\x1f", "n:amy"):
        assert capture(book, room.judged(name, Intent.CLAIM)) is not None
    assert capture(book, room.judged("amy", Intent.CLAIM, user_id="1")) is not None
    assert capture(book, room.judged("amy", Intent.CLAIM, user_id="2")) is not None


def test_a_restart_remembers() -> None:
    room, book = Room(), captures()
    made = [capture(book, room.judged("amy", Intent.CLAIM, at=1_000))]
    room.show("1")
    made.append(capture(book, room.judged("amy", Intent.CLAIM, at=2_000)))
    after = captures()
    for one in made:
        assert one is not None
        after.remember(one)
    assert capture(after, room.judged("amy", Intent.CLAIM, at=3_000)) is None
    room.lot = None
    assert capture(after, room.judged("amy", Intent.CLAIM, at=1_000 + WINDOW_MS - 1)) is None
    new = capture(after, room.judged("bea", Intent.CLAIM, at=4_000))
    assert new is not None
    assert new.number == 3


says = st.lists(
    st.tuples(
        st.sampled_from(["amy", "bea", "cat"]),
        st.none() | st.sampled_from(["1", "2"]),
        st.integers(0, 5 * WINDOW_MS),
    ),
    max_size=30,
)


def told(room: Room, saying: tuple[str, str | None, int]) -> Judged:
    user, code, at = saying
    room.lot = None
    if code is not None:
        room.show(code)
    return room.judged(user, Intent.CLAIM, at=at)


@settings(deadline=None)
@given(says)
def test_keys_are_unique_and_numbers_have_no_holes(
    sayings: list[tuple[str, str | None, int]],
) -> None:
    room, book = Room(), captures()
    made = [one for saying in sayings if (one := capture(book, told(room, saying))) is not None]
    assert len({one.key for one in made}) == len(made)
    assert [one.number for one in made] == list(range(1, len(made) + 1))


@settings(deadline=None)
@given(says, says, says)
def test_restoring_equals_never_having_decided(
    before: list[tuple[str, str | None, int]],
    failed: list[tuple[str, str | None, int]],
    after: list[tuple[str, str | None, int]],
) -> None:
    plain, shaken, room = captures(), captures(), Room()
    for saying in before:
        judged = told(room, saying)
        capture(plain, judged)
        capture(shaken, judged)
    state = shaken.checkpoint()
    for saying in failed:
        capture(shaken, told(room, saying))
    shaken.restore(state)
    for saying in after:
        judged = told(room, saying)
        assert capture(plain, judged) == capture(shaken, judged)

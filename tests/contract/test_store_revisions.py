"""What every store must do with verdicts after the first, over every store there is."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from dealflow.errors import InputInvalid
from dealflow.model.intent import Context, Intent, Slots, Utterance, Verdict
from dealflow.model.message import Judged
from dealflow.model.revision import Doubt, Revision, Spent, VerdictSource, standing_version
from dealflow.model.show import Lot, SaleMode
from dealflow.store.base import Show, Store
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics
from tests.fakes.batches import NOW, a_batch, a_message, a_show
from tests.fakes.clock import ManualClock

pytestmark = pytest.mark.asyncio

LATER = NOW + 5_000
MONTH = "2025-11"


@pytest_asyncio.fixture(params=["file", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    path = tmp_path / "dealflow.db" if request.param == "file" else None
    opened = await SqliteStore.open(path, clock=ManualClock(), metrics=Metrics())
    yield opened
    await opened.aclose()


def a_verdict(intent: Intent, model: str = "other-1") -> Verdict:
    confidence = 0.95 if intent.is_buyer else 0.02
    return Verdict(intent=intent, confidence=confidence, scores={}, reason="why", model=model)


def a_revision(
    judged: Judged,
    source: VerdictSource = VerdictSource.SECOND_OPINION,
    intent: Intent = Intent.CLAIM,
    *,
    run: str | None = None,
    prompt: str = "",
    withdrawn: bool = False,
    utterance: Utterance | None = None,
) -> Revision:
    return Revision(
        message_id=judged.message.id,
        verdict=a_verdict(intent),
        source=source,
        at=LATER,
        run=run,
        prompt=prompt,
        withdrawn=withdrawn,
        utterance=utterance,
    )


def a_doubt(show: Show, judged: Judged, at: int = NOW) -> Doubt:
    context = Context(mode=SaleMode.CLAIM, lot=Lot(code="A1"), history=("hi",), lot_age=2.5)
    return Doubt(
        message_id=judged.message.id,
        show_id=show.id,
        utterance=Utterance(text=judged.message.text, context=context),
        verdict=judged.verdict,
        at=at,
        reason="between",
    )


async def test_what_was_known_when_a_message_was_judged_is_kept(store: Store) -> None:
    show = await a_show(store)
    plain = a_message("m0")
    known = Judged(plain.message, plain.verdict, Context(mode=SaleMode.AUCTION, lot_age=1.25))
    await store.append(a_batch(show, [known, a_message("m1")]))
    first, second = await store.messages(show.id)
    assert (first.mode, first.lot_age) == (SaleMode.AUCTION, 1.25)
    assert (second.mode, second.lot_age) == (None, None)


async def test_each_verdict_is_a_version_and_none_is_overwritten(store: Store) -> None:
    show = await a_show(store)
    judged = a_message("m0")
    slots = Slots(item="A1", quantity=2)
    utterance = Utterance(text="mine!", context=Context(history=("before",)))
    second = a_revision(judged, prompt="5f3a")
    full = Revision(
        message_id=judged.message.id,
        verdict=Verdict(
            intent=Intent.CLAIM, confidence=1.0, scores={}, slots=slots, claims=(slots, slots)
        ),
        source=VerdictSource.SELLER,
        at=LATER,
        utterance=utterance,
    )
    again = a_revision(judged, VerdictSource.REANALYSIS, Intent.CHATTER, run="r1")
    await store.append(a_batch(show, [judged], revisions=(second,)))
    await store.append(a_batch(show, revisions=(full, again)))
    versions = await store.verdicts(show.id, judged.message.id)
    assert [one.source for one in versions] == [
        VerdictSource.LOCAL,
        VerdictSource.SECOND_OPINION,
        VerdictSource.SELLER,
        VerdictSource.REANALYSIS,
    ]
    assert versions[0].verdict == judged.verdict
    assert versions[1:] == [second, full, again]
    assert await store.verdicts(show.id, "nothing") == []


async def test_the_verdict_that_stands_is_shown_with_the_first_beside_it(store: Store) -> None:
    show = await a_show(store)
    judged, other = a_message("m0"), a_message("m1")
    await store.append(a_batch(show, [judged, other]))
    await store.append(a_batch(show, revisions=(a_revision(judged),)))
    revised, untouched = await store.messages(show.id)
    assert (revised.intent, revised.confidence, revised.model) == (Intent.CLAIM, 0.95, "other-1")
    assert (revised.source, revised.version) == (VerdictSource.SECOND_OPINION, 2)
    assert revised.first == judged.verdict
    assert (untouched.source, untouched.version, untouched.first) == (
        VerdictSource.LOCAL,
        1,
        None,
    )
    assert untouched.verdict == other.verdict
    assert await store.message(show.id, judged.message.id) == revised
    assert await store.message(show.id, "nothing") is None
    assert await store.message("nothing", judged.message.id) is None


WORDS = (
    (VerdictSource.SECOND_OPINION, False),
    (VerdictSource.SELLER, False),
    (VerdictSource.SELLER, True),
    (VerdictSource.REANALYSIS, False),
)


async def test_in_any_order_the_same_rule_says_what_stands(store: Store) -> None:
    show = await a_show(store)
    for number, words in enumerate(itertools.permutations(WORDS)):
        judged = a_message(f"m{number}")
        revisions = [
            a_revision(judged, source, withdrawn=withdrawn, prompt=str(place))
            for place, (source, withdrawn) in enumerate(words)
        ]
        await store.append(a_batch(show, [judged]))
        for count, revision in enumerate(revisions, start=1):
            await store.append(a_batch(show, revisions=(revision,)))
            stored = await store.message(show.id, judged.message.id)
            assert stored is not None
            verdicts = [a_revision(judged, VerdictSource.LOCAL), *revisions[:count]]
            assert stored.version == standing_version(verdicts)
            assert stored.source == verdicts[stored.version - 1].source


async def test_two_words_of_one_source_in_one_batch_are_two_versions(store: Store) -> None:
    show = await a_show(store)
    judged = a_message("m0")
    words = tuple(
        a_revision(judged, VerdictSource.SELLER, one) for one in (Intent.BID, Intent.SPAM)
    )
    await store.append(a_batch(show, [judged], revisions=words))
    (stored,) = await store.messages(show.id)
    assert (stored.intent, stored.version) == (Intent.SPAM, 3)


async def test_messages_are_filtered_by_what_stands_and_by_the_first_if_asked(
    store: Store,
) -> None:
    show = await a_show(store)
    gained, lost = a_message("gained"), a_message("lost", intent=Intent.CLAIM)
    await store.append(a_batch(show, [gained, lost, a_message("plain")]))
    revisions = (
        a_revision(gained, intent=Intent.CLAIM),
        a_revision(lost, VerdictSource.SELLER, Intent.CHATTER),
    )
    await store.append(a_batch(show, revisions=revisions))

    async def keys(first_too: bool) -> list[str]:
        found = await store.messages(show.id, intents=(Intent.CLAIM,), first_too=first_too)
        return [stored.message.key for stored in found]

    assert await keys(False) == ["gained"]
    assert await keys(True) == ["gained", "lost"]


async def test_a_revision_of_no_message_leaves_no_trace(store: Store) -> None:
    show, other = await a_show(store), await a_show(store, "other")
    here, there = a_message("m0"), a_message("m0")
    await store.append(a_batch(show, [here]))
    await store.append(a_batch(other, [there]))
    with pytest.raises(InputInvalid):
        await store.append(a_batch(show, revisions=(a_revision(here), a_revision(there))))
    (stored,) = await store.messages(show.id)
    assert stored.version == 1


async def test_a_doubt_waits_until_a_second_opinion_is_stored(store: Store) -> None:
    show, other = await a_show(store), await a_show(store, "other")
    one, two, three = a_message("m0"), a_message("m1"), a_message("m2")
    doubts = (a_doubt(show, one, NOW + 2), a_doubt(show, two, NOW))
    elsewhere = a_doubt(other, three, NOW + 1)
    await store.append(a_batch(show, [one, two], doubts=doubts))
    await store.append(a_batch(other, [three], doubts=(elsewhere,)))
    assert await store.doubts() == [doubts[1], elsewhere, doubts[0]]
    assert await store.doubts(show.id) == [doubts[1], doubts[0]]
    assert await store.doubts(since_ms=NOW + 1, limit=1) == [elsewhere]
    await store.append(a_batch(show, revisions=(a_revision(two, VerdictSource.REANALYSIS),)))
    assert len(await store.doubts(show.id)) == 2
    await store.append(a_batch(show, revisions=(a_revision(two),)))
    assert await store.doubts(show.id) == [doubts[0]]
    await store.append(a_batch(show, revisions=(a_revision(one, VerdictSource.SELLER),)))
    assert await store.doubts() == [elsewhere]
    await store.give_up([three.message.id, "nothing"], reason="too old", now_ms=LATER)
    assert await store.doubts() == []


async def test_a_batch_that_fails_notes_no_doubt(store: Store) -> None:
    show = await a_show(store)
    judged = a_message("m0")
    with pytest.raises(InputInvalid):
        await store.append(
            a_batch(
                show,
                [judged],
                doubts=(a_doubt(show, judged),),
                revisions=(a_revision(a_message("absent")),),
            )
        )
    assert await store.doubts() == []


async def test_what_is_spent_adds_up_by_month_and_show(store: Store) -> None:
    show, other = await a_show(store), await a_show(store, "other")
    assert await store.spent(MONTH) == Spent()
    for one in (show, show, other):
        await store.spend(one.id, month=MONTH, calls=1, tokens_in=100, tokens_out=10, money=0.25)
    await store.spend(show.id, month="2025-12", calls=9, tokens_in=0, tokens_out=0, money=0.0)
    assert await store.spent(MONTH) == Spent(calls=3, tokens_in=300, tokens_out=30, money=0.75)
    assert await store.spent(MONTH, show.id) == Spent(
        calls=2, tokens_in=200, tokens_out=20, money=0.5
    )
    with pytest.raises(InputInvalid):
        await store.spend("nothing", month=MONTH, calls=1, tokens_in=0, tokens_out=0, money=0.0)

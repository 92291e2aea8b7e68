"""What every store must do with verdicts after the first, over every store there is."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from dealflow.errors import InputInvalid
from dealflow.model.claim import ValueRange
from dealflow.model.intent import Context, Intent, Slots, Utterance, Verdict
from dealflow.model.message import Judged
from dealflow.model.revision import Doubt, Revision, Spent, VerdictSource, standing_version
from dealflow.model.run import Run
from dealflow.model.show import Lot, SaleMode
from dealflow.store.base import Counters, Show, Store
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics
from tests.fakes.batches import NOW, a_batch, a_capture, a_message, a_show
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


async def test_a_capture_is_taken_back_and_returned_and_the_totals_follow(store: Store) -> None:
    show = await a_show(store)
    kept, gone = a_capture(1), a_capture(2, value=ValueRange())
    await store.append(a_batch(show, captures=(kept, gone), counters=Counters(buyers=2)))

    async def totals() -> tuple[int, float, int]:
        after = await store.show(show.id)
        assert after is not None
        return (
            after.total_sales_caught,
            after.total_revenue_recovered,
            after.counters.buyers,
        )

    assert await totals() == (2, 12.5, 2)
    withdrawal = a_batch(show, withdrawn=(kept.key, "nothing"), counters=Counters(buyers=-1))
    await store.append(withdrawal)
    assert await totals() == (1, 0.0, 1)
    assert await store.captures(show.id) == [gone]
    every = await store.captures(show.id, withdrawn=True)
    assert [(one.key, one.withdrawn_at) for one in every] == [(kept.key, NOW), (gone.key, None)]
    await store.append(a_batch(show, withdrawn=(kept.key,)))  # told twice
    assert await totals() == (1, 0.0, 1)
    await store.append(a_batch(show, returned=(kept.key, gone.key), counters=Counters(buyers=1)))
    assert await totals() == (2, 12.5, 2)
    assert await store.captures(show.id) == [kept, gone]


async def test_a_show_keeps_its_threshold_until_another_is_set(store: Store) -> None:
    async def opened(threshold: float | None) -> Show:
        return await store.open_show(
            session_id="mine", platform="push", url="", now_ms=NOW, threshold=threshold
        )

    assert (await opened(None)).capture_threshold(0.7) == 0.7
    assert (await opened(0.0)).capture_threshold(0.7) == 0.0
    assert (await opened(None)).threshold == 0.0
    assert (await opened(0.9)).threshold == 0.9


async def test_an_authors_earlier_words_are_found(store: Store) -> None:
    show, other = await a_show(store), await a_show(store, "other")
    said = [
        a_message("m0", text="one"),
        a_message("m1", text="elsewhere", username="bo"),
        a_message("m2", text="another alice", user_id="7"),
        a_message("m3", text="two"),
        a_message("m4", text="three"),
        a_message("m5", text="later"),
    ]
    await store.append(a_batch(other, [a_message("m0", text="in another show")]))
    await store.append(a_batch(show, said))
    alice, seventh = said[4].message, said[2].message
    assert await store.said_before(show.id, alice, seq=5, limit=5) == ["one", "two"]
    assert await store.said_before(show.id, alice, seq=5, limit=1) == ["two"]
    assert await store.said_before(show.id, seventh, seq=9, limit=5) == ["another alice"]


async def test_corrections_are_those_that_stand(store: Store) -> None:
    show, other = await a_show(store), await a_show(store, "other")
    one, two, three = a_message("m0"), a_message("m1"), a_message("m2")
    utterance = Utterance(text="mine!", context=Context(history=("before",), lot_age=1.5))
    await store.append(a_batch(show, [one, two]))
    await store.append(a_batch(other, [three]))
    seller = VerdictSource.SELLER
    await store.append(
        a_batch(
            show,
            revisions=(
                a_revision(one, seller, Intent.SPAM),
                a_revision(one, seller, Intent.BID, utterance=utterance),
                a_revision(two, seller, Intent.CLAIM),
                a_revision(two, seller, Intent.CHATTER, withdrawn=True),
            ),
        )
    )
    await store.append(a_batch(other, revisions=(a_revision(three, seller, Intent.CHATTER),)))
    assert [found.message_id for found in await store.corrections()] == [
        one.message.id,
        three.message.id,
    ]
    [found] = await store.corrections(show.id)
    assert (found.session_id, found.verdict.intent) == ("test-session", Intent.BID)
    assert found.utterance == utterance
    assert found.at == LATER


async def test_a_run_goes_on_until_a_fresh_one_is_asked_for(store: Store) -> None:
    show = await a_show(store)
    messages = [a_message(f"m{n}") for n in range(5)]
    await store.append(a_batch(show, messages))

    async def opened(again: bool = False, **other: Any) -> Run:
        wanted: dict[str, Any] = {"model": "other-1", "threshold": 0.7, "now_ms": NOW} | other
        return await store.open_run(show.id, again=again, **wanted)

    run = await opened()
    assert (run.judged, run.place, run.finished_at, run.started_at) == (0, 0, None, NOW)
    done = tuple(a_revision(one, VerdictSource.REANALYSIS, run=run.id) for one in messages[1:4])
    await store.append(a_batch(show, revisions=done))
    went_on = await opened()
    assert (went_on.id, went_on.judged, went_on.place) == (run.id, 3, 4)
    verdicts = await store.run_verdicts(run.id, after=1, upto=3)
    assert set(verdicts) == {messages[1].message.id, messages[2].message.id}
    assert all(verdict.model == "other-1" for verdict in verdicts.values())
    await store.finish_run(run.id, now_ms=LATER)
    other = await opened(threshold=0.8)
    fresh = await opened(again=True)
    assert len({run.id, other.id, fresh.id}) == 3
    assert [one.id for one in await store.runs(show.id)] == [fresh.id, other.id, run.id]
    assert (await store.runs(show.id))[-1].finished_at == LATER
    assert (await opened()).id == fresh.id
    with pytest.raises(InputInvalid):
        await store.open_run("nothing", model="m", threshold=0.5, now_ms=NOW)


async def test_hostile_words_in_a_verdict_are_stored_as_they_are(store: Store) -> None:
    show = await a_show(store)
    judged = a_message("m0")
    reason = "nul\x00 \u202e 👍 '); DROP TABLE verdicts; --"
    verdict = Verdict(intent=Intent.CLAIM, confidence=0.9, scores={}, reason=reason, model="m")
    one = Revision(
        message_id=judged.message.id,
        verdict=verdict,
        source=VerdictSource.SECOND_OPINION,
        at=LATER,
    )
    await store.append(a_batch(show, [judged], revisions=(one,)))
    [stored] = await store.messages(show.id)
    assert stored.reason == reason
    bad = msgspec.structs.replace(one, verdict=msgspec.structs.replace(verdict, reason="\ud800"))
    with pytest.raises(InputInvalid):
        await store.append(a_batch(show, revisions=(bad,)))
    [stored] = await store.messages(show.id)
    assert stored.version == 2

"""One show's pipeline over a real store: order, receipts, failures and restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dealflow.bus.memory import MemoryBus
from dealflow.clock import SystemClock
from dealflow.errors import DiskFull, DuplicateMessages, InputInvalid, Overloaded, Stopping
from dealflow.model.events import (
    BuyerDetected,
    ClaimUpdated,
    Event,
    NewMessage,
    SourceStateChanged,
    decode,
)
from dealflow.model.facts import ChatSeen, LotShown
from dealflow.model.show import Lot
from dealflow.pipeline.queue import CAPACITY
from dealflow.pipeline.restore import restore
from dealflow.pipeline.runner import ShowRunner
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics
from tests.fakes.classifier import WordClassifier
from tests.fakes.flaky_store import FlakyStore

SHIRT = Lot(code="1", title="Shirt", price=20.0, currency="USD")


class World:
    """A store, a bus and the runner of one show between them."""

    def __init__(self, store: FlakyStore, bus: MemoryBus, runner: ShowRunner) -> None:
        self.store = store
        self.bus = bus
        self.runner = runner
        self.listening = bus.subscribe("test", 10_000)

    async def events(self, kind: type[Event]) -> list[Event]:
        frames = await self.store.frames(self.runner.show.id, after=0, limit=10_000)
        return [event for event in map(decode, (one.data for one in frames)) if type(event) is kind]


@asynccontextmanager
async def world(path: Path, *, running: bool = True) -> AsyncIterator[World]:
    clock, metrics, bus = SystemClock(), Metrics(), MemoryBus()
    real = await SqliteStore.open(path / "show.db", clock=clock, metrics=metrics)
    store = FlakyStore(real)
    show = await store.open_show(session_id="s", platform="test", url="", now_ms=clock.now_ms())
    intake, record, resumed_at = await restore(store, show, 0.7)
    runner = ShowRunner(
        intake=intake,
        record=record,
        store=store,
        bus=bus,
        classifier=WordClassifier(),
        clock=clock,
        metrics=metrics,
        resumed_at=resumed_at,
    )
    try:
        async with asyncio.TaskGroup() as tasks:
            if running:
                tasks.create_task(runner.run())
            yield World(store, bus, runner)
            runner.close()
    finally:
        await real.aclose()


def chat(text: str, user: str = "amy", *, id: str | None = None, at: int = 1_000) -> ChatSeen:
    return ChatSeen(username=user, text=text, at=at, platform_id=id)


@pytest.mark.asyncio
async def test_a_claim_becomes_a_message_a_claim_and_a_buyer_in_that_order(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.runner.submit([LotShown(lot=SHIRT, at=0)])
        [outcome] = await here.runner.push([chat("mine!")])
        assert outcome.status == "stored"
        assert outcome.captured
        frames = await here.store.frames(here.runner.show.id, after=0, limit=100)
        assert [frame.kind for frame in frames][:4] == [
            "lot_changed",
            "new_message",
            "claim_updated",
            "buyer_detected",
        ]
        assert [frame.seq for frame in frames] == list(range(1, len(frames) + 1))
        [buyer] = await here.events(BuyerDetected)
        assert isinstance(buyer, BuyerDetected)
        assert buyer.buyer.estimated_value == 20.0
        assert buyer.buyer.buyer_number == 1


@pytest.mark.asyncio
async def test_what_is_published_is_what_is_stored(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.runner.push([chat("hi"), chat("mine")])
        published = [frame for batch in await here.listening.next() or [] for frame in batch.frames]
        stored = await here.store.frames(here.runner.show.id, after=0, limit=100)
        assert published == stored[: len(published)]
        assert published


@pytest.mark.asyncio
async def test_each_push_gets_its_own_answers_in_order(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.runner.push([chat("hi", id="1")])
        answers = await here.runner.push([chat("hi", id="1"), chat(""), chat("mine", id="2")])
        assert [answer.status for answer in answers] == ["duplicate", "empty", "stored"]
        assert [answer.captured for answer in answers] == [False, False, True]


@pytest.mark.asyncio
async def test_a_full_disk_refuses_pushers_and_keeps_what_a_source_read(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.store.errors.extend([DiskFull("full"), DiskFull("full")])
        reading = here.runner.submit([chat("read", "bo", id="9")])
        pushing = asyncio.create_task(here.runner.push([chat("pushed")]))
        await reading
        with pytest.raises(DiskFull):
            await pushing
        await _until(lambda: here.runner.failing is None and here.store.appends)
        assert [judged.message.text for judged in here.store.appends[0].messages] == ["read"]
        [again] = await here.runner.push([chat("pushed")])
        assert again.status == "stored"


@pytest.mark.asyncio
async def test_a_message_that_the_store_knows_is_a_duplicate_and_claims_nothing(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        here.store.errors.append(DuplicateMessages({"i:1"}))
        await here.runner.submit([LotShown(lot=SHIRT, at=0)])
        answers = await here.runner.push([chat("mine", id="1"), chat("mine", "bo", id="2")])
        assert [answer.status for answer in answers] == ["duplicate", "stored"]
        claims = await here.events(ClaimUpdated)
        assert [claim.claim.username for claim in claims if isinstance(claim, ClaimUpdated)] == [
            "bo"
        ]


@pytest.mark.asyncio
async def test_a_row_that_cannot_be_stored_takes_no_neighbour_along(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.store.poison, here.store.poison_error = "bad", InputInvalid("this row")
        texts = ["a", "b", "bad", "c", "d"]
        answers = await here.runner.push([chat(text, id=text) for text in texts])
        assert [answer.status for answer in answers] == [
            "stored", "stored", "malformed", "stored", "stored",
        ]  # fmt: skip
        stored = await here.events(NewMessage)
        assert [one.message.message for one in stored if isinstance(one, NewMessage)] == [
            "a", "b", "c", "d",
        ]  # fmt: skip
        show = await here.store.show(here.runner.show.id)
        counters = show.counters
        assert (counters.read, counters.stored, counters.dropped) == (5, 4, {"malformed": 1})


@pytest.mark.asyncio
async def test_a_full_queue_is_spoken_of(tmp_path: Path) -> None:
    async with world(tmp_path, running=False) as here:
        await here.runner.submit([chat("x")] * CAPACITY)
        with pytest.raises(Overloaded):
            await here.runner.push([chat("one more")])
        here.runner.abandon()


@pytest.mark.asyncio
async def test_pushers_that_wait_are_told_when_the_show_is_abandoned(tmp_path: Path) -> None:
    async with world(tmp_path, running=False) as here:
        pushing = asyncio.create_task(here.runner.push([chat("hi")]))
        await asyncio.sleep(0)
        here.runner.abandon()
        with pytest.raises(Stopping):
            await pushing


@pytest.mark.asyncio
async def test_after_a_restart_nothing_is_doubled_and_the_gap_is_recorded(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.runner.submit([LotShown(lot=SHIRT, at=0)])
        await here.runner.push([chat("mine", id="1", at=5_000)])
    async with world(tmp_path) as here:
        answers = await here.runner.push(
            [chat("mine", id="1", at=9_000), chat("mine again", id="2", at=9_000)]
        )
        assert [answer.status for answer in answers] == ["duplicate", "stored"]
        assert answers[1].captured  # she stands captured for this lot since before the restart
        assert len(await here.events(BuyerDetected)) == 1
        gaps = await here.store.gaps(here.runner.show.id)
        assert [(gap.start, gap.end, gap.reason) for gap in gaps] == [(5_000, 9_000, "not running")]
        states = await here.events(SourceStateChanged)
        assert [
            state.gap is not None for state in states if isinstance(state, SourceStateChanged)
        ] == [True]


@pytest.mark.asyncio
async def test_a_backlog_that_overlaps_proves_that_nothing_was_missed(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.runner.push([chat("hi", id="1", at=5_000)])
    async with world(tmp_path) as here:
        backlog = [
            ChatSeen(username="amy", text="hi", at=9_000, platform_id="1", backlog=True),
            ChatSeen(username="bo", text="new", at=9_000, platform_id="2", backlog=True),
        ]
        answers = await here.runner.push(backlog)
        assert [answer.status for answer in answers] == ["duplicate", "stored"]
        assert await here.store.gaps(here.runner.show.id) == []


async def _until(met: Callable[[], object], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not met():
            await asyncio.sleep(0.01)

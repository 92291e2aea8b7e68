"""A stored show is judged again, in its context as it was then, beside what stands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dealflow.bus.memory import MemoryBus
from dealflow.clock import SystemClock
from dealflow.errors import InputInvalid, ShowUnknown
from dealflow.intents.base import Classifier
from dealflow.model.facts import ChatSeen, Fact, LotShown, SaleSeen
from dealflow.model.intent import Intent, Utterance, Verdict
from dealflow.model.revision import VerdictSource
from dealflow.model.run import Run
from dealflow.model.show import Lot, Sale, SaleMode
from dealflow.pipeline.base import Report, RunState, RunStatus, StartRequest
from dealflow.pipeline.monitor import ShowMonitor
from dealflow.pipeline.reanalysis import STRETCH, Reanalysis
from dealflow.settings import Settings
from dealflow.sources.registry import Platforms
from dealflow.store.base import Show, Store
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics
from tests.fakes.classifier import WordClassifier
from tests.fakes.platform import HOST, QueuePlatform

pytestmark = pytest.mark.asyncio

SHIRT = Lot(code="1", title="Shirt", price=20.0, currency="USD", mode=SaleMode.FIXED)
CLOCK = SystemClock()


class KeenClassifier(WordClassifier):
    """Sees a buyer in "want" too and none in "mine again"; remembers what it was asked."""

    name = "keen-1"

    def __init__(self) -> None:
        self.asked: list[Utterance] = []

    def judge(self, batch: Sequence[Utterance]) -> list[Verdict]:
        self.asked += batch
        return [self._judge_one(one) for one in batch]

    def _judge_one(self, one: Utterance) -> Verdict:
        if "want" in one.text:
            return Verdict(intent=Intent.CLAIM, confidence=0.8, scores={}, model=self.name)
        if one.text == "mine again":
            return Verdict(intent=Intent.CHATTER, confidence=0.1, scores={}, model=self.name)
        [verdict] = WordClassifier().judge([one])
        return verdict


class World:
    """A store with one show in it, and a monitor that is not reading it."""

    def __init__(self, store: Store, monitor: ShowMonitor, platform: QueuePlatform) -> None:
        self.store = store
        self.monitor = monitor
        self.platform = platform

    async def fill(self, *facts: Fact) -> Show:
        """Let a show be read that ends after these facts."""
        queue = self.platform.show("s")
        await self.monitor.start(StartRequest(url=f"{HOST}s", session_id="s"))
        queue.put_nowait(list(facts))
        queue.put_nowait(None)
        async with asyncio.timeout(10):
            while self.monitor.active:
                await asyncio.sleep(0.01)
        return await self.show()

    async def show(self) -> Show:
        show = await self.store.show_of("s")
        assert show is not None
        return show

    async def walk(
        self,
        classifier: Classifier,
        *,
        threshold: float = 0.7,
        again: bool = False,
        stop: asyncio.Event | None = None,
        progress: list[tuple[int, int]] | None = None,
    ) -> tuple[Run, Report | None]:
        show = await self.show()
        run = await self.store.open_run(
            show.id, model=classifier.name, threshold=threshold, now_ms=1, again=again
        )
        walk = Reanalysis(
            show, run, store=self.store, classifier=classifier, clock=CLOCK, usual=0.7
        )
        told = [] if progress is None else progress
        report = await walk.work(
            stop or asyncio.Event(), lambda done, total: told.append((done, total))
        )
        return run, report

    async def finished(self) -> RunState:
        async with asyncio.timeout(10):
            while True:
                state = await self.monitor.reanalysis("s")
                assert state is not None
                if state.status is not RunStatus.RUNNING:
                    return state
                await asyncio.sleep(0.01)


def makes(name: str | None) -> Classifier:
    if name not in (None, "keen-1"):
        raise InputInvalid(f"There is no classifier {name!r}.")
    return KeenClassifier()


@asynccontextmanager
async def world(path: Path) -> AsyncIterator[World]:
    metrics, platform = Metrics(), QueuePlatform()
    store = await SqliteStore.open(path / "shows.db", clock=CLOCK, metrics=metrics)
    try:
        async with ShowMonitor(
            settings=Settings(),
            platforms=Platforms([platform]),
            store=store,
            bus=MemoryBus(),
            classifier=WordClassifier(),
            clock=CLOCK,
            metrics=metrics,
            classifiers=makes,
        ) as monitor:
            yield World(store, monitor, platform)
    finally:
        await store.aclose()


def chat(user: str, text: str, at: int) -> ChatSeen:
    return ChatSeen(username=user, text=text, at=at, platform_id=f"p{at}")


def a_show() -> list[Fact]:
    sale = Sale(lot="1", username="amy", price=18.0, currency="USD", timestamp="t")
    return [
        chat("amy", "hello", 500),
        LotShown(lot=SHIRT, at=1_000),
        chat("amy", "mine", 2_000),
        chat("bo", "I want it", 3_000),
        chat("cat", "mine again", 4_000),
        SaleSeen(sale=sale, at=5_000),
        chat("dan", "nice", 6_000),
    ]


async def test_gained_lost_and_same_and_nothing_that_stands_changes(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        before = await here.fill(*a_show())
        claims = await here.store.claims(before.id)
        messages = await here.store.messages(before.id)
        _, report = await here.walk(KeenClassifier())
        assert report is not None
        assert [capture.username for capture in report.gained] == ["bo"]
        assert [capture.username for capture in report.lost] == ["cat"]
        assert [capture.username for capture in report.same] == ["amy"]
        assert (report.messages, report.changed, report.turned) == (5, 2, 2)
        assert report.gained[0].estimated_value == 20.0
        assert report.run.finished_at is not None
        assert await here.show() == before
        assert await here.store.claims(before.id) == claims
        assert await here.store.messages(before.id) == messages
        verdicts = await here.store.verdicts(before.id, messages[2].message.id)
        assert [(one.source, one.run) for one in verdicts] == [
            (VerdictSource.LOCAL, None),
            (VerdictSource.REANALYSIS, report.run.id),
        ]


async def test_the_same_classifier_finds_the_same(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.fill(*a_show())
        _, report = await here.walk(WordClassifier())
        assert report is not None
        assert (report.gained, report.lost, report.changed) == ((), (), 0)
        assert [capture.username for capture in report.same] == ["amy", "cat"]


async def test_each_message_is_judged_in_its_context_as_it_was(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.fill(*a_show())
        keen = KeenClassifier()
        await here.walk(keen)
        asked = {one.text: one.context for one in keen.asked}
        assert asked["mine"].history == ("hello",)
        assert asked["mine"].lot == SHIRT
        assert asked["mine"].mode is SaleMode.FIXED
        assert asked["mine"].lot_age == 1.0
        assert asked["hello"].lot is None
        assert asked["nice"].history == ()
        assert asked["nice"].room.others[-1] == "mine again"


async def test_a_run_goes_on_where_it_stopped_with_the_history_that_it_had(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        count = 3 * STRETCH + 7
        texts = ["want one" if n % 50 == 0 else f"hm {n}" for n in range(count)]
        await here.fill(
            LotShown(lot=SHIRT, at=0),
            *(chat(f"u{n % 5}", text, n + 1) for n, text in enumerate(texts)),
        )
        stop, first = asyncio.Event(), KeenClassifier()
        show = await here.show()
        run = await here.store.open_run(show.id, model=first.name, threshold=0.7, now_ms=1)
        walk = Reanalysis(show, run, store=here.store, classifier=first, clock=CLOCK, usual=0.7)
        assert await walk.work(stop, lambda done, total: stop.set()) is None
        assert len(first.asked) == STRETCH
        [left] = await here.store.runs(show.id)
        assert (left.judged, left.finished_at) == (STRETCH, None)
        second, told = KeenClassifier(), list[tuple[int, int]]()
        again, report = await here.walk(second, progress=told)
        assert again.id == run.id
        assert len(second.asked) == count - STRETCH
        assert (
            second.asked[0].context.history
            == tuple(texts[n] for n in range(STRETCH) if n % 5 == STRETCH % 5)[-5:]
        )
        assert told[-1] == (count, count)
        assert report is not None
        whole, fresh = KeenClassifier(), await here.walk(KeenClassifier(), again=True)
        assert fresh[0].id != run.id
        assert fresh[1] is not None
        assert [one.username for one in fresh[1].gained] == [one.username for one in report.gained]
        _, once_more = await here.walk(whole)
        assert whole.asked == []  # everything is stored; only the comparison is made again
        assert once_more is not None
        assert once_more.gained == fresh[1].gained


async def test_another_threshold_is_another_run(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.fill(*a_show())
        run, report = await here.walk(KeenClassifier(), threshold=0.9)
        other, _ = await here.walk(KeenClassifier())
        assert run.id != other.id
        assert report is not None
        assert [capture.username for capture in report.gained] == []
        assert [capture.username for capture in report.same] == ["amy"]


async def test_it_runs_beside_the_reading_and_is_asked_for_by_name(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.fill(*a_show())
        assert await here.monitor.reanalysis("s") is None
        with pytest.raises(InputInvalid):
            await here.monitor.reanalyse("s", model="nothing")
        with pytest.raises(ShowUnknown):
            await here.monitor.reanalyse("nothing")
        state = await here.monitor.reanalyse("s")
        assert state.run.model == "keen-1"
        done = await here.finished()
        assert done.status is RunStatus.FINISHED
        assert done.report is not None
        assert [capture.username for capture in done.report.gained] == ["bo"]
        assert (done.done, done.total) == (5, 5)
    async with world(tmp_path) as here:
        after = await here.monitor.reanalysis("s")
        assert after is not None
        assert (after.status, after.report, after.done) == (RunStatus.FINISHED, None, 5)
        await here.monitor.reanalyse("s")
        assert (await here.finished()).report is not None

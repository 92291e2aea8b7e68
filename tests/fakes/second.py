"""Everything between a push and a second opinion, over a real store and a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from dealflow.bus.memory import MemoryBus
from dealflow.clock import Clock, SystemClock, iso
from dealflow.intents.llm.openai import OpenAIOpinion
from dealflow.model.events import decode
from dealflow.model.facts import LotShown
from dealflow.model.intent import Intent, Utterance, Verdict
from dealflow.model.revision import Doubt, Spent
from dealflow.model.show import Lot
from dealflow.pipeline.base import Outcome, PushedMessage
from dealflow.pipeline.monitor import ShowMonitor
from dealflow.pipeline.second.breaker import PAUSE_SECONDS, Circuit
from dealflow.pipeline.second.loop import SecondReader
from dealflow.settings import LlmSettings, Settings
from dealflow.sources.registry import Platforms
from dealflow.store.base import Show, Store
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics
from tests.fakes.clock import ManualClock
from tests.fakes.endpoint import Endpoint

SESSION = "s"
SHIRT = Lot(code="A1", title="Shirt", price=20.0, currency="USD", stock=3)


class UnsureClassifier:
    """Doubts by the first word: "hmm" 0.5, "hm" 0.4, "well" 0.72 (a buyer); "mine" is sure."""

    name = "unsure-1"
    sure = {"mine": (Intent.CLAIM, 0.95), "well": (Intent.CLAIM, 0.72)}
    unsure = {"hmm": 0.5, "hm": 0.4}

    async def judge_live(self, batch: Sequence[Utterance]) -> list[Verdict]:
        return self.judge(batch)

    def judge(self, batch: Sequence[Utterance]) -> list[Verdict]:
        return [self._judge(one.text.split(" ")[0]) for one in batch]

    def _judge(self, word: str) -> Verdict:
        intent, confidence = self.sure.get(word, (Intent.CHATTER, self.unsure.get(word, 0.02)))
        return Verdict(
            intent=intent, confidence=confidence, scores={}, reason="a word", model=self.name
        )


class Shop:
    """One pushed show and whoever is asked about it."""

    def __init__(
        self,
        store: Store,
        monitor: ShowMonitor,
        reader: SecondReader,
        endpoint: Endpoint,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self.store = store
        self.monitor = monitor
        self.reader = reader
        self.endpoint = endpoint
        self.clock = clock
        self.metrics = metrics

    async def say(self, *lines: tuple[str, str], **more: Any) -> list[Outcome]:
        """Push lines, each a name and a text."""
        return await self.monitor.push(
            SESSION, [PushedMessage(username=name, text=text, **more) for name, text in lines]
        )

    async def put_on_screen(self, lot: Lot) -> None:
        """Open the show, and show a lot in it as a source would."""
        await self.say(("opener", "hello"))
        runner = self.monitor._active[SESSION].runner
        await runner.submit([LotShown(lot=lot, at=self.clock.now_ms())])

    async def show(self) -> Show:
        show = await self.store.show_of(SESSION)
        assert show is not None
        return show

    async def labels(self) -> dict[str, tuple[str, float, str]]:
        """Return intent, confidence and source that stand, by text."""
        stored = await self.store.messages((await self.show()).id, limit=10_000)
        return {one.message.text: (one.intent, one.confidence, one.source) for one in stored}

    async def buyers(self) -> list[str]:
        captures = await self.store.captures((await self.show()).id, limit=10_000)
        return [capture.username for capture in captures]

    async def doubts(self) -> list[Doubt]:
        return await self.store.doubts(limit=10_000)

    async def spent(self, show_id: str | None = None) -> Spent:
        return await self.store.spent(iso(self.clock.now_ms())[:7], show_id)

    async def kinds(self) -> list[str]:
        frames = await self.store.frames((await self.show()).id, after=0, limit=10_000)
        return [type(decode(frame.data)).__name__ for frame in frames]

    async def until(self, met: Callable[[], object], seconds: float = 8.0) -> None:
        """Wait for a condition; a manual clock runs meanwhile."""
        async with asyncio.timeout(seconds):
            while not met():
                await self.pass_time()

    async def settled(self, left: int = 0, seconds: float = 8.0) -> None:
        """Wait until no more than so many doubts are left."""
        async with asyncio.timeout(seconds):
            while len(await self.doubts()) > left:
                await self.pass_time()

    async def pass_time(self) -> None:
        """Wait a moment; while a call is under way, a manual clock keeps near to real time."""
        await asyncio.sleep(0.01)
        if not isinstance(self.clock, ManualClock):
            return
        if self.reader._under_way:
            await self.clock.advance(0.05)
        else:
            is_open = self.reader._breaker.circuit is Circuit.OPEN
            await self.clock.advance(PAUSE_SECONDS if is_open else 1.0)


@asynccontextmanager
async def open_shop(
    path: Path | None, endpoint: Endpoint, *, clock: Clock | None = None, **llm: Any
) -> AsyncIterator[Shop]:
    clock, metrics = clock or SystemClock(), Metrics()
    known: dict[str, Any] = {
        "base_url": endpoint.url,
        "model": "m",
        "window_seconds": 0.0,
        "calls_per_minute": 900,
    }
    settings = LlmSettings(**(known | {"tokens_per_minute": 10**9} | llm))
    store = await SqliteStore.open(
        None if path is None else path / "shop.db", clock=clock, metrics=metrics
    )
    opinion = OpenAIOpinion(settings, clock=clock)
    reader = SecondReader(
        settings, threshold=0.7, opinion=opinion, store=store, clock=clock, metrics=metrics
    )
    try:
        async with (
            ShowMonitor(
                settings=Settings(),
                platforms=Platforms([]),
                store=store,
                bus=MemoryBus(),
                classifier=UnsureClassifier(),
                clock=clock,
                metrics=metrics,
                doubter=reader,
            ) as monitor,
            reader.reading(monitor.reconsider),
        ):
            yield Shop(store, monitor, reader, endpoint, clock, metrics)
    finally:
        await opinion.aclose()
        await store.aclose()

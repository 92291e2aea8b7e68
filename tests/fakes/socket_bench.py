"""Whatnot's sockets read from a platform on loopback, and everything that was told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from dealflow.clock import Clock, SystemClock
from dealflow.errors import DealflowError
from dealflow.model.facts import ChatSeen, Fact
from dealflow.settings import Settings, WhatnotSettings
from dealflow.sources.base import Emit, Transport
from dealflow.sources.egress import Gate, policy_for
from dealflow.sources.whatnot.platform import WhatnotPlatform
from dealflow.telemetry.metrics import Metrics

F = TypeVar("F")
PATIENCE = 10.0


class Told:
    """What a reader told; ``gate`` can be cleared to play a pipeline without room."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.batches = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self._news = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    async def emit(self, facts: Sequence[Fact]) -> None:
        await self.gate.wait()
        self.facts += facts
        self.batches += 1
        self._news.set()

    def of(self, kind: type[F]) -> list[F]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    @property
    def texts(self) -> list[str]:
        return [fact.text for fact in self.of(ChatSeen)]

    @property
    def ids(self) -> list[str | None]:
        """Ids in the order in which each was first told."""
        return list(dict.fromkeys(fact.platform_id for fact in self.of(ChatSeen)))

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so after some fact, for `PATIENCE` at most."""
        async with asyncio.timeout(PATIENCE):
            while not is_so():
                self._news.clear()
                await self._news.wait()

    async def over(self) -> None:
        """Wait until the reading ends by itself; raises what it raises."""
        assert self.task is not None
        async with asyncio.timeout(PATIENCE):
            await asyncio.shield(self.task)

    async def until_text(self, text: str) -> None:
        await self.until(lambda: text in self.texts)


class Bench:
    """One platform, read through a real gate."""

    def __init__(self, base_url: str, clock: Clock, *, csrf: bool) -> None:
        settings = Settings(whatnot=WhatnotSettings(base_url=base_url, csrf=csrf))
        self.clock, self.metrics = clock, Metrics()
        self.gate = Gate(policy_for(settings), clock=clock, metrics=self.metrics)
        self.platform = WhatnotPlatform(
            settings, gate=self.gate, page_reader=None, clock=clock, metrics=self.metrics
        )

    @asynccontextmanager
    async def reading(self, url: str) -> AsyncGenerator[Told]:
        """Read a show by its sockets."""
        ref = self.platform.resolve(url)
        assert ref is not None
        async with running(self.platform.reader(ref, Transport.SOCKET).run) as told:
            yield told

    async def failure(self, url: str) -> DealflowError:
        """Read until the way fails, and return why."""
        ref = self.platform.resolve(url)
        assert ref is not None
        try:
            async with asyncio.timeout(PATIENCE):
                await self.platform.reader(ref, Transport.SOCKET).run(Told().emit)
        except DealflowError as error:
            return error
        raise AssertionError("the reading ended without an error")

    def matches(self) -> set[str]:
        """Return which candidates of the data file were used."""
        return {
            sample.labels["selector"]
            for metric in self.metrics.matched.collect()
            for sample in metric.samples
            if sample.name.endswith("_total")
        }


@asynccontextmanager
async def running(run: Callable[[Emit], Coroutine[Any, Any, None]]) -> AsyncGenerator[Told]:
    """Run something that emits, and cancel it at the end."""
    told = Told()
    task = told.task = asyncio.ensure_future(run(told.emit))
    try:
        yield told
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, DealflowError):
            await task


@asynccontextmanager
async def open_bench(
    base_url: str, clock: Clock | None = None, *, csrf: bool = False
) -> AsyncGenerator[Bench]:
    bench = Bench(base_url, SystemClock() if clock is None else clock, csrf=csrf)
    try:
        yield bench
    finally:
        await bench.gate.aclose()

"""A real Chromium for tests, behind a real gate that opens one address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from dealflow.clock import SystemClock
from dealflow.model.facts import ChatSeen, Fact
from dealflow.settings import BrowserSettings, Settings, WhatnotSettings
from dealflow.sources.base import ShowRef
from dealflow.sources.browser.chromium import SharedBrowser
from dealflow.sources.egress import Gate, policy_for
from dealflow.sources.whatnot.page import PageReader
from dealflow.sources.whatnot.parse import FrameParser
from dealflow.telemetry.metrics import Metrics

F = TypeVar("F")


class Heard:
    """What a reader emitted."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    async def __call__(self, facts: Sequence[Fact]) -> None:
        self.facts += facts

    @property
    def live(self) -> list[tuple[str, str]]:
        """Messages that were told as new, in order."""
        return [
            (fact.username, fact.text)
            for fact in self.facts
            if isinstance(fact, ChatSeen) and not fact.backlog
        ]

    @property
    def all(self) -> set[tuple[str, str]]:
        return {(fact.username, fact.text) for fact in self.facts if isinstance(fact, ChatSeen)}

    def of(self, kind: type[F]) -> list[F]:
        return [fact for fact in self.facts if isinstance(fact, kind)]


class Bench:
    """A browser, and readers of one platform's address."""

    def __init__(self, base_url: str, settings: BrowserSettings, profile: Path | None) -> None:
        self.settings = Settings(
            browser=settings, whatnot=WhatnotSettings(base_url=base_url, stall_seconds=5.0)
        )
        self.clock, self.metrics = SystemClock(), Metrics()
        self.gate = Gate(policy_for(self.settings), clock=self.clock, metrics=self.metrics)
        self.browser = SharedBrowser(
            settings, gate=self.gate, clock=self.clock, metrics=self.metrics, profile=profile
        )

    def reader(self, show_id: str, parser: FrameParser | None = None) -> PageReader:
        return PageReader(
            ShowRef(platform="whatnot", external_id=show_id, url=""),
            pages=self.browser,
            parser=FrameParser(show_id) if parser is None else parser,
            settings=self.settings.whatnot,
            clock=self.clock,
            metrics=self.metrics,
        )


@asynccontextmanager
async def open_bench(
    base_url: str, settings: BrowserSettings | None = None, profile: Path | None = None
) -> AsyncGenerator[Bench]:
    bench = Bench(base_url, settings or BrowserSettings(), profile)
    try:
        yield bench
    finally:
        await bench.browser.aclose()
        await bench.gate.aclose()


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something to become true, and fail when it does not in time."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def alive(pids: list[int]) -> list[int]:
    """Return those of the processes that run; a zombie that waits for a slow init does not."""
    running = []
    for pid in pids:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            continue
        if stat.rpartition(")")[2].split()[0] != "Z":
            running.append(pid)
    return running


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))

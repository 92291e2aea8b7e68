"""Places where a reader reads a show: by socket, in a page, from a recording; each played alike."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal, Protocol

from dealflow.model.facts import ChatSeen
from dealflow.sources.base import Emit, Reader, Transport
from dealflow.sources.browser.chromium import SharedBrowser
from dealflow.sources.replay import OnBad, ReplayReader
from dealflow.sources.whatnot.platform import WhatnotPlatform
from dealflow.stage.whatnot import Stage
from tests.fakes.fast_clock import FastClock
from tests.fakes.shared_browser import open_bench
from tests.fakes.socket_bench import Told

Lines = Sequence[tuple[str, str]]
Ending = Literal["end", "fail", "none"]

PROBE = ("probe", "are we on?")
FAST = 10.0
"""Signs of life come every 10 s; at this speed a test sees several."""


class Venue(Protocol):
    """A show that is played to one reader, which a test runs with `run` and hears by ``told``."""

    told: Told

    async def run(self, emit: Emit) -> None:
        """Run the reader."""
        ...

    async def play(self, lines: Lines, ending: Ending = "none", *, hold: bool = False) -> None:
        """Let people speak while the reader reads, then let the show end, or its way fail.

        ``hold``: from before the first line on, the pipeline has no room; open ``told.gate``.
        """
        ...

    def is_left(self) -> bool:
        """Say whether no task, socket or page of the reader is left."""
        ...


def live(told: Told) -> list[tuple[str, str]]:
    """Return the messages that were told as new, in order."""
    return [
        (fact.username, fact.text)
        for fact in told.of(ChatSeen)
        if not fact.backlog and fact.username != PROBE[0]
    ]


def has_no_tasks() -> bool:
    """Say whether no task runs a reader's code."""
    return not any(
        "/dealflow/sources/whatnot/" in file or file.endswith("/dealflow/sources/replay.py")
        for file in map(_file_of, asyncio.all_tasks())
    )


def _file_of(task: asyncio.Task[Any]) -> str:
    code = getattr(task.get_coro(), "cr_code", None)
    return "" if code is None else str(code.co_filename)


class Staged:
    """A show on the stage, read by one way of `WhatnotPlatform`."""

    def __init__(self, stage: Stage, browser: SharedBrowser, reader: Reader) -> None:
        self._stage = stage
        self._browser = browser
        self._reader = reader
        self.told = Told()

    async def run(self, emit: Emit) -> None:
        await self._reader.run(emit)

    async def play(self, lines: Lines, ending: Ending = "none", *, hold: bool = False) -> None:
        await self._stage.say(*PROBE)
        await self.told.until_text(PROBE[1])
        if hold:
            self.told.gate.clear()
        await self._stage.burst(lines)
        if ending == "end":
            await self._stage.end()
        elif ending == "fail":
            await self.told.until(lambda: len(live(self.told)) >= len(lines))
            await self._fail()

    def is_left(self) -> bool:
        house = self._stage.house
        return not (house.seats or house.feeds or self._browser.tabs) and has_no_tasks()

    async def _fail(self) -> None:
        if self._browser.root_pid is None:
            await self._stage.fault("cut_sockets")
        else:
            os.kill(self._browser.root_pid, signal.SIGKILL)


class Recorded:
    """A recorded show; it is written when it is played, and read from then on."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._on_bad: OnBad = "skip"
        self._is_written = asyncio.Event()
        self.told = Told()

    async def run(self, emit: Emit) -> None:
        await self._is_written.wait()
        file, clock = io.BytesIO(b"".join(self._lines)), FastClock(FAST)
        await ReplayReader(file, clock=clock, speed=1.0, on_bad=self._on_bad).run(emit)

    async def play(self, lines: Lines, ending: Ending = "none", *, hold: bool = False) -> None:
        if hold:
            self.told.gate.clear()
        for user, text in lines:
            self._write({"t": 0, "kind": "chat", "user": user, "text": text})
        if ending == "fail":
            self._on_bad = "stop"
            self._lines.append(b"not a line\n")
        else:
            self._write({"t": 0 if ending == "end" else 3_600, "kind": "end"})
        self._is_written.set()

    def is_left(self) -> bool:
        return has_no_tasks()

    def _write(self, line: dict[str, Any]) -> None:
        self._lines.append(json.dumps(line).encode() + b"\n")


@asynccontextmanager
async def open_venue(way: str) -> AsyncGenerator[Venue]:
    """Open the venue of a way: ``socket``, ``browser`` or ``replay``."""
    if way == "replay":
        yield Recorded()
        return
    async with Stage() as stage, open_bench(stage.base_url) as bench:
        platform = WhatnotPlatform(
            bench.settings,
            gate=bench.gate,
            page_reader=lambda ref, parser: bench.reader(ref.external_id, parser),
            clock=FastClock(FAST),
            metrics=bench.metrics,
        )
        ref = platform.resolve(stage.show_url)
        assert ref is not None
        yield Staged(stage, bench.browser, platform.reader(ref, Transport(way)))

"""Readers that do what a test tells them, and a platform that gives them out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from msgspec.structs import replace

from dealflow.clock import Clock
from dealflow.errors import DealflowError, TransportUnknown
from dealflow.model.facts import ChatSeen, Fact, Pulse
from dealflow.sources.base import Emit, ShowInfo, ShowRef, Transport

REF = ShowRef(platform="fake", external_id="show", url="https://fake.test/live/show")


def chat(number: int, *, backlog: bool = False, user: str = "amy") -> ChatSeen:
    return ChatSeen(username=user, text="mine", at=0, platform_id=f"m{number}", backlog=backlog)


class ScriptedReader:
    """Emits what it is given, as of now where it has no time; ends or fails when it is told."""

    def __init__(self, way: Transport, clock: Clock) -> None:
        self.name = f"fake.{way}"
        self.way = way
        self.cancelled = False
        self._clock = clock
        self._said: asyncio.Queue[Sequence[Fact] | Exception | None] = asyncio.Queue()

    async def run(self, emit: Emit) -> None:
        try:
            while (said := await self._said.get()) is not None:
                if isinstance(said, Exception):
                    raise said
                await emit(said)
        except asyncio.CancelledError:
            self.cancelled = True
            raise

    def say(self, *facts: Fact) -> None:
        now = self._clock.now_ms()
        self._said.put_nowait([replace(fact, at=fact.at or now) for fact in facts])

    def pulse(self) -> None:
        self.say(Pulse(at=0, way=self.name))

    def fail(self, error: Exception) -> None:
        self._said.put_nowait(error)

    def end(self) -> None:
        self._said.put_nowait(None)


class ScriptedPlatform:
    """Remembers every reader that it gave out; may refuse a way from the start."""

    name = "fake"

    def __init__(self, *ways: Transport, clock: Clock) -> None:
        self.ways = ways
        self._clock = clock
        self.readers: list[ScriptedReader] = []
        self.refuses: dict[Transport, DealflowError] = {}

    def resolve(self, url: str) -> ShowRef | None:
        return REF

    async def inspect(self, ref: ShowRef) -> ShowInfo:
        return ShowInfo()

    async def discover(self, ref: ShowRef, *, limit: int) -> list[ShowRef]:
        return []

    def reader(self, ref: ShowRef, transport: Transport) -> ScriptedReader:
        if transport in self.refuses:
            raise self.refuses[transport]
        if transport not in self.ways:
            raise TransportUnknown("no such way")
        self.readers.append(ScriptedReader(transport, self._clock))
        return self.readers[-1]

    def started(self, way: Transport) -> list[ScriptedReader]:
        return [reader for reader in self.readers if reader.way is way]

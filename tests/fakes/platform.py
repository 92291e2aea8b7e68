"""A platform whose shows are queues: what a test puts in is what a reader reports."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from dealflow.errors import ShowUnknown, TransportUnknown
from dealflow.model.facts import Fact, Pulse
from dealflow.model.show import ShowStatus
from dealflow.sources.base import Emit, Reader, ShowInfo, ShowRef, Transport

HOST = "https://queue.example/live/"


class QueueReader:
    """Reports what is put into its show's queue; ``None`` ends the show."""

    name = "queue.socket"

    def __init__(self, queue: asyncio.Queue[Sequence[Fact] | Exception | None]) -> None:
        self._queue = queue

    async def run(self, emit: Emit) -> None:
        await emit([Pulse(at=0, way=self.name)])
        while (facts := await self._queue.get()) is not None:
            if isinstance(facts, Exception):
                raise facts
            await emit(facts)


class QueuePlatform:
    """Knows the shows that a test made, and no others."""

    name = "queue"
    ways = (Transport.SOCKET,)

    def __init__(self) -> None:
        self.shows: dict[str, asyncio.Queue[Sequence[Fact] | Exception | None]] = {}
        self.ended: set[str] = set()

    def show(self, name: str) -> asyncio.Queue[Sequence[Fact] | Exception | None]:
        return self.shows.setdefault(name, asyncio.Queue())

    def resolve(self, url: str) -> ShowRef | None:
        if not url.startswith(HOST):
            return None
        return ShowRef(platform=self.name, external_id=url.removeprefix(HOST), url=url)

    async def inspect(self, ref: ShowRef) -> ShowInfo:
        if ref.external_id not in self.shows:
            raise ShowUnknown(f"There is no show {ref.external_id}.")
        is_over = ref.external_id in self.ended
        return ShowInfo(status=ShowStatus.ENDED if is_over else ShowStatus.LIVE)

    async def discover(self, ref: ShowRef, *, limit: int) -> list[ShowRef]:
        others = [name for name in self.shows if name not in self.ended | {ref.external_id}]
        found = [self.resolve(HOST + name) for name in others[:limit]]
        return [one for one in found if one is not None]

    def reader(self, ref: ShowRef, transport: Transport) -> Reader:
        if transport is not Transport.SOCKET:
            raise TransportUnknown(f"There is no way {transport} here.")
        return QueueReader(self.show(ref.external_id))

"""Follows one show: every committed frame once and in order, until the show is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from dealflow.bus.base import Bus, Committed
from dealflow.errors import ShowUnknown
from dealflow.model.events import Frame, SourceStateChanged, decode
from dealflow.model.facts import SourceStatus
from dealflow.pipeline.base import Monitor
from dealflow.store.base import Show, Store

CAPACITY = 1024
"""Batches that may wait for a slow screen; past it the rest is read from the store."""

PAGE = 500
"""Frames read from the store at once."""

LOOK_SECONDS = 1.0
"""How often to look whether the show is still being read, should its last word not have come."""

OVER = frozenset({SourceStatus.ENDED, SourceStatus.FAILED})


class Following:
    """One show, from its start to its end; make it before the show starts.

    The bus is a hint and the store is the truth: whatever the bus did not carry is read there.
    """

    def __init__(
        self,
        monitor: Monitor,
        store: Store,
        bus: Bus,
        present: Callable[[Sequence[Frame]], Awaitable[None]],
    ) -> None:
        self._monitor = monitor
        self._store = store
        self._present = present
        self._news = bus.subscribe("cli", CAPACITY)
        self._seq: int | None = None
        self.last_state: SourceStateChanged | None = None

    @property
    def failed(self) -> bool:
        """Say whether the show could not be read to its end."""
        return self.last_state is not None and self.last_state.state is SourceStatus.FAILED

    async def until_over(
        self, show: Show, stop: asyncio.Event, seconds: float | None = None
    ) -> None:
        """Present frames until the show ends, ``stop`` is set or time is up.

        However it ends, everything that was read is committed and presented.
        """
        async with asyncio.TaskGroup() as group:
            closer = group.create_task(self._close_on(show, stop, seconds))
            await self._live(show)
            closer.cancel()
        with suppress(ShowUnknown):
            await self._monitor.stop(show.session_id)
        await self._catch_up(show)

    async def _close_on(self, show: Show, stop: asyncio.Event, seconds: float | None) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not stop.is_set() and show.session_id in self._monitor.active:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(stop.wait(), LOOK_SECONDS)
        self._news.close()

    async def _live(self, show: Show) -> None:
        while self.last_state is None or self.last_state.state not in OVER:
            news = await self._news.next()
            if news is None:
                await self._catch_up(show)
            elif not news:
                return
            else:
                await self._take(show, news)
        self._news.close()

    async def _take(self, show: Show, news: Sequence[Committed]) -> None:
        frames: list[Frame] = []
        for committed in news:
            if committed.show_id != show.id or not committed.frames:
                continue
            last = frames[-1].seq if frames else self._seq
            if last is not None and committed.frames[0].seq > last + 1:
                await self._show(frames)
                await self._catch_up(show)
                frames = []
            frames += committed.frames
        await self._show(frames)

    async def _catch_up(self, show: Show) -> None:
        """Present what the store holds beyond the last frame presented."""
        after = show.last_seq if self._seq is None else self._seq
        while page := await self._store.frames(show.id, after=after, limit=PAGE):
            after = page[-1].seq
            await self._show(page)

    async def _show(self, frames: Sequence[Frame]) -> None:
        fresh = [frame for frame in frames if self._is_new(frame)]
        for frame in fresh:
            if frame.kind == "source_state":
                event = decode(frame.data)
                self.last_state = event if isinstance(event, SourceStateChanged) else None
        if fresh:
            await self._present(fresh)

    def _is_new(self, frame: Frame) -> bool:
        """Say whether the frame lies beyond our place, and move our place there."""
        if self._seq is not None and frame.seq <= self._seq:
            return False
        self._seq = frame.seq
        return True

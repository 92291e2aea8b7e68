"""Follows one show: every committed frame once and in order, until the show is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from dealflow.bus.base import Bus, Committed
from dealflow.errors import ShowUnknown
from dealflow.model.events import Event, Frame, SourceStateChanged, decode
from dealflow.model.facts import SourceStatus
from dealflow.pipeline.base import Monitor
from dealflow.store.base import Store

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
        *,
        on_state: Callable[[SourceStatus], None] | None = None,
    ) -> None:
        self._monitor = monitor
        self._store = store
        self._present = present
        self._on_state = on_state
        self._news = bus.subscribe("cli", CAPACITY)
        self._session_id = ""
        self._seq = 0
        self.last_state: SourceStateChanged | None = None

    @property
    def failed(self) -> bool:
        """Say whether the show could not be read to its end."""
        return self.last_state is not None and self.last_state.state is SourceStatus.FAILED

    async def until_over(
        self,
        session_id: str,
        stop: asyncio.Event,
        *,
        after: int = 0,
        seconds: float | None = None,
        is_read: Callable[[], bool],
    ) -> None:
        """Present frames until the show ends, ``stop`` is set or time is up.

        However it ends, everything that was read is committed and presented.

        Args:
            session_id: the show's key.
            stop: set when the user has had enough.
            after: the last position that the user knows.
            seconds: how long to follow at most.
            is_read: says whether the show is still being read.
        """
        self._session_id, self._seq = session_id, after
        async with asyncio.TaskGroup() as group:
            closer = group.create_task(self._close_on(stop, seconds, is_read))
            await self._live()
            closer.cancel()
        with suppress(ShowUnknown):
            await self._monitor.stop(session_id)
        await self._catch_up()

    async def _close_on(
        self, stop: asyncio.Event, seconds: float | None, is_read: Callable[[], bool]
    ) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not stop.is_set() and is_read():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(stop.wait(), LOOK_SECONDS)
        self._news.close()

    async def _live(self) -> None:
        while self.last_state is None or self.last_state.state not in OVER:
            news = await self._news.next()
            if news is None:
                await self._catch_up()
            elif not news:
                return
            else:
                await self._take(news)
        self._news.close()

    async def _take(self, news: Sequence[Committed]) -> None:
        frames: list[Frame] = []
        for committed in news:
            if committed.session_id != self._session_id or not committed.frames:
                continue
            last = frames[-1].seq if frames else self._seq
            if committed.frames[0].seq > last + 1:
                await self._show(frames)
                await self._catch_up()
                frames = []
            frames += committed.frames
        await self._show(frames)

    async def _catch_up(self) -> None:
        """Present what the store holds beyond the last frame presented."""
        show = await self._store.show_of(self._session_id)
        while show is not None:
            page = await self._store.frames(show.id, after=self._seq, limit=PAGE)
            if not page:
                return
            await self._show(page)

    async def _show(self, frames: Sequence[Frame]) -> None:
        fresh = [frame for frame in frames if self._is_new(frame)]
        for frame in fresh:
            if frame.kind == "source_state":
                self._note(decode(frame.data))
        if fresh:
            await self._present(fresh)

    def _note(self, event: Event) -> None:
        if isinstance(event, SourceStateChanged):
            self.last_state = event
            if self._on_state is not None:
                self._on_state(event.state)

    def _is_new(self, frame: Frame) -> bool:
        """Say whether the frame lies beyond our place, and move our place there."""
        if frame.seq <= self._seq:
            return False
        self._seq = frame.seq
        return True

"""One client of the live channel: a cursor for each show that it has not wholly read."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Sequence
from typing import Protocol

from dealflow.api.access import Grant
from dealflow.api.live import protocol
from dealflow.api.live.log import Log
from dealflow.api.live.protocol import Filter, Style
from dealflow.api.live.recovery import RESET, Recovery, Start
from dealflow.clock import Clock
from dealflow.errors import ShowUnknown, StoreUnavailable
from dealflow.model.events import Frame
from dealflow.telemetry.metrics import Metrics

MAX_SHOWS = 100
"""Shows that one client may name."""

MAX_CONTROL = 64
"""Control frames that may wait; an honest client has one or two."""

PATIENCE_SECONDS = 1.0
"""How long a client that catches up waits when the store does not answer."""

Group = tuple[Log, int, Sequence[Frame]]
"""New frames of one show: its log, which holds them already; the head before them; the frames."""

Rendered = dict[tuple[str, Filter, Style], bytes]


class Wire(Protocol):
    """The way to one client. ``style`` says how frames look on it."""

    style: Style

    def ready(self) -> bool:
        """Say whether `write` would neither wait nor fill a buffer."""
        ...

    def write(self, data: bytes) -> None:
        """Send rendered frames at once; only while `ready`."""
        ...

    async def send(self, frames: Sequence[Frame], epoch: int) -> None:
        """Send frames once the client has taken what was sent before."""
        ...

    async def control(self, data: bytes) -> None:
        """Send a control frame once the client has taken what was sent before."""
        ...


class EndedError(Exception):
    """The connection is over, or is to be closed by us."""


class Cursor:
    """Where a client stands in a show; ``fell`` says that it was level before."""

    __slots__ = ("fell", "seq")

    def __init__(self, seq: int, *, fell: bool) -> None:
        self.seq = seq
        self.fell = fell


class Client:
    """Sends the frames that a client wants, each once and in order.

    While a show has no cursor, the client is level with its log and the hub writes to the wire
    itself. With any cursor it is behind, and only `run` writes.
    """

    def __init__(
        self,
        wire: Wire,
        grant: Grant,
        *,
        recovery: Recovery,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self.wire = wire
        self.grant = grant
        self.since = clock.monotonic()
        self.blocked_since: float | None = None
        self.ended: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
        self.everything: Filter | None = None
        self.wanted: dict[str, Filter] = {}
        self._recovery = recovery
        self._clock = clock
        self._metrics = metrics
        self._cursors: dict[str, Cursor] = {}
        self._control: deque[bytes] = deque()
        self._news = asyncio.Event()

    @property
    def stalled(self) -> bool:
        """Say whether the client is being waited for right now."""
        return self.blocked_since is not None

    def end(self, code: int, reason: str) -> None:
        """Ask the connection to close; the first code stands."""
        if not self.ended.done():
            self.ended.set_result((code, reason))

    def say(self, data: bytes) -> None:
        """Queue a control frame; it goes before all frames that come later."""
        if len(self._control) >= MAX_CONTROL:
            self.end(protocol.CLOSE_STALLED, "asks faster than it reads the answers")
            return
        self._control.append(data)
        self._news.set()

    def want(self, show_id: str, wanted: Filter, start: Start) -> None:
        """Send a show from a position on, after its control frame."""
        if self.everything is not None:
            self.everything = None
            self._cursors.clear()
        self.wanted[show_id] = wanted
        self._cursors[show_id] = Cursor(start.seq, fell=False)
        self.say(start.control)

    def want_everything(self, wanted: Filter) -> None:
        """Send every show from now on."""
        self.everything = wanted
        self.wanted.clear()
        self._cursors.clear()

    def forget(self, show_id: str) -> None:
        """Send a show no more."""
        self.wanted.pop(show_id, None)
        self._cursors.pop(show_id, None)

    def renew(self, show_id: str) -> None:
        """Send a snapshot of a show whose stream was lost and began again."""
        self._cursors[show_id] = Cursor(RESET, fell=False)
        self._news.set()

    def offer(self, groups: Sequence[Group], rendered: Rendered) -> None:
        """Take new frames: write them at once when level, else remember where to read on."""
        if self._cursors or self._control or not self.wire.ready():
            for log, before, _ in groups:
                if log.show_id not in self._cursors:
                    self._cursors[log.show_id] = Cursor(before, fell=True)
            self._news.set()
            return
        style = self.wire.style
        for log, _, frames in groups:
            wanted = self._filter(log.show_id)
            data = rendered.get((log.show_id, wanted, style))
            if data is None:
                chosen = wanted.of(frames)
                data = protocol.render(chosen, log.epoch, style) if chosen else b""
                rendered[log.show_id, wanted, style] = data
            if data:
                self.wire.write(data)

    async def run(self) -> None:
        """Send what the hub could not write itself; ends by cancellation."""
        while True:
            await self._news.wait()
            self._news.clear()
            await self._flush_control()
            for show_id in tuple(self._cursors):
                await self._catch_up(show_id)

    def _filter(self, show_id: str) -> Filter:
        return self.wanted.get(show_id) or self.everything or protocol.EVERYTHING

    async def _flush_control(self) -> None:
        """Send control frames; each stays queued until it is sent, so that nothing overtakes it."""
        while self._control:
            await self._sending(self.wire.control(self._control[0]))
            self._control.popleft()

    async def _catch_up(self, show_id: str) -> None:
        """Read on from the cursor until the client is level with the log, or nothing is left."""
        while (cursor := self._cursors.get(show_id)) is not None:
            log = self._recovery.log(show_id)
            if log is not None and cursor.seq == log.head:
                del self._cursors[show_id]
                return
            if log is not None and cursor.fell and cursor.seq < log.floor:
                self._speak_of_lag(log, cursor)
            await self._flush_control()
            if not await self._step(show_id, cursor):
                return

    async def _step(self, show_id: str, cursor: Cursor) -> bool:
        """Send the next page; say whether there was one. A new cursor may come meanwhile."""
        try:
            page = await self._recovery.page(show_id, cursor.seq, self._filter(show_id))
        except StoreUnavailable:
            await self._clock.sleep(PATIENCE_SECONDS)
            return True
        except ShowUnknown:
            self.forget(show_id)
            return False
        if self._cursors.get(show_id) is not cursor:
            return True
        if isinstance(page, Start):
            self._cursors[show_id] = Cursor(page.seq, fell=False)
            self._control.append(page.control)
            return True
        if page.frames:
            await self._sending(self.wire.send(page.frames, page.epoch))
        moved, cursor.seq = page.seq > cursor.seq, page.seq
        return moved

    def _speak_of_lag(self, log: Log, cursor: Cursor) -> None:
        cursor.fell = False
        self._metrics.clients_lagged.labels("client").inc()
        self._control.append(
            protocol.lagged(
                session_id=log.session_id, seq=cursor.seq, epoch=log.epoch, head=log.head
            )
        )

    async def _sending(self, sending: Awaitable[None]) -> None:
        """Wait for the client, and let the hub see since when."""
        self.blocked_since = self._clock.monotonic()
        await sending
        self.blocked_since = None


async def until_ended(client: Client) -> None:
    """Wait until the client must end, then end the task group around."""
    await asyncio.shield(client.ended)
    raise EndedError

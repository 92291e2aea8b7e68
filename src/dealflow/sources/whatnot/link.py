"""One socket to Whatnot, from its opening to its end: channels joined, kept alive, joined again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from dealflow.clock import Clock
from dealflow.errors import FeedStalled, PlatformRefused, PlatformUnreachable
from dealflow.sources.failures import cause
from dealflow.sources.whatnot.dial import Dialer
from dealflow.sources.whatnot.phoenix import Happened, Phoenix, What
from dealflow.sources.whatnot.topics import Timing

MAX_REJOINS: Final = 6
"""Times that a channel is joined again before the whole socket counts as lost."""

WORKED_SECONDS: Final = 5.0
"""A channel that was heard for so long is joined again at once: the backlog is short."""

TICK_SECONDS: Final = 5.0


class Hearer(Protocol):
    """Whoever takes what comes over a link."""

    def frame(self, data: bytes) -> None:
        """Take a frame."""
        ...

    def happened(self, news: Happened) -> None:
        """Take what became of a channel."""
        ...

    @property
    def is_behind(self) -> bool:
        """Say whether too much waits already."""
        ...

    async def room(self) -> None:
        """Wait until more can be taken, so that a slow reader slows the sender."""
        ...


class Link:
    """One opening of one socket. ``topics`` names the indispensable one first."""

    def __init__(
        self,
        name: str,
        topics: Sequence[str],
        *,
        dialer: Dialer,
        hearer: Hearer,
        timing: Timing,
        clock: Clock,
    ) -> None:
        self._name = name
        self._topics = tuple(topics)
        self._dialer = dialer
        self._hearer = hearer
        self._timing = timing
        self._clock = clock
        self._phoenix = Phoenix()
        self._asked: dict[str, float] = {}
        self._beaten: float | None = None
        self._joined: dict[str, float] = {}
        self._rejoins: dict[str, int] = {}

    async def run(self) -> None:
        """Listen until the socket or its indispensable channel is lost.

        Raises:
            PlatformRefused: the channel is not for this reader.
            FeedStalled: the server does not answer any more.
            PlatformUnreachable: the socket was closed, or the channel again and again.
        """
        try:
            async with self._dialer.open(self._name) as connection, asyncio.TaskGroup() as group:
                keeping = group.create_task(self._keep(connection))
                for topic in self._topics:
                    await self._join(connection, topic)
                try:
                    await self._listen(connection, group)
                finally:
                    keeping.cancel()
        except BaseExceptionGroup as failed:
            _heed_cancellation()
            raise cause(failed) from failed
        except ConnectionClosed as closed:
            raise _lost(closed) from closed

    async def _listen(self, connection: ClientConnection, group: asyncio.TaskGroup) -> None:
        while True:
            try:
                data = await connection.recv(decode=False)  # the parser copes with bad UTF-8
            except ConnectionClosed as closed:
                raise _lost(closed) from closed
            self._hearer.frame(data)
            news = self._phoenix.receive(data)
            if news is not None and self._take(news):
                group.create_task(self._rejoin(connection, news.topic))
            if self._hearer.is_behind:
                await self._hearer.room()

    def _take(self, news: Happened) -> bool:
        """Take note of what happened; say whether the channel must be joined again.

        Raises:
            PlatformRefused: the indispensable channel is not for this reader.
            PlatformUnreachable: it was closed too often.
        """
        self._hearer.happened(news)
        match news.what:
            case What.ALIVE:
                self._beaten = None
            case What.JOINED:
                self._asked.pop(news.topic, None)
                self._joined[news.topic] = self._clock.monotonic()
            case What.REFUSED:
                self._asked.pop(news.topic, None)
                if news.topic == self._topics[0]:
                    raise PlatformRefused(f"Whatnot does not let this reader in: {news.reason}.")
            case What.CLOSED:
                return self._may_rejoin(news.topic)
        return False

    def _may_rejoin(self, topic: str) -> bool:
        joined = self._joined.pop(topic, None)
        worked = joined is not None and self._clock.monotonic() - joined >= WORKED_SECONDS
        self._rejoins[topic] = 0 if worked else self._rejoins.get(topic, 0) + 1
        if self._rejoins[topic] <= MAX_REJOINS:
            return True
        if topic == self._topics[0]:
            raise PlatformUnreachable("Whatnot closes the show's channel again and again.")
        return False

    async def _rejoin(self, connection: ClientConnection, topic: str) -> None:
        if (failed := self._rejoins[topic]) > 0:
            wait = self._timing.rejoin_first * 2 ** (failed - 1)
            await self._clock.sleep(min(wait, self._timing.rejoin_most))
        await self._join(connection, topic)

    async def _join(self, connection: ClientConnection, topic: str) -> None:
        self._asked[topic] = self._clock.monotonic()
        await self._send(connection, self._phoenix.join(topic))

    async def _keep(self, connection: ClientConnection) -> None:
        """Ask regularly whether the server is there, and notice when it does not answer."""
        next_beat = self._clock.monotonic() + self._timing.heartbeat
        while True:
            await self._clock.sleep(TICK_SECONDS)
            now = self._clock.monotonic()
            if not self._hearer.is_behind:  # answers may wait behind what is not read yet
                self._judge(now)
            if now >= next_beat:
                next_beat = now + self._timing.heartbeat
                if self._beaten is None:
                    self._beaten = now
                await self._send(connection, self._phoenix.heartbeat())

    def _judge(self, now: float) -> None:
        if self._beaten is not None and now - self._beaten >= self._timing.heartbeat_reply:
            raise FeedStalled("Whatnot's socket is open and does not answer.")
        asked = self._asked.get(self._topics[0])
        if asked is not None and now - asked >= self._timing.join_reply:
            raise FeedStalled("Whatnot does not answer who wants to hear the show.")

    async def _send(self, connection: ClientConnection, text: str) -> None:
        try:
            await connection.send(text)
        except ConnectionClosed as closed:
            raise _lost(closed) from closed


def _heed_cancellation() -> None:
    """Raise the cancellation that a task group forgets if it comes while the group fails.

    https://github.com/python/cpython/issues/116720, mended in Python 3.13.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _lost(closed: ConnectionClosed) -> PlatformUnreachable:
    code = None if closed.rcvd is None else closed.rcvd.code
    how = "without a word" if code is None else f"with code {code}"
    return PlatformUnreachable(f"The connection to Whatnot was closed {how}.")

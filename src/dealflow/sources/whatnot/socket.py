"""Reads a show by Whatnot's own sockets, as an anonymous viewer.

The live socket (chat, viewers, the show's state) is indispensable; the auction socket (bids and
sales) is taken where it is granted, and its loss never costs a message.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from dealflow.clock import Clock
from dealflow.errors import (
    DealflowError,
    LoginRequired,
    PlatformBlocked,
    PlatformError,
    PlatformRefused,
)
from dealflow.model.facts import (
    ChatSeen,
    Fact,
    Oddity,
    Pulse,
    ShowSeen,
    SourceChanged,
    SourceStatus,
)
from dealflow.model.show import ShowStatus
from dealflow.sources.base import Emit
from dealflow.sources.whatnot.dial import Dialer
from dealflow.sources.whatnot.ending import EndSign, EndWatch
from dealflow.sources.whatnot.inbox import Inbox
from dealflow.sources.whatnot.link import Link
from dealflow.sources.whatnot.parse import PULSE_WAY, FrameParser
from dealflow.sources.whatnot.phoenix import Happened, What
from dealflow.sources.whatnot.topics import Topics
from dealflow.telemetry.metrics import Metrics

LIVE = "live"
AUCTION = "auction"
RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Waits before the auction socket is opened again; the last one stays."""

_log = logging.getLogger(__name__)


class SocketReader:
    """One reading of one show by its sockets; see `sources.base.Reader`.

    Args:
        find: returns the show's UUID.
        is_over: asks the platform whether the show has ended; ``None``: it does not say.
    """

    name = PULSE_WAY

    def __init__(
        self,
        parser: FrameParser,
        *,
        find: Callable[[], Awaitable[str]],
        is_over: Callable[[], Awaitable[bool | None]],
        dialer: Dialer,
        topics: Topics,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._parser = parser
        self._find = find
        self._is_over = is_over
        self._dialer = dialer
        self._topics = topics
        self._clock = clock
        self._metrics = metrics
        self._inbox = Inbox(clock)
        self._ending = EndWatch()
        self._rumour = asyncio.Event()
        self._is_paused = False
        self._reported: set[str] = set()

    async def run(self, emit: Emit) -> None:
        """Read until the show ends."""
        show_id = await self._find()
        failure: DealflowError | None = None
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._read_live(show_id), name="whatnot live socket"),
                group.create_task(self._read_auction(show_id), name="whatnot auction socket"),
                group.create_task(self._confirm_end(), name="whatnot end"),
            ]
            try:
                while facts := await self._inbox.take():
                    self._report_events()
                    await emit(facts)
            except DealflowError as error:
                failure = error  # the group would wrap it
            finally:
                for task in tasks:
                    task.cancel()
        if failure is not None:
            raise failure
        at = self._clock.now_ms()
        await emit([*self._parser.finish(), ShowSeen(at=at, status=ShowStatus.ENDED)])

    # What the links hear.

    def frame(self, data: bytes) -> None:
        """Take a frame."""
        facts = self._parser.feed(data, self._clock.now_ms())
        self._inbox.put([self._watch(fact) for fact in facts])

    def happened(self, news: Happened) -> None:
        """Take what became of a channel."""
        name = news.topic.partition(":")[0]
        at = self._clock.now_ms()
        if name == self._topics.sockets[LIVE].topics[0]:
            if news.what is What.JOINED:
                self._inbox.put([Pulse(at=at, way=self.name), *self._resumed(at)])
            elif news.what is What.CLOSED:
                self._sign(EndSign.CLOSED)
                self._inbox.put([self._paused(at)])
        if news.what is What.REFUSED:
            _log.info("a channel was refused", extra={"topic": name, "why": news.reason})
        if news.topic:
            self._report(f"topic {name}: {news.what}")

    def _paused(self, at: int) -> Fact:
        self._is_paused = True
        reason = "the show's channel was closed and is joined again"
        return SourceChanged(status=SourceStatus.CONNECTING, at=at, reason=reason, way=self.name)

    def _resumed(self, at: int) -> list[Fact]:
        if not self._is_paused:
            return []
        self._is_paused = False
        return [
            SourceChanged(status=SourceStatus.LIVE, at=at, reason="joined again", way=self.name)
        ]

    @property
    def is_behind(self) -> bool:
        """Say whether too much waits already."""
        return self._inbox.is_behind

    async def room(self) -> None:
        """Wait until more can be taken."""
        await self._inbox.room()

    # The sockets.

    async def _read_live(self, show_id: str) -> None:
        try:
            await self._link(LIVE, show_id).run()
        except PlatformError as error:
            self._sign(EndSign.CLOSED)
            if not self._ending.has_ended(self._clock.monotonic()):
                self._inbox.fail(error)

    async def _read_auction(self, show_id: str) -> None:
        """Read bids and sales for as long as they are told to us."""
        attempt = 0
        while True:
            began = self._clock.monotonic()
            try:
                await self._link(AUCTION, show_id).run()
            except (PlatformRefused, PlatformBlocked, LoginRequired) as error:
                _log.info("bids and sales are not told to this reader", extra={"why": str(error)})
                self._inbox.put([Oddity(kind="commerce_refused", at=self._clock.now_ms())])
                return
            except PlatformError as error:
                _log.info("the auction socket was lost", extra={"why": str(error)})
            if self._clock.monotonic() - began >= RETRY_SECONDS[-1]:
                attempt = 0
            await self._clock.sleep(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])
            attempt += 1

    def _link(self, name: str, show_id: str) -> Link:
        return Link(
            name,
            [f"{topic}:{show_id}" for topic in self._topics.sockets[name].topics],
            dialer=self._dialer,
            hearer=self,
            timing=self._topics.timing,
            clock=self._clock,
        )

    # The end: one word is a rumour, a second sign makes it so.

    def _watch(self, fact: Fact) -> Fact:
        now = self._clock.monotonic()
        if isinstance(fact, ChatSeen) and not fact.backlog:
            self._ending.chat(now)
        if not isinstance(fact, ShowSeen) or fact.status is None:
            return fact
        is_end = fact.status is ShowStatus.ENDED
        self._ending.mark(EndSign.STATUS, now, seen=is_end)
        if not is_end:
            self._rumour.clear()
            return fact
        self._rumour.set()
        return replace(fact, status=None)

    def _sign(self, sign: EndSign) -> None:
        """Take note of a sign that means an end only beside the platform's word."""
        if not self._rumour.is_set():
            return
        self._ending.mark(sign, self._clock.monotonic())
        if self._ending.has_ended(self._clock.monotonic()):
            self._inbox.close()

    async def _confirm_end(self) -> None:
        """Look for a second sign while there is a rumour of the end."""
        while True:
            await self._rumour.wait()
            over = await self._is_over()
            now = self._clock.monotonic()
            if over is False:
                self._rumour.clear()
                self._ending.mark(EndSign.STATUS, now, seen=False)
                self._inbox.put([Oddity(kind="false_end", at=self._clock.now_ms())])
                continue
            if over:
                self._sign(EndSign.ASKED)
            if self._ending.has_ended(now):
                self._inbox.close()
                return
            await self._clock.sleep(self._topics.timing.ended_check)

    # Which candidates of the data file matched.

    def _report_events(self) -> None:
        for match in self._parser.matched - self._reported:
            self._report(f"event {match}")
            self._reported.add(match)

    def _report(self, what: str) -> None:
        self._metrics.matched.labels(what).inc()

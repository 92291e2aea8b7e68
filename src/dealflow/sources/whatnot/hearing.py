"""What a page's two ways say together: its sockets' frames and its chat list, made one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from msgspec.structs import replace

from dealflow.model.facts import (
    BidSeen,
    ChatSeen,
    Fact,
    LotClosed,
    LotShown,
    Pulse,
    SaleSeen,
    ShowSeen,
    SourceChanged,
    SourceStatus,
    ViewersSeen,
)
from dealflow.model.show import ShowStatus
from dealflow.sources.whatnot.dom import Match, PageParser, Row, Sign, Tick
from dealflow.sources.whatnot.ending import EndSign, EndWatch
from dealflow.sources.whatnot.merge import ChannelMerge

WAY: Final = "whatnot.browser"

SAME_SECONDS: Final = 60.0
"""For so long the sockets' word about viewers outranks the page's."""

IN_FLIGHT_MS: Final = 250
"""What was said this long before the last frame may have been on its way when the socket closed."""

RENDER_SECONDS: Final = 1.0
"""Rows that come this long after the chat's socket closed were not told by it: the page has another
way of hearing. Sooner ones may be what it still had to render."""

_COMMERCE = (LotShown, LotClosed, BidSeen, SaleSeen)


class Parser(Protocol):
    """What turns the frames of Whatnot's sockets into facts."""

    def feed(self, data: str | bytes, at: int) -> list[Fact]:
        """Read one frame."""
        ...

    def finish(self) -> list[Fact]:
        """Return what was held back to be confirmed, when nothing more will come."""
        ...


class Hearing:
    """Everything that is heard of one show in one page. Times come from the caller."""

    def __init__(self, parser: Parser) -> None:
        self.merge = ChannelMerge()
        self.ending = EndWatch()
        self.sign = Sign(kind="")
        self.matches: dict[str, int] = {}
        self.has_list = False
        self.ticked: float | None = None
        self.spoke: float | None = None
        self._parser = parser
        self._page = PageParser()
        self._open: set[int] = set()
        self._chatting: set[int] = set()
        self._trading: set[int] = set()
        self._viewers_at = -SAME_SECONDS
        self._paused_at: float | None = None
        self._framed_ms = 0

    def opened(self, socket: int) -> None:
        """Take note of a new socket, which the caller numbers."""
        self._open.add(socket)
        self.merge.socket_opened()

    def closed(self, socket: int, now: float) -> Sequence[Fact]:
        """Take note that a socket is gone; returns what waited for it.

        When it was the one that told the chat, the page hears nothing until it has opened another:
        that is told too, as of the last frame, so that the stretch counts as missed unless a
        backlog covers it.
        """
        self._open.discard(socket)
        self._trading.discard(socket)
        told_chat = socket in self._chatting
        self._chatting.discard(socket)
        if self._chatting or (self._open and not told_chat):
            return []
        waited = self.merge.socket_closed(now)
        if not told_chat:
            return waited
        self._paused_at = now
        reason = "the page lost its socket and opens another"
        since = self._framed_ms - IN_FLIGHT_MS
        return [*waited, _state(SourceStatus.CONNECTING, since, reason)]

    def _resumed(self, at: int) -> list[Fact]:
        """Tell, once, that the chat is heard again."""
        if self._paused_at is None:
            return []
        self._paused_at = None
        return [_state(SourceStatus.LIVE, at, "the page hears the chat again")]

    def frame(self, socket: int, data: str | bytes, at: int, now: float) -> list[Fact]:
        """Read a frame of a socket."""
        self.spoke = now
        if socket in self._chatting:
            self._framed_ms = at
        out: list[Fact] = []
        for fact in self._parser.feed(data, at):
            if isinstance(fact, ChatSeen):
                self._chatting.add(socket)
                self._framed_ms = at
                out += self._resumed(at)
                out += self._chat(self.merge.socket(fact, now), now)
            else:
                out += self._other(socket, fact, now)
        return out

    def records(self, batch: object, at: int, now: float, *, is_ours: bool = True) -> list[Fact]:
        """Read what the observer in the page sent; ``is_ours``: the page still shows our show."""
        out: list[Fact] = []
        for seen in self._page.feed(batch, at):
            match seen:
                case Tick():
                    self.ticked = now
                    self.has_list = seen.attached
                case Sign():
                    self._signed(seen, now)
                case Match():
                    self.matches[seen.field] = seen.place
                case _ if is_ours:
                    out += self._seen(seen, at, now)
        return out

    def _seen(self, seen: Row | Fact, at: int, now: float) -> list[Fact]:
        if not isinstance(seen, Row):
            return self._page_fact(seen, now)
        self.spoke = now
        has_own_feed = self._paused_at is not None and now - self._paused_at > RENDER_SECONDS
        told = self._resumed(at) if has_own_feed and not seen.fact.backlog else []
        return [*told, *self._chat(self.merge.dom(seen, now), now)]

    def finish(self, now: float) -> list[Fact]:
        """Return all that was still held back, when the show is over."""
        return [*self.flush(now), *self._parser.finish()]

    def flush(self, now: float) -> list[Fact]:
        """Return the rows that wait for a socket, when this page says no more."""
        return [*self.merge.socket_closed(now)]

    def due(self, now: float) -> list[Fact]:
        """Return the rows that have waited long enough for a socket."""
        return self._chat(self.merge.due(now), now)

    def _chat(self, facts: Sequence[Fact], now: float) -> list[Fact]:
        if any(isinstance(fact, ChatSeen) and not fact.backlog for fact in facts):
            self.ending.chat(now)
        return list(facts)

    def _other(self, socket: int, fact: Fact, now: float) -> list[Fact]:
        if isinstance(fact, _COMMERCE):
            self._trading.add(socket)
        elif isinstance(fact, ViewersSeen):
            self._viewers_at = now
        elif isinstance(fact, ShowSeen) and fact.status is not None:
            is_end = fact.status is ShowStatus.ENDED
            self.ending.mark(EndSign.STATUS, now, seen=is_end)
            if is_end:
                # Told once it is sure; until then it is a rumour.
                return [replace(fact, status=None)]
        return [fact]

    def _page_fact(self, fact: Fact, now: float) -> list[Fact]:
        """Let the sockets' word outrank the page's where both speak of one thing."""
        if isinstance(fact, _COMMERCE) and self._trading:
            return []
        if isinstance(fact, ViewersSeen) and now - self._viewers_at < SAME_SECONDS:
            return []
        return [fact]

    def _signed(self, sign: Sign, now: float) -> None:
        if sign.kind == "overlay":
            return
        self.sign = sign
        self.ending.mark(EndSign.BANNER, now, seen=sign.kind == "ended")
        self.ending.player(now, seen=sign.player)


def pulse(at: int) -> Pulse:
    """Return the sign of life of a page that ticks."""
    return Pulse(at=at, way=WAY)


def _state(status: SourceStatus, at: int, reason: str) -> SourceChanged:
    return SourceChanged(status=status, at=at, reason=reason, way=WAY)

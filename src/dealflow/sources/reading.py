"""One reader at work: its task, its signs of life and how it ended."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from msgspec.structs import replace

from dealflow.clock import Clock
from dealflow.errors import DealflowError
from dealflow.model.facts import (
    BidSeen,
    ChatSeen,
    Fact,
    LotClosed,
    LotShown,
    SaleSeen,
    ShowSeen,
    ViewersSeen,
)
from dealflow.sources.base import Reader, Transport
from dealflow.sources.failures import Failure, cause, failure_of

_log = logging.getLogger(__name__)

MAX_CHATS: Final = 5_000
"""Messages of a reader on trial that are told when it takes over: 25 s of 200 messages/s."""

MAX_RUNS: Final = 16
"""Runs of messages kept while a reader is tried; it begins one with each backlog."""

LINED_UP: Final = 200
"""Messages that are told again at a hand-over. The pipeline lines up the latest 300 where one side
has no ids, and the reader in charge told everything that is older."""

MAX_DELAY_MS: Final = 5_000
"""A message that took longer to come tells of a wrong clock, not of its way."""

_SCREEN: Final = (LotShown | LotClosed, ShowSeen, ViewersSeen)
"""What only the reader in charge tells; of another, the latest of each kind is held."""

Take = Callable[["Reading", Sequence[Fact]], Awaitable[None]]


class Reading:
    """A reader from its start to its end. Times are monotonic seconds, ``…_ms`` wall time.

    ``born`` is the first sign of life, ``life`` the last one; ``heard`` is the first live message,
    ``chat`` the last one; ``None``: none yet. ``whole_ms`` is up to when all that was said has
    come: a line that was on its way when the reading broke was said later. ``is_paused`` is the
    reader's own word that it does not hear the chat just now. ``viewers`` is how many watch, as far
    as it told.
    """

    def __init__(self, reader: Reader, way: Transport, clock: Clock) -> None:
        self.reader = reader
        self.way = way
        self.name = reader.name
        self.started = clock.monotonic()
        self.born: float | None = None
        self.born_ms = clock.now_ms()
        self.life: float | None = None
        self.whole_ms = clock.now_ms()
        self.heard: float | None = None
        self.chat: float | None = None
        self.chat_ms: int | None = None
        self.viewers: int | None = None
        self.joined_up = False
        self.is_paused = False
        self.is_over = False
        self.failure: Failure | None = None
        self.task: asyncio.Task[None] | None = None
        self._screen: dict[int, Fact] = {}
        self._runs: deque[list[ChatSeen]] = deque(maxlen=MAX_RUNS)
        self._clock = clock
        self._emitting = 0
        self._delay = 0

    @property
    def is_alive(self) -> bool:
        """Say whether it runs and has shown a sign of life."""
        return self.born is not None and not self.is_over

    async def run(self, take: Take) -> None:
        """Read; whatever ends it is kept in ``is_over`` and ``failure``."""

        async def emit(facts: Sequence[Fact]) -> None:
            self._hear(facts)
            self._emitting += 1
            try:
                await take(self, facts)
            finally:
                self._emitting -= 1
                self._mark()  # a pipeline without room is no silence of the reader's

        try:
            await self.reader.run(emit)
        except Exception as error:  # noqa: BLE001 - the edge of a reader: it is told, not thrown
            self.failure = self._told(cause(error))
        finally:
            self.is_over = True

    def silence(self, now: float) -> float:
        """Return for how many seconds nothing was heard."""
        if self._emitting:
            return 0.0
        return now - (self.started if self.life is None else self.life)

    def chat_silence(self, now: float) -> float:
        """Return for how many seconds nobody said anything."""
        return now - (self.started if self.born is None else max(self.born, self.chat or 0.0))

    def hold(self, facts: Sequence[Fact]) -> list[Fact]:
        """Keep back what a reader that is only tried tells; return what must be told at once.

        Sales and bids are: the platform's till has counted them already. Messages are kept, since
        the reader in charge tells the same ones, perhaps without their ids: in runs, each a
        backlog with what was said after it, because the pipeline lines up one run at a time.
        """
        chats = [fact for fact in facts if isinstance(fact, ChatSeen)]
        if not self._runs or any(chat.backlog for chat in chats):
            self._runs.append([])
        self._runs[-1] += chats
        del self._runs[-1][:-MAX_CHATS]
        for place, kind in enumerate(_SCREEN):
            latest = [fact for fact in facts if isinstance(fact, kind)]
            if latest:
                self._screen[place] = latest[-1]
        return [fact for fact in facts if isinstance(fact, SaleSeen | BidSeen)]

    def release(self, *, everything: bool) -> list[list[Fact]]:
        """Return what was held: the screen, and each run of messages as a backlog of its own.

        Args:
            everything: nobody else told the earlier messages, so that the latest do not do.
        """
        room = MAX_CHATS if everything else LINED_UP
        held: list[list[Fact]] = []
        for run in reversed(self._runs):
            kept = run[max(0, len(run) - room) :]
            room -= len(kept)
            held.insert(0, [replace(chat, backlog=True) for chat in kept])
        held.insert(0, list(self._screen.values()))
        self._screen.clear()
        self._runs.clear()
        return [each for each in held if each]

    def cancel(self) -> None:
        """Ask it to end; its task goes on until it has cleaned up."""
        if self.task is not None:
            self.task.cancel()

    def _hear(self, facts: Sequence[Fact]) -> None:
        self._mark()
        if self.born is None:
            self.born, self.born_ms = self.life, self._clock.now_ms()
        for fact in facts:
            if isinstance(fact, ViewersSeen):
                self.viewers = fact.viewers
            if isinstance(fact, ChatSeen) and not fact.backlog:
                if fact.sent_at is not None:
                    self._delay = min(MAX_DELAY_MS, max(0, fact.at - fact.sent_at))
                self.chat, self.chat_ms = self.life, self.said_by(fact.at)
                self.heard = self.chat if self.heard is None else self.heard
            self.whole_ms = max(self.whole_ms, self.said_by(fact.at))

    def said_by(self, at: int) -> int:
        """Return when that was said which comes at a time: earlier by the last message's way."""
        return at - self._delay

    def _mark(self) -> None:
        self.life = self._clock.monotonic()

    def _told(self, error: BaseException) -> Failure:
        if not isinstance(error, DealflowError):
            _log.error("a reader failed", extra={"way": self.name}, exc_info=error)
        return failure_of(error)

"""One reader at work: its task, its signs of life and how it ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from dealflow.clock import Clock
from dealflow.errors import DealflowError
from dealflow.model.facts import ChatSeen, Fact, LotClosed, LotShown, ShowSeen, ViewersSeen
from dealflow.sources.base import Reader, Transport
from dealflow.sources.failures import Failure, cause, failure_of

_log = logging.getLogger(__name__)

HELD = (LotShown | LotClosed, ShowSeen, ViewersSeen)
"""What only the reader in charge tells; of another, the latest of each kind is held."""


Take = Callable[["Reading", Sequence[Fact]], Awaitable[None]]


class Reading:
    """A reader from its start to its end. Times are monotonic seconds, ``…_ms`` wall time.

    ``born`` is the first sign of life, ``life`` the last one, ``chat`` the last live message;
    ``None``: none yet. ``is_paused`` is the reader's own word that its chat is not being heard.
    """

    def __init__(self, reader: Reader, way: Transport, clock: Clock) -> None:
        self.reader = reader
        self.way = way
        self.name = reader.name
        self.started = clock.monotonic()
        self.born: float | None = None
        self.born_ms = clock.now_ms()
        self.life: float | None = None
        self.life_ms = clock.now_ms()
        self.chat: float | None = None
        self.chat_ms: int | None = None
        self.joined_up = False
        self.is_paused = False
        self.is_over = False
        self.failure: Failure | None = None
        self.task: asyncio.Task[None] | None = None
        self.held: dict[int, Fact] = {}
        self._clock = clock
        self._emitting = 0

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
        """Keep back what only the reader in charge tells; return the rest."""
        passed: list[Fact] = []
        for fact in facts:
            for place, kind in enumerate(HELD):
                if isinstance(fact, kind):
                    self.held[place] = fact
                    break
            else:
                passed.append(fact)
        return passed

    def release(self) -> list[Fact]:
        """Return what was held back."""
        held, self.held = list(self.held.values()), {}
        return held

    def cancel(self) -> None:
        """Ask it to end; its task goes on until it has cleaned up."""
        if self.task is not None:
            self.task.cancel()

    def _hear(self, facts: Sequence[Fact]) -> None:
        self._mark()
        if self.born is None:
            self.born, self.born_ms = self.life, self.life_ms
        if any(isinstance(fact, ChatSeen) and not fact.backlog for fact in facts):
            self.chat, self.chat_ms = self.life, self.life_ms

    def _mark(self) -> None:
        self.life, self.life_ms = self._clock.monotonic(), self._clock.now_ms()

    def _told(self, error: BaseException) -> Failure:
        if not isinstance(error, DealflowError):
            _log.error("a reader failed", extra={"way": self.name}, exc_info=error)
        return failure_of(error)

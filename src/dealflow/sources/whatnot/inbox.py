"""Hands facts from those who hear them, callbacks that cannot wait among them, to the reader."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from dealflow.clock import Clock
from dealflow.errors import DealflowError
from dealflow.model.facts import ChatDropped, DropReason, Fact

MAX_WAITING: Final = 20_000
"""Facts that wait for the pipeline: 100 s of 200 messages/s. More are dropped by name."""

MAX_AHEAD: Final = 2_000
"""Facts that a giver who can wait reads ahead of the pipeline: 10 s of 200 messages/s."""


class Inbox:
    """A bounded line of facts with an end: the show's, or an error."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._facts: list[Fact] = []
        self._overflow = 0
        self._failure: DealflowError | None = None
        self._closed = False
        self._ready = asyncio.Event()
        self._taken = asyncio.Event()

    @property
    def is_behind(self) -> bool:
        """Say whether so much waits that one who can wait should."""
        return len(self._facts) > MAX_AHEAD and not self._closed

    async def room(self) -> None:
        """Wait until the reader has caught up."""
        while self.is_behind:
            self._taken.clear()
            await self._taken.wait()

    def put(self, facts: Sequence[Fact]) -> None:
        """Add facts; what does not fit is counted and told as dropped."""
        if not facts or self._closed:
            return
        room = MAX_WAITING - len(self._facts)
        self._facts.extend(facts[:room])
        self._overflow += max(0, len(facts) - room)
        self._ready.set()

    def fail(self, error: DealflowError) -> None:
        """Let the reader end with an error once it has taken what is here."""
        if not self._closed:
            self._failure = error
            self.close()

    def close(self) -> None:
        """Let the reader end once it has taken what is here."""
        self._closed = True
        self._ready.set()

    async def take(self) -> list[Fact]:
        """Wait for facts and return all that there are; none means: it is over.

        Raises:
            DealflowError: the way failed, and nothing is left to take.
        """
        await self._ready.wait()
        facts, self._facts = self._facts, []
        self._taken.set()
        if self._overflow:
            at, count, self._overflow = self._clock.now_ms(), self._overflow, 0
            facts.append(ChatDropped(reason=DropReason.OVERFLOW, at=at, count=count))
        if not self._closed:
            self._ready.clear()
        elif not facts and self._failure is not None:
            raise self._failure
        return facts

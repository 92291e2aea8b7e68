"""The bounded queue in front of one show's pipeline."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from dealflow.errors import Overloaded, Stopping
from dealflow.model.facts import Fact
from dealflow.pipeline.base import Outcome

CAPACITY = 10_000
"""Facts that may wait: five seconds of the heaviest load that is promised (2,000 a second). A
source that meets a full queue waits; a pusher is told to come again."""


class Parcel:
    """Facts that came together, and who waits for word that they are committed."""

    def __init__(
        self, facts: Sequence[Fact], receipt: asyncio.Future[list[Outcome]] | None = None
    ) -> None:
        self.facts = facts
        self.receipt = receipt


class FactQueue:
    """Holds parcels in order; counts facts, not parcels, against its capacity."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._parcels: deque[Parcel] = deque()
        self._waiting = 0
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._closed = False

    def __len__(self) -> int:
        return self._waiting

    async def put(self, parcel: Parcel) -> None:
        """Add a parcel; wait while there is no room for it.

        Raises:
            Stopping: the queue is closed.
        """
        while self._waiting and self._waiting + len(parcel.facts) > self._capacity:
            self._room.clear()
            await self._room.wait()
        self._add(parcel)

    def put_now(self, parcel: Parcel) -> None:
        """Add a parcel, or refuse it.

        Raises:
            Overloaded: there is no room.
            Stopping: the queue is closed.
        """
        if self._waiting and self._waiting + len(parcel.facts) > self._capacity:
            raise Overloaded(f"{self._waiting} messages of this show wait already.")
        self._add(parcel)

    def _add(self, parcel: Parcel) -> None:
        if self._closed:
            raise Stopping("This show is not being read any more.")
        self._parcels.append(parcel)
        self._waiting += len(parcel.facts)
        self._news.set()

    async def take(self, limit: int, patience: float | None) -> list[Parcel] | None:
        """Take whole parcels, in order, until they hold ``limit`` facts.

        Args:
            limit: facts after which no further parcel is taken.
            patience: seconds to wait for the first parcel, or ``None`` to wait for ever; an empty
                list means that none came.

        Returns ``None`` once the queue is closed and empty.
        """
        if not self._parcels and not self._closed:
            await self._wait(patience)
        if not self._parcels:
            return None if self._closed else []
        taken: list[Parcel] = []
        facts = 0
        while self._parcels and facts < limit:
            parcel = self._parcels.popleft()
            facts += len(parcel.facts)
            taken.append(parcel)
        self._waiting -= facts
        self._room.set()
        return taken

    async def _wait(self, patience: float | None) -> None:
        self._news.clear()
        try:
            async with asyncio.timeout(patience):
                await self._news.wait()
        except TimeoutError:
            return

    def close(self) -> None:
        """Take nothing new; what waits can still be taken."""
        self._closed = True
        self._news.set()
        self._room.set()

    def empty(self) -> list[Parcel]:
        """Take everything that waits, without waiting."""
        taken = list(self._parcels)
        self._parcels.clear()
        self._waiting = 0
        self._room.set()
        return taken

"""The bus inside one process."""

from __future__ import annotations

import asyncio
from collections import deque

from dealflow.bus.base import Committed, Subscription


class MemorySubscription:
    """A bounded queue on the event loop; see `Subscription`."""

    def __init__(self, bus: MemoryBus, name: str, capacity: int) -> None:
        self._bus = bus
        self.name = name
        self._capacity = capacity
        self._waiting: deque[Committed] = deque()
        self._news = asyncio.Event()
        self._lost = False
        self._closed = False

    def offer(self, committed: Committed) -> None:
        """Take a batch, or drop everything and remember that something was lost."""
        if len(self._waiting) >= self._capacity:
            self._waiting.clear()
            self._lost = True
        self._waiting.append(committed)
        self._news.set()

    async def next(self) -> list[Committed] | None:
        """Wait for news; an empty list means that the bus or the subscription was closed."""
        while not self._waiting and not self._lost and not self._closed:
            self._news.clear()
            await self._news.wait()
        if self._lost:
            self._lost = False
            return None
        taken = list(self._waiting)
        self._waiting.clear()
        return taken

    def close(self) -> None:
        """Stop listening and wake whoever waits."""
        self._closed = True
        self._bus.forget(self)
        self._news.set()


class MemoryBus:
    """Hands frames to listeners on the same event loop."""

    def __init__(self) -> None:
        self._listeners: list[MemorySubscription] = []
        self._closed = False

    async def publish(self, committed: Committed) -> None:
        """Hand the frames to every listener without waiting for any of them."""
        for listener in self._listeners:
            listener.offer(committed)

    def subscribe(self, name: str, capacity: int) -> Subscription:
        """Listen to every show from now on."""
        listener = MemorySubscription(self, name, capacity)
        self._listeners.append(listener)
        if self._closed:
            listener.close()
        return listener

    def forget(self, listener: MemorySubscription) -> None:
        """Drop a listener; safe to call twice."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    async def aclose(self) -> None:
        """Wake and end every subscription, and every later one at once."""
        self._closed = True
        for listener in tuple(self._listeners):
            listener.close()

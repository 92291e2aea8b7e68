"""The port of this room."""

from __future__ import annotations

from typing import Protocol

import msgspec

from dealflow.model.events import Frame


class Committed(msgspec.Struct, frozen=True):
    """Frames that one transaction committed for one show, in order and without a hole."""

    show_id: str
    session_id: str
    epoch: int
    frames: tuple[Frame, ...]


class Subscription(Protocol):
    """A listener's bounded queue. Close it when done."""

    async def next(self) -> list[Committed] | None:
        """Wait for news and take all of it, oldest first.

        Returns ``None`` once after the queue overflowed: what was in it is gone, later news
        follow, and the listener must read the store from its last position. Returns an empty list
        once the subscription, or the bus, is closed.
        """
        ...

    def close(self) -> None:
        """Stop listening; safe to call twice."""
        ...


class Bus(Protocol):
    """Publishes committed events."""

    async def publish(self, committed: Committed) -> None:
        """Hand the frames to every listener without waiting for any of them."""
        ...

    def subscribe(self, name: str, capacity: int) -> Subscription:
        """Listen to every show from now on.

        Args:
            name: for metrics and logs.
            capacity: the number of `Committed` batches that may wait.
        """
        ...

    async def aclose(self) -> None:
        """Wake and end every subscription."""
        ...

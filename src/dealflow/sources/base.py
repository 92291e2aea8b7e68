"""The ports of this room: what a platform is, and what one way of reading a show is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from dealflow.model.facts import Fact
from dealflow.model.show import SaleMode, ShowStatus

Emit = Callable[[Sequence[Fact]], Awaitable[None]]
"""Takes facts in order; waits while the pipeline has no room, so that nothing is dropped."""


class Transport(StrEnum):
    """Which way a show is to be read."""

    AUTO = "auto"
    SOCKET = "socket"
    BROWSER = "browser"


class ShowRef(msgspec.Struct, frozen=True, kw_only=True):
    """A show whose URL was checked: nothing is opened before this exists.

    ``external_id`` is the platform's own id; ``url`` the address in its shortest honest form.
    """

    platform: str
    external_id: str
    url: str


class ShowInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a platform says of a show before it is read.

    ``ref`` is the show itself when the URL named only its seller, else ``None``.
    """

    title: str = ""
    seller: str = ""
    status: ShowStatus = ShowStatus.UNKNOWN
    viewers: int | None = None
    mode: SaleMode | None = None
    ref: ShowRef | None = None


class Reader(Protocol):
    """One way of reading one show, once: from connecting until it ends or fails.

    ``run`` emits facts until the show ended (it returns), the task is cancelled (it cleans up and
    lets the cancellation pass) or the way fails (it raises a `PlatformError` whose ``retry`` tells
    the supervisor what to do). It emits a `Pulse` at least every 10 s while its way is alive. A
    reader is used once; the supervisor makes a new one for each attempt. A `SourceChanged` of its
    own says that its chat is not heard just now (``connecting``), or is heard again (``live``).
    """

    name: str
    """The way, for people and metrics: ``whatnot.socket``."""

    async def run(self, emit: Emit) -> None:
        """Read until the show ends."""
        ...


class Platform(Protocol):
    """One platform: which URLs are its shows, and how they can be read."""

    name: str

    def resolve(self, url: str) -> ShowRef | None:
        """Return the show behind a URL, or ``None`` when the URL is not of this platform.

        Pure: nothing is opened. A URL that names this platform's host but no show of it, and any
        URL that tries to look like this platform, raises `ShowUrlRefused`.
        """
        ...

    async def inspect(self, ref: ShowRef) -> ShowInfo:
        """Ask the platform what the show is; cheap, and never a reason not to try reading.

        Raises:
            ShowUnknown: the platform says that there is no such show.
        """
        ...

    async def discover(self, ref: ShowRef, *, limit: int) -> list[ShowRef]:
        """Return other live shows that could stand in for this one, the most viewed first.

        Best effort: an empty list means that none was found, not that none is live.
        """
        ...

    def reader(self, ref: ShowRef, transport: Transport) -> Reader:
        """Return a fresh reader of one way (``socket`` or ``browser``, never ``auto``).

        Raises:
            TransportUnknown: this platform has no such way.
        """
        ...

    @property
    def ways(self) -> tuple[Transport, ...]:
        """Return the ways that this platform has, the best first."""
        ...

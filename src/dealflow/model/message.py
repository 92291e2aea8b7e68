"""A chat message, from the moment it is bound to its lot until it is stored."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from dealflow.model.intent import Context, Role, Verdict
from dealflow.model.show import Lot


class Channel(StrEnum):
    """Which of our ways delivered a message first."""

    SOCKET = "socket"
    DOM = "dom"
    PUSH = "push"
    REPLAY = "replay"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message by one person, read once.

    ``id`` is our UUID. ``key`` is unique in the show: the platform's id where there is one, else
    author, text and how many-eth sighting. ``sent_at`` is the platform's time where it gives one,
    else the time of receipt; both in milliseconds since 1970. ``lot`` is the lot that was on
    screen when it was sent.
    """

    id: str
    key: str
    username: str
    text: str
    sent_at: int
    received_at: int
    platform_id: str | None = None
    user_id: str | None = None
    role: Role = Role.VIEWER
    badges: tuple[str, ...] = ()
    channel: Channel = Channel.SOCKET
    backlog: bool = False
    lot: Lot | None = None

    @property
    def person(self) -> str:
        """Return what tells this author from others: the platform's user id, else the name."""
        return f"u:{self.user_id}" if self.user_id else f"n:{self.username}"


class Judged(msgspec.Struct, frozen=True):
    """A message with the verdict on it, and the context in which it was judged."""

    message: Message
    verdict: Verdict
    context: Context = Context()

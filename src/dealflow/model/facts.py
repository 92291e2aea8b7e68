"""What a source reports: facts in the past tense, with no opinion about them.

A source never stores, judges or publishes; it emits these, in the order in which it saw them.
``at`` is the time of receipt in milliseconds since 1970.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from dealflow.model.intent import Role
from dealflow.model.message import Channel
from dealflow.model.revision import Revision
from dealflow.model.show import Lot, Sale, SaleMode, ShowStatus


class ChatSeen(msgspec.Struct, frozen=True, kw_only=True, tag="chat"):
    """A message appeared. ``backlog`` marks what was there before we came, or is told again."""

    username: str
    text: str
    at: int
    platform_id: str | None = None
    user_id: str | None = None
    role: Role = Role.VIEWER
    badges: tuple[str, ...] = ()
    sent_at: int | None = None
    channel: Channel = Channel.SOCKET
    backlog: bool = False
    index: int | None = None


class LotShown(msgspec.Struct, frozen=True, kw_only=True, tag="lot"):
    """A lot came on screen, or the one on screen changed its price or stock (same ``lot.key``)."""

    lot: Lot
    at: int


class LotClosed(msgspec.Struct, frozen=True, kw_only=True, tag="lot_closed"):
    """The lot left the screen, and no other came."""

    at: int


class BidSeen(msgspec.Struct, frozen=True, kw_only=True, tag="bid"):
    """The platform's own button took a bid on a lot."""

    lot_platform_id: str
    username: str | None
    price: float | None
    currency: str | None
    at: int


class SaleSeen(msgspec.Struct, frozen=True, kw_only=True, tag="sale"):
    """The platform confirmed a sale."""

    sale: Sale
    at: int


class ViewersSeen(msgspec.Struct, frozen=True, kw_only=True, tag="viewers"):
    """The platform said how many watch."""

    viewers: int
    at: int


class ShowSeen(msgspec.Struct, frozen=True, kw_only=True, tag="show"):
    """Something about the show itself became known; ``None`` means: not said this time."""

    at: int
    title: str | None = None
    seller: str | None = None
    status: ShowStatus | None = None
    mode: SaleMode | None = None


class SourceStatus(StrEnum):
    """How well a show is being read."""

    CONNECTING = "connecting"
    LIVE = "live"
    QUIET = "quiet"
    STALLED = "stalled"
    BLOCKED = "blocked"
    ENDED = "ended"
    FAILED = "failed"


class Gap(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A stretch that we know we may have missed, in milliseconds since 1970."""

    start: int
    end: int
    reason: str


class SourceChanged(msgspec.Struct, frozen=True, kw_only=True, tag="source"):
    """The way of reading changed its state. ``reason`` is one plain phrase, ``way`` the reader."""

    status: SourceStatus
    at: int
    reason: str = ""
    way: str = ""
    gap: Gap | None = None


class DropReason(StrEnum):
    """Why a message that was read is not stored. The list is closed."""

    MALFORMED = "malformed"
    OVERSIZE = "oversize"
    EMPTY = "empty"
    NAMELESS = "nameless"
    FILTERED = "filtered"
    GAP = "gap"
    OVERFLOW = "overflow"
    MUTED = "muted"
    PATTERN = "pattern"
    DENIED = "denied"
    LINK = "link"
    REPEAT = "repeat"
    FLOOD = "flood"


FILTER_REASONS = frozenset(
    {
        *(DropReason.MUTED, DropReason.PATTERN, DropReason.DENIED),
        *(DropReason.LINK, DropReason.REPEAT, DropReason.FLOOD),
    }
)
"""Why the seller's own filters keep a message out."""


class ChatDropped(msgspec.Struct, frozen=True, kw_only=True, tag="dropped"):
    """Messages that were read and cannot be kept."""

    reason: DropReason
    at: int
    count: int = 1
    sample: str = ""


class Reconsidered(msgspec.Struct, frozen=True, kw_only=True, tag="reconsidered"):
    """A stored message got one more verdict; no source says this, but who judges again does."""

    revision: Revision

    @property
    def at(self) -> int:
        """Return when the verdict was given."""
        return self.revision.at


class Pulse(msgspec.Struct, frozen=True, kw_only=True, tag="pulse"):
    """A sign of life that says nothing: a heartbeat answered, a page that ticks.

    ``way`` names the channel that is alive. Only the supervisor listens to it.
    """

    at: int
    way: str = ""


class Oddity(msgspec.Struct, frozen=True, kw_only=True, tag="oddity"):
    """A frame or a row that the parser does not know: counted and sampled, never a message."""

    kind: str
    at: int
    sample: str = ""


Fact = (
    ChatSeen
    | LotShown
    | LotClosed
    | BidSeen
    | SaleSeen
    | ViewersSeen
    | ShowSeen
    | SourceChanged
    | ChatDropped
    | Reconsidered
    | Pulse
    | Oddity
)

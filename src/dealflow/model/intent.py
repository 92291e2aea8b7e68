"""What a message means. The meanings are those of the annotation guide, word for word."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from dealflow.model.show import Lot, SaleMode, ShowRules


class Intent(StrEnum):
    """The one thing that the author of a message does with it."""

    CLAIM = "claim"
    BACKUP = "backup"
    BID = "bid"
    CHECKOUT = "checkout"
    DEMAND = "demand"
    PRICE_QUESTION = "price_question"
    PRODUCT_QUESTION = "product_question"
    SHIPPING_QUESTION = "shipping_question"
    INTEREST = "interest"
    RETRACTION = "retraction"
    DECLINED = "declined"
    POST_PURCHASE = "post_purchase"
    SELLER = "seller"
    SPAM = "spam"
    CHATTER = "chatter"

    @property
    def is_buyer(self) -> bool:
        """Say whether the author is a buyer."""
        return self in BUYER_INTENTS

    @property
    def is_lead(self) -> bool:
        """Say whether the author is a lead: not a buyer yet, but worth an answer."""
        return self in LEAD_INTENTS


BUYER_INTENTS = frozenset({Intent.CLAIM, Intent.BACKUP, Intent.BID, Intent.CHECKOUT})
LEAD_INTENTS = frozenset(
    {
        Intent.DEMAND,
        Intent.PRICE_QUESTION,
        Intent.PRODUCT_QUESTION,
        Intent.SHIPPING_QUESTION,
        Intent.INTEREST,
    }
)

MessageType = Literal[
    "direct_purchase", "product_question", "pricing_question", "interest", "general"
]


def message_type(intent: Intent) -> MessageType:
    """Return the coarser kind that the original system's callers know."""
    match intent:
        case Intent.CLAIM | Intent.BACKUP | Intent.BID | Intent.CHECKOUT:
            return "direct_purchase"
        case Intent.PRICE_QUESTION:
            return "pricing_question"
        case Intent.PRODUCT_QUESTION | Intent.SHIPPING_QUESTION | Intent.DEMAND:
            return "product_question"
        case Intent.INTEREST:
            return "interest"
        case _:
            return "general"


class Role(StrEnum):
    """Who speaks."""

    HOST = "host"
    MOD = "mod"
    VIEWER = "viewer"
    BOT = "bot"


class Slots(msgspec.Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True):
    """What a message states; a field that it does not state is absent.

    ``quantity`` is a whole number; ``price`` is in the major unit of ``currency`` (ISO 4217).
    """

    item: str | None = None
    quantity: int | None = None
    size: str | None = None
    color: str | None = None
    price: float | None = None
    currency: str | None = None


class Room(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was said around a message; nothing, where nobody knows.

    ``shop`` is what the host or a moderator wrote last, not long ago. ``others`` are the last lines
    of other viewers, ``numbers`` the last short lines with a number that viewers, the author among
    them, wrote since the lot came on screen; both the oldest first. See `model.room`.
    """

    shop: str = ""
    others: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader of the message knows beside its text.

    ``history`` holds the author's earlier messages in this show, oldest first.
    ``lot_age`` is the seconds since the lot on screen changed, or ``None`` when unknown.
    """

    mode: SaleMode | None = None
    lot: Lot | None = None
    author_role: Role = Role.VIEWER
    history: tuple[str, ...] = ()
    rules: ShowRules | None = None
    lot_age: float | None = None
    room: Room = Room()

    def __post_init__(self) -> None:
        if isinstance(self.history, list):  # the compiled judge would refuse what its source reads
            msgspec.structs.force_setattr(self, "history", tuple(self.history))


class Utterance(msgspec.Struct, frozen=True, kw_only=True):
    """One message as a classifier gets it; ``lang`` is a hint (BCP 47) and may be wrong."""

    text: str
    context: Context = Context()
    lang: str | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What one classifier thinks of one message.

    ``confidence`` is the probability that the author is a buyer, not that ``intent`` is right.
    ``scores`` gives a probability for each intent; they add up to 1.
    ``claims`` holds the slots of each claim when one message makes several, else it is empty.
    ``reason`` is one short plain phrase; ``model`` names the classifier and its version.
    """

    intent: Intent
    confidence: float
    scores: dict[Intent, float]
    slots: Slots = Slots()
    claims: tuple[Slots, ...] = ()
    reason: str = ""
    model: str = ""

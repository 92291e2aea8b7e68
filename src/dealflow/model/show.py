"""A show, what is sold in it, and how."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec


class SaleMode(StrEnum):
    """How a show sells."""

    CLAIM = "claim"
    AUCTION = "auction"
    FIXED = "fixed"


class ShowStatus(StrEnum):
    """What is known of a show's life on its platform."""

    UNKNOWN = "unknown"
    SCHEDULED = "scheduled"
    LIVE = "live"
    PAUSED = "paused"
    ENDED = "ended"


class Lot(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One thing on offer.

    ``code`` is what people call it in chat ("A12", "43"); ``platform_id`` is the platform's own.
    Prices are in the major unit of ``currency`` (ISO 4217). ``stock`` is how many can be had, or
    ``None`` when unknown. ``mode`` is how this lot is sold, or ``None`` for the show's own mode.
    """

    code: str | None = None
    platform_id: str | None = None
    title: str = ""
    price: float | None = None
    currency: str | None = None
    stock: int | None = None
    mode: SaleMode | None = None

    @property
    def key(self) -> str:
        """Return what tells this lot from the others of its show."""
        if self.platform_id is not None:
            return f"p:{self.platform_id}"
        return f"c:{self.code or self.title}"


SaleKind = Literal["auction", "buy_now"]


class Sale(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What the platform itself says was sold. A giveaway is never a sale.

    ``lot`` is the lot's code, or its title where it has none; ``timestamp`` is ISO 8601.
    """

    lot: str
    platform_id: str | None = None
    username: str | None = None
    price: float | None = None
    currency: str | None = None
    kind: SaleKind = "auction"
    timestamp: str = ""


NumberMeaning = Literal["item", "price", "size", "quantity"]
"""What a bare number can mean in a show."""


class ShowRules(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """How claims are made in one show, as the seller said it.

    ``claim_words`` are words that claim here beside the usual ones; ``number_is`` says what a bare
    number means; ``codes`` is a list of codes or ranges ("A1-A99") in use; ``require_item`` voids
    a claim that names no item; ``retract`` says whether a buyer may take a claim back; ``early``
    says whether a claim holds that names a code before its lot was shown; ``one_per_buyer`` gives
    nobody more than one piece of a lot; ``plus_n`` says whether "+2" claims two pieces, and
    ``size_claims`` whether a size alone claims (``None``: as the way of selling has it); ``learn``
    says whether the host's own announcements may add to these rules.
    """

    claim_words: tuple[str, ...] = ()
    number_is: NumberMeaning | None = None
    codes: tuple[str, ...] = ()
    require_item: bool = False
    retract: bool = True
    one_per_buyer: bool = False
    early: bool = True
    plus_n: bool | None = None
    size_claims: bool | None = None
    learn: bool = True


class RulesPatch(msgspec.Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True):
    """What one announcement says of the rules; what it does not speak of is absent."""

    claim_words: tuple[str, ...] = ()
    number_is: NumberMeaning | None = None
    codes: tuple[str, ...] = ()
    require_item: bool | None = None
    retract: bool | None = None
    one_per_buyer: bool | None = None
    early: bool | None = None
    plus_n: bool | None = None
    size_claims: bool | None = None


class LearnedRule(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A rule that the shop announced: in plain words, from which message, and what it changes."""

    rule: str
    source: str = msgspec.field(name="from")
    patch: RulesPatch


class StreamInfo(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A show as callers see it; ``viewers`` is ``None`` while unknown, never 0 by default."""

    url: str
    title: str = ""
    viewers: int | None = None
    source: str = ""
    platform: str = ""
    seller: str = ""

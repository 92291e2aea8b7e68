"""Who wants what: claims, which are the ledger's, and captures, which are the seller's."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from dealflow.model.intent import Intent


class ClaimState(StrEnum):
    """What became of a claim."""

    AWARDED = "awarded"
    BACKUP = "backup"
    PASSED = "passed"
    VOID = "void"
    SOLD = "sold"


class Claim(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One person's standing on one lot.

    ``lot`` is the lot's code, or its title where it has none. ``place`` counts from 1 within the
    state: the first backup has place 1. ``evidence`` holds the ids of the messages that made it.
    ``lot_key`` and ``person`` tell lots of one title and people of one name apart.
    """

    lot: str
    username: str
    quantity: int = 1
    state: ClaimState = ClaimState.AWARDED
    place: int = 1
    evidence: tuple[str, ...] = ()
    lot_key: str = ""
    person: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Return what there is one claim of: a lot and a person."""
        return (self.lot_key or self.lot, self.person or self.username)


ValueBasis = Literal["named_price", "lot_price", "seller_average", "unknown"]


class ValueRange(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What a buyer may be worth, and why; ``low`` and ``high`` are ``None`` if unknown."""

    low: float | None = None
    high: float | None = None
    currency: str | None = None
    basis: ValueBasis = "unknown"


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """A buyer record: one row of ``sales_captured``.

    ``key`` is what makes it once: person and lot. ``at`` is in milliseconds since 1970, and so is
    ``withdrawn_at``, from which on the capture does not count because the seller took it back.
    """

    id: str
    key: str
    message_id: str
    username: str
    text: str
    confidence: float
    intent: Intent
    reason: str
    at: int
    number: int
    item: str | None = None
    quantity: int = 1
    value: ValueRange = ValueRange()
    lot_key: str | None = None
    withdrawn_at: int | None = None

    @property
    def estimated_value(self) -> float | None:
        """Return the middle of the value range, or ``None`` when nothing is known."""
        low, high = self.value.low, self.value.high
        if low is None or high is None:
            return None
        return round((low + high) / 2, 2)

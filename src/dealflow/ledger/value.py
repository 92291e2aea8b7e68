"""What a buyer may be worth, with its basis; pure. Nothing is ever invented.

The best of: the price that the buyer named, the lot's price, what this seller's confirmed sales
brought on average. Without any of them the value is unknown.
"""

from __future__ import annotations

import math
from typing import TypeGuard

import msgspec

from dealflow.ledger.standing import quantity_of
from dealflow.model.claim import ValueBasis, ValueRange
from dealflow.model.intent import Verdict
from dealflow.model.show import Lot, Sale

MIN_SALES = 3
"""Confirmed sales before their average says anything; two can be anything."""

MAX_PRICE = 100_000.0
"""The most that a price said in chat is believed, in major units; more is a joke."""


class Spread(msgspec.Struct, frozen=True):
    """Running figures of the sales in one currency; ``deviation`` sums squares off the mean."""

    count: int = 0
    mean: float = 0.0
    deviation: float = 0.0
    lowest: float = math.inf
    highest: float = -math.inf

    def with_price(self, price: float) -> Spread:
        """Return the figures with one more sale (Welford's way, which loses no precision)."""
        count = self.count + 1
        mean = self.mean + (price - self.mean) / count
        return Spread(
            count,
            mean,
            self.deviation + (price - self.mean) * (price - mean),
            min(self.lowest, price),
            max(self.highest, price),
        )

    @property
    def usual(self) -> tuple[float, float]:
        """Return the mean less and plus one standard deviation, within what was really paid."""
        margin = math.sqrt(self.deviation / self.count) if self.count else 0.0
        return max(self.lowest, self.mean - margin), min(self.highest, self.mean + margin)


class Average:
    """A seller's own average of confirmed sales, for each currency."""

    def __init__(self) -> None:
        self._spreads: dict[str | None, Spread] = {}

    def add(self, sale: Sale) -> None:
        """Count a confirmed sale; one without a price says nothing."""
        if not _is_real(sale.price):
            return
        spread = self._spreads.get(sale.currency, Spread())
        self._spreads[sale.currency] = spread.with_price(sale.price)

    def spread(self, currency: str | None = None) -> tuple[str | None, Spread] | None:
        """Return a currency and its figures: of this one, or of the one with the most sales.

        ``None`` means that there are too few sales.
        """
        if not self._spreads:
            return None
        if currency is None:
            currency = max(self._spreads, key=lambda one: self._spreads[one].count)
        spread = self._spreads.get(currency, Spread())
        return (currency, spread) if spread.count >= MIN_SALES else None

    def checkpoint(self) -> dict[str | None, Spread]:
        """Return what is needed to undo the sales that follow."""
        return dict(self._spreads)

    def restore(self, spreads: dict[str | None, Spread]) -> None:
        """Undo every sale since the checkpoint."""
        self._spreads = dict(spreads)


def estimate(verdict: Verdict, lot: Lot | None, seller_average: Average) -> ValueRange:
    """Return what the author of a message may be worth.

    Args:
        verdict: what they said.
        lot: the lot that it concerns.
        seller_average: the seller's confirmed sales so far.
    """
    slots = verdict.slots
    currency = slots.currency or (None if lot is None else lot.currency)
    if _is_real(slots.price) and slots.price <= MAX_PRICE:
        return _range(slots.price, slots.price, currency, "named_price")
    if lot is not None and _is_real(lot.price):
        total = lot.price * quantity_of(slots)
        return _range(total, total, lot.currency, "lot_price")
    average = seller_average.spread(currency)
    if average is None:
        return ValueRange()
    known_currency, spread = average
    low, high = spread.usual
    return _range(low, high, known_currency, "seller_average")


def _is_real(price: float | None) -> TypeGuard[float]:
    return price is not None and math.isfinite(price) and price > 0


def _range(low: float, high: float, currency: str | None, basis: ValueBasis) -> ValueRange:
    return ValueRange(low=round(low, 2), high=round(high, 2), currency=currency, basis=basis)

"""What a buyer may be worth."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealflow.ledger.value import Average, estimate
from dealflow.model.claim import ValueRange
from dealflow.model.intent import Intent, Slots, Verdict
from dealflow.model.show import Lot, Sale

LOT = Lot(code="1", price=18.0, currency="USD")


def said(**slots: object) -> Verdict:
    return Verdict(
        intent=Intent.CLAIM,
        confidence=0.9,
        scores={},
        slots=Slots(**slots),  # type: ignore[arg-type] # the caller names its fields
    )


def sold(*prices: float, currency: str | None = "USD") -> Average:
    average = Average()
    for price in prices:
        average.add(Sale(lot="1", price=price, currency=currency))
    return average


def test_the_named_price_comes_first() -> None:
    value = estimate(said(price=25.0, currency="EUR"), LOT, sold(1, 2, 3))
    assert value == ValueRange(low=25, high=25, currency="EUR", basis="named_price")


def test_then_the_lots_price_for_each_piece() -> None:
    value = estimate(said(quantity=2), LOT, sold(1, 2, 3))
    assert value == ValueRange(low=36, high=36, currency="USD", basis="lot_price")


def test_then_what_this_seller_usually_gets_as_a_range() -> None:
    value = estimate(said(), None, sold(10, 20, 30))
    assert value.basis == "seller_average"
    assert value.low == pytest.approx(11.84)
    assert value.high == pytest.approx(28.16)
    assert value.currency == "USD"


def test_else_it_is_unknown() -> None:
    assert estimate(said(), None, Average()) == ValueRange()
    assert estimate(said(), Lot(code="1"), sold(10, 20)) == ValueRange()


def test_currencies_are_never_mixed() -> None:
    average = sold(10, 10, 10, 10)
    for price in (1_000, 1_000, 1_000):
        average.add(Sale(lot="1", price=price, currency="THB"))
    assert estimate(said(), Lot(code="1", currency="THB"), average).low == 1_000
    assert estimate(said(), None, average).low == 10
    assert estimate(said(), Lot(code="1", currency="EUR"), average) == ValueRange()


@pytest.mark.parametrize("price", [0.0, -5.0, math.inf, math.nan, 10**9])
def test_a_price_that_cannot_be_meant_is_not_believed(price: float) -> None:
    assert estimate(said(price=price), LOT, Average()).basis == "lot_price"


@given(st.lists(st.floats(0.01, 10_000), min_size=3, max_size=30))
def test_the_usual_range_lies_within_what_was_paid(prices: list[float]) -> None:
    value = estimate(said(), None, sold(*prices))
    assert value.low is not None
    assert value.high is not None
    assert min(prices) - 0.01 <= value.low <= value.high <= max(prices) + 0.01


def test_a_failed_commit_leaves_no_trace() -> None:
    average = sold(10, 20, 30)
    state = average.checkpoint()
    average.add(Sale(lot="1", price=9_000, currency="USD"))
    average.restore(state)
    assert average.spread() == sold(10, 20, 30).spread()

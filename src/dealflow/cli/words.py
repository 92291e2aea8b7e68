"""The words in which people are told of buyers, lots and money."""

from __future__ import annotations

from dealflow.model.claim import ValueRange
from dealflow.model.events import BuyerView, MessageView
from dealflow.model.show import Lot


def verdict_mark(message: MessageView) -> str:
    """Return a word for what its author is: a buyer, a lead, or nothing."""
    if message.is_buyer:
        return "BUYER"
    return "lead" if message.intent.is_lead else ""


def buyer_words(buyer: BuyerView) -> str:
    """Return who wants what, how many, and what it may be worth."""
    item = buyer.item or "the lot"
    many = f" × {buyer.quantity}" if buyer.quantity != 1 else ""
    return f"{buyer.username}, {item}{many} {value_words(buyer.value_range)}".rstrip()


def value_words(value: ValueRange) -> str:
    """Return a range of money, or nothing when the value is unknown."""
    if value.low is None or value.high is None:
        return ""
    if value.low == value.high:
        return money(value.low, value.currency)
    return f"{value.low:,.2f}–{money(value.high, value.currency)}"


def money(amount: float | None, currency: str | None) -> str:
    """Return an amount with its currency, or nothing when it is unknown."""
    return "" if amount is None else f"{amount:,.2f} {currency or ''}".rstrip()


def lot_words(lot: Lot | None) -> str:
    """Return what is on screen, at what price, and how many there are."""
    if lot is None:
        return "nothing on screen"
    stock = "" if lot.stock is None else f"{lot.stock} left"
    parts = (lot.code, lot.title, money(lot.price, lot.currency), stock)
    return " · ".join(part for part in parts if part)

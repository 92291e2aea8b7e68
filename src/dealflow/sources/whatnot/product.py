"""One product as one frame tells it; pure.

Only the fields named here are ever read. The frames also carry people's device data
(``userAgent``, ``purchaserUserAgent``); it goes no further than the decoder.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from dealflow.model.text import MAX_NAME, clean_name
from dealflow.sources.whatnot.fields import Json, record, text, whole

Kind = Literal["auction", "buy_now", "giveaway"]

_KINDS: Final[dict[str, Kind]] = {
    "AUCTION": "auction",
    "BUY_IT_NOW": "buy_now",
    "GIVEAWAY": "giveaway",
}
_MAX_CENTS: Final = 10**11
_MAX_CODE: Final = 8


class Money(msgspec.Struct, frozen=True):
    """An amount in minor units; ``currency`` is ISO 4217."""

    cents: int
    currency: str | None = None

    @property
    def major(self) -> float:
        """Return the amount in major units."""
        return self.cents / 100


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """What a frame says of a product; ``None`` means: not said."""

    id: str
    name: str | None = None
    kind: Kind | None = None
    status: str | None = None
    active: bool | None = None
    ends_at: int | None = None
    bids: int | None = None
    highest: Money | None = None
    price: Money | None = None
    paid: Money | None = None
    stock: int | None = None
    units_sold: int | None = None
    buyer: str | None = None
    buyer_id: str | None = None
    order: str | None = None


def read_product(value: object) -> Product | None:
    """Return what is said of a product, or ``None`` when it has no id."""
    body = record(value)
    product_id = text(body.get("id"))
    if product_id is None or len(product_id) > MAX_NAME:
        return None
    quantity = record(body.get("quantity"))
    buyer = record(body.get("purchaserUser"))
    active = body.get("isAuctionActive")
    return Product(
        id=product_id,
        name=_name(body.get("name")),
        kind=_kind(body.get("transactionType")),
        status=_name(body.get("status")),
        active=active if isinstance(active, bool) else None,
        ends_at=whole(body.get("auctionEndTime")),
        bids=whole(body.get("bidCount")),
        highest=_highest(record(body.get("highestBid"))),
        price=read_money(body.get("price")),
        paid=_paid(body),
        stock=whole(quantity.get("remaining")),
        units_sold=whole(quantity.get("sold")),
        buyer=_name(buyer.get("username")),
        buyer_id=text(buyer.get("id")),
        order=text(body.get("orderId")),
    )


def read_money(value: object) -> Money | None:
    """Return an amount in cents: ``{"amount": 1100, "currency": "GBP"}``, or a bare number."""
    body = value if isinstance(value, dict) else {"amount": value}
    cents = whole(body.get("amount"))
    if cents is None or cents > _MAX_CENTS:
        return None
    return Money(cents, _currency(body.get("currency")))


def code_of(name: str) -> str | None:
    """Return what people call a lot in chat: ``Tee #246`` is ``246``.

    Only a code at the end, behind ``#``, letters and digits with at least one digit: a number
    within a title is more often a size, a year or a card's own number.
    """
    _, mark, tail = name.rstrip().rpartition("#")
    code = tail.strip()
    if not mark or not 0 < len(code) <= _MAX_CODE:
        return None
    if not (code.isascii() and code.isalnum() and any(map(str.isdigit, code))):
        return None
    return code


def _kind(value: object) -> Kind | None:
    return _KINDS.get(value) if isinstance(value, str) else None


def _name(value: object) -> str | None:
    return (clean_name(value) or None) if isinstance(value, str) else None


def _currency(value: object) -> str | None:
    if isinstance(value, str) and len(value) == 3 and value.isascii() and value.isalpha():
        return value.upper()
    return None


def _highest(bid: Json) -> Money | None:
    return _either(bid.get("price"), bid.get("priceCents"))


def _paid(body: Json) -> Money | None:
    return _either(body.get("soldPrice"), body.get("soldPriceCents"))


def _either(full: object, cents: object) -> Money | None:
    """Return the amount with its currency, else the bare cents."""
    return read_money(full) or read_money(cents)

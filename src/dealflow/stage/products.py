"""Lots as the platform's products: ids, prices in minor units, bids."""

from __future__ import annotations

import msgspec

from dealflow.model.show import Lot, SaleMode
from dealflow.stage.frames import Author, Json, money

DEFAULT_CURRENCY = "USD"
DEVICE = "stage-device-data"
"""What the real frames tell of a buyer's device; a reader must let it go no further."""


def cents(price: float | None) -> int:
    """Return a price in minor units; an unknown price is 0."""
    return 0 if price is None else round(price * 100)


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """One lot on its way from the screen to its buyer; every change is a new value.

    ``ends_at`` is in milliseconds since 1970, or ``None`` where no clock runs. ``buyer``, ``sold``
    and ``units`` are the last buyer, the price paid and how many are gone.
    """

    id: str
    lot: Lot
    kind: str
    ends_at: int | None = None
    highest: int = 0
    bids: int = 0
    bidder: Author | None = None
    status: str = "ACTIVE"
    buyer: Author | None = None
    sold: int = 0
    units: int = 0

    @property
    def name(self) -> str:
        """Return the name that viewers see: the title with the lot's code at its end."""
        title, code = self.lot.title or "Item", self.lot.code
        if code is None or code.lower() in title.lower().replace("#", "").split():
            return title
        return f"{title} #{code}"

    @property
    def currency(self) -> str:
        """Return the currency of all its amounts."""
        return self.lot.currency or DEFAULT_CURRENCY

    @property
    def next_bid(self) -> int:
        """Return the least that the next bidder must offer, in minor units."""
        return self.highest + 100 if self.bids else max(cents(self.lot.price), 100)

    @property
    def is_running(self) -> bool:
        """Say whether bids are still taken."""
        return self.kind == "AUCTION" and self.status == "ACTIVE"


def product_of(lot: Lot, product_id: str, *, ends_at: int | None) -> Product:
    """Put a lot on offer: an auction, unless the lot is sold by claims or at a fixed price."""
    fixed = lot.mode in (SaleMode.CLAIM, SaleMode.FIXED)
    return Product(
        id=product_id,
        lot=lot,
        kind="BUY_IT_NOW" if fixed else "AUCTION",
        ends_at=None if fixed else ends_at,
    )


def wire(product: Product, show_id: str) -> Json:
    """Return a product as the platform tells it."""
    told: Json = {
        "id": product.id,
        "parentId": f"{product.id}p",
        "name": product.name,
        "livestreamId": show_id,
        "status": product.status,
        "transactionType": product.kind,
        "isAuctionActive": product.is_running,
        "price": money(cents(product.lot.price), product.currency),
        "quantity": _quantity(product),
    }
    if product.kind == "AUCTION":
        told |= _auction(product)
    if product.buyer is not None:
        told |= {
            "soldPriceCents": product.sold,
            "soldPrice": money(product.sold, product.currency),
            "purchaserUser": {"id": product.buyer.id, "username": product.buyer.username},
            "purchaserUserAgent": DEVICE,
            "orderId": f"o{product.id}{product.units}",
        }
    return told


def _quantity(product: Product) -> Json:
    total = product.lot.stock or 1
    return {"remaining": total - product.units, "sold": product.units, "total": total}


def _auction(product: Product) -> Json:
    told: Json = {
        "auctionEndTime": product.ends_at,
        "isSuddenDeath": False,
        "bidCount": product.bids,
        "nextBidPrice": money(product.next_bid, product.currency),
    }
    if product.bids:
        price = money(product.highest, product.currency)
        highest = {"priceCents": product.highest, "price": price, "userAgent": DEVICE}
        told["highestBid"] = highest
    return told

"""What is known of a show's products: kinds, bids and sales, each counted once; pure.

One till belongs to one show and outlives its readers: a sale that was told before a connection
broke, or on two topics, or to two readers at once, is told again and must not count again.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final

import msgspec

from dealflow.clock import iso
from dealflow.model.facts import BidSeen, SaleSeen
from dealflow.model.show import Lot, Sale, SaleMode
from dealflow.sources.whatnot.product import Kind, Money, Product, code_of

MAX_PRODUCTS: Final = 1_000
"""Products remembered: eight hours of the fastest show's lots are about that many."""

MAX_SALES: Final = 500
"""Sales remembered of one product; more pieces of one thing in one show were never seen."""

CONFIRM_MS: Final = 5_000
"""An auction that ended as sold is confirmed by its payment within a second or two. Without any
word, the platform's own SOLD stands after this time, with the last highest bidder as the buyer."""

_MODES: Final[dict[Kind, SaleMode]] = {"auction": SaleMode.AUCTION, "buy_now": SaleMode.FIXED}


class SaleMark(msgspec.Struct, frozen=True):
    """What tells one sale of a product from the next; ``None`` was not said."""

    buyer: str | None
    order: str | None
    units: int | None

    def is_same(self, other: SaleMark) -> bool:
        """Say whether two tellings mean one sale: by order, else by count, else by buyer."""
        if self.order is not None and other.order is not None:
            return self.order == other.order
        same_buyer = self.buyer is None or other.buyer is None or self.buyer == other.buyer
        if self.units is not None and other.units is not None:
            return same_buyer and self.units == other.units
        return same_buyer


class Article(msgspec.Struct):
    """All that is known of one product so far."""

    lot: Lot
    kind: Kind | None = None
    bids: int = 0
    bidder: str | None = None
    highest: Money | None = None
    price: Money | None = None
    sales: deque[SaleMark] = msgspec.field(default_factory=lambda: deque(maxlen=MAX_SALES))


class Till:
    """The products and sales of one show."""

    def __init__(self) -> None:
        self._articles: OrderedDict[str, Article] = OrderedDict()
        self._unconfirmed: dict[str, int] = {}

    def note(self, product: Product) -> Article:
        """Take in what a frame says; return all that is known."""
        article = self._article(product.id)
        if article.kind != "giveaway":
            article.kind = product.kind or article.kind
        article.highest = product.highest or article.highest
        article.price = product.price or article.price
        article.lot = self._lot(product, article)
        return article

    def note_giveaway(self, product_id: str) -> None:
        """Remember that this product is given away, so that it never counts as sold."""
        self._article(product_id).kind = "giveaway"

    def knows(self, product_id: str) -> Article | None:
        """Return what is known of a product."""
        return self._articles.get(product_id)

    def bid(self, product: Product, bidder: str | None, at: int) -> BidSeen | None:
        """Count a bid; ``None`` when it was counted before, by the product's number of bids."""
        article = self.note(product)
        if product.bids is not None:
            if product.bids <= article.bids:
                return None
            article.bids = product.bids
        article.bidder = bidder or article.bidder
        article.kind = article.kind or "auction"
        offered = product.highest
        return BidSeen(
            lot_platform_id=product.id,
            username=bidder,
            price=None if offered is None else offered.major,
            currency=article.lot.currency if offered is not None else None,
            at=at,
        )

    def ended(self, product: Product, at: int) -> list[SaleSeen]:
        """Take in that an auction ended: sold at once if its buyer is named, else to confirm."""
        article = self.note(product)
        article.kind = article.kind or "auction"
        if product.status != "SOLD" or article.kind == "giveaway":
            return []
        if product.buyer is not None:
            return self.sold(product, at)
        if not article.sales:
            self._unconfirmed[product.id] = at
        return []

    def sold(self, product: Product, at: int) -> list[SaleSeen]:
        """Count a sale that the platform confirms; empty when it is none or was counted."""
        article = self.note(product)
        self._unconfirmed.pop(product.id, None)
        mark = SaleMark(product.buyer_id or product.buyer, product.order, product.units_sold)
        if self._is_counted(article, mark):
            return []
        paid = product.paid or article.highest or article.price
        if not self._is_sale(article, paid):
            return []
        article.sales.append(mark)
        buyer = product.buyer or (article.bidder if article.kind != "buy_now" else None)
        return [self._sale(product.id, article, buyer, paid, at)]

    def failed(self, product: Product) -> None:
        """Take in that a payment failed: an auction that waits to be confirmed is no sale."""
        self.note(product)
        self._unconfirmed.pop(product.id, None)

    def due(self, before: int) -> list[SaleSeen]:
        """Return the sales of auctions that ended as sold before a time and heard nothing since."""
        late = [(name, at) for name, at in self._unconfirmed.items() if at <= before]
        return [fact for name, at in late for fact in self.sold(Product(id=name), at)]

    def _article(self, product_id: str) -> Article:
        article = self._articles.get(product_id)
        if article is None:
            article = Article(Lot(platform_id=product_id))
            self._articles[product_id] = article
            while len(self._articles) > MAX_PRODUCTS:
                oldest, _ = self._articles.popitem(last=False)
                self._unconfirmed.pop(oldest, None)
        return article

    def _lot(self, product: Product, article: Article) -> Lot:
        lot = article.lot
        money = article.highest or article.price
        mode = None if article.kind is None else _MODES.get(article.kind)
        return Lot(
            code=code_of(product.name) if product.name is not None else lot.code,
            platform_id=product.id,
            title=product.name or lot.title,
            price=None if money is None else money.major,
            currency=(None if money is None else money.currency) or lot.currency,
            stock=product.stock if product.stock is not None else lot.stock,
            mode=mode or lot.mode,
        )

    def _is_counted(self, article: Article, mark: SaleMark) -> bool:
        if article.kind == "buy_now":
            return any(mark.is_same(counted) for counted in article.sales)
        return bool(article.sales)

    def _is_sale(self, article: Article, paid: Money | None) -> bool:
        """Say whether something was sold: not given away, and there is a sign of a price."""
        if article.kind == "giveaway" or (paid is not None and paid.cents == 0):
            return False
        return article.kind is not None or paid is not None

    def _sale(
        self, product_id: str, article: Article, buyer: str | None, paid: Money | None, at: int
    ) -> SaleSeen:
        lot = article.lot
        sale = Sale(
            lot=lot.code or lot.title or product_id,
            platform_id=product_id,
            username=buyer,
            price=None if paid is None else paid.major,
            currency=(None if paid is None else paid.currency) or lot.currency,
            kind="auction" if article.kind == "auction" or article.bids else "buy_now",
            timestamp=iso(at),
        )
        return SaleSeen(sale=sale, at=at)

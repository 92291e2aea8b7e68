"""The show on stage: what is so at this moment, and the frames that each change makes."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import msgspec

from dealflow.model.show import Lot, SaleMode
from dealflow.stage import frames
from dealflow.stage.frames import Author, Frame, Json
from dealflow.stage.products import Product, cents, product_of, wire

BACKLOG_KEPT = 1_000
"""Messages kept for those who come later; more than any backlog that a test asks for."""

RECENT_SALES = 20
"""Sales that the page lists."""


class Show:
    """One live show. Methods change it and return what the platform would tell, in order."""

    def __init__(
        self, show_id: str, *, title: str, seller: str, mode: SaleMode | None, started_ms: int
    ) -> None:
        self.id = show_id
        self.title = title
        self.seller = seller
        self.mode = mode
        self.started_ms = started_ms
        self.status = "PLAYING"
        self.viewers: int | None = None
        self.product: Product | None = None
        self.products: dict[str, Product] = {}
        self.backlog: deque[Json] = deque(maxlen=BACKLOG_KEPT)
        self.sales: deque[Json] = deque(maxlen=RECENT_SALES)
        self.chat = f"chat:{show_id}"
        self.auction = f"auction:{show_id}"
        self.commerce = f"commerce:{show_id}"
        self._lots = 0

    def livestream(self) -> Json:
        """Return the show as the platform tells it."""
        return {
            "id": self.id,
            "status": self.status,
            "title": self.title,
            "hostUsername": self.seller,
            "activeViewers": 0 if self.viewers is None else self.viewers,
            "startTime": self.started_ms,
            "pinnedProductId": None if self.product is None else self.product.id,
        }

    def newest_messages(self, limit: int) -> list[Json]:
        """Return the backlog, newest first."""
        newest = list(self.backlog)[-limit:] if limit > 0 else []
        return newest[::-1]

    def spoken(self, message: Json) -> Frame:
        """Tell a message, and keep it for those who come later."""
        self.backlog.append(message)
        return Frame(self.chat, "new_msg", message)

    def watched_by(self, viewers: int) -> list[Frame]:
        """Set how many watch."""
        self.viewers = viewers
        return [frames.view_count(self.chat, viewers)]

    def turned(self, status: str) -> list[Frame]:
        """Set the show's status: ``PLAYING``, ``STOPPED`` or ``ENDED``."""
        self.status = status
        if status == "ENDED":
            self.viewers = 0
        return [frames.livestream_update(self.auction, self.livestream())]

    def offered(self, lot: Lot, seconds: float, now_ms: int) -> list[Frame]:
        """Bring a lot on screen, or tell that the one on screen changed."""
        lot = lot if lot.mode is not None else msgspec.structs.replace(lot, mode=self.mode)
        shown = self.product
        if shown is not None and shown.buyer is None and shown.lot.key == lot.key:
            self._keep(msgspec.structs.replace(shown, lot=lot))
            return [self._told("product_updated")]
        self._lots += 1
        product_id = lot.platform_id or f"{self.id[:4]}{self._lots:04x}"
        ends_at = now_ms + round(seconds * 1000)
        product = product_of(lot, product_id, ends_at=ends_at)
        self._keep(product)
        if product.kind != "AUCTION":
            return [self._told("product_pinned"), *self._pinned()]
        told = wire(product, self.id)
        parent = {**told, "id": told["parentId"], "isAuctionActive": False}
        return [
            frames.auction_started(self.commerce, told, now_ms),
            frames.product_event(self.commerce, "product_updated", parent),
        ]

    def taken_off(self) -> list[Frame]:
        """Take the lot off the screen unsold."""
        if self.product is None:
            return []
        gone = msgspec.structs.replace(self.product, status="INACTIVE")
        event = "auction_ended" if gone.kind == "AUCTION" else "product_unpinned"
        self.product = None
        return [frames.product_event(self.commerce, event, wire(gone, self.id)), *self._pinned()]

    def bid(self, bidder: Author, amount: float | None, now_ms: int) -> list[Frame]:
        """Take a bid on the auction on screen; without an amount, the next one."""
        product = self.product
        if product is None or not product.is_running:
            return []
        offered = product.next_bid if amount is None else cents(amount)
        raised = msgspec.structs.replace(
            product, bids=product.bids + 1, highest=max(offered, product.highest), bidder=bidder
        )
        self._keep(raised)
        return [frames.new_bid(self.commerce, wire(raised, self.id), bidder, now_ms)]

    def hammered(self) -> list[Frame]:
        """End the auction on screen; nobody is told who paid yet. See `paid`."""
        product = self.product
        if product is None or not product.is_running:
            return []
        if product.bidder is None:
            return self.taken_off()
        self._keep(msgspec.structs.replace(product, status="SOLD"))
        return [self._told("auction_ended")]

    def paid(self) -> list[Frame]:
        """Confirm the buyer of the auction that ended."""
        product = self.product
        if product is None or product.status != "SOLD" or product.buyer is not None:
            return []
        self._sold(product, product.bidder, product.highest)
        return [self._told("product_sold"), self._told("payment_succeeded")]

    def unpaid(self) -> list[Frame]:
        """Say that the buyer of the auction that ended did not pay."""
        if self.product is None or self.product.status != "SOLD":
            return []
        told = {"product": wire(self.product, self.id), "placeOrderErrorReason": "CARD_DECLINED"}
        return [Frame(self.commerce, "payment_failed", told)]

    def bought(self, buyer: Author, lot: Lot | None, price: float | None) -> list[Frame]:
        """Sell one piece of a lot at a fixed price: the lot on screen, or the one given."""
        product = self.product if lot is None else self._find(lot)
        if product is None:
            fixed = msgspec.structs.replace(lot or Lot(title="Item"), mode=SaleMode.FIXED)
            self._lots += 1
            product = product_of(fixed, f"{self.id[:4]}{self._lots:04x}", ends_at=None)
        paid = cents(product.lot.price if price is None else price)
        left = (product.lot.stock or 1) - product.units - 1
        status = "ACTIVE" if left > 0 else "SOLD"
        sold = self._sold(msgspec.structs.replace(product, status=status), buyer, paid)
        told = {**wire(sold, self.id), "transactionType": "BUY_IT_NOW"}
        return [frames.product_event(self.commerce, "product_sold", told)]

    def given_away(self, winner: Author, item: str, entries: Sequence[Author]) -> list[Frame]:
        """Run a giveaway from start to winner; it must never count as a sale."""
        self._lots += 1
        product_id = f"g{self._lots:04x}"
        product: Json = {
            "id": product_id,
            "name": item,
            "transactionType": "GIVEAWAY",
            "status": "ACTIVE",
            "livestreamId": self.id,
        }
        entered = [{"id": each.id, "username": each.username} for each in entries]
        won = {
            "productId": product_id,
            "product": {**product, "status": "SOLD"},
            "winner": {"id": winner.id, "username": winner.username},
            "entries": entered,
        }
        counted = {"productId": product_id, "entryCount": len(entered)}
        sold = {
            **product,
            "status": "SOLD",
            "soldPriceCents": 0,
            "purchaserUser": {"id": winner.id, "username": winner.username},
        }
        return [
            Frame(self.auction, "giveaway_started", {"product": product}),
            Frame(self.auction, "giveaway_entry_count_updated", counted),
            Frame(self.auction, "giveaway_won", won),
            frames.product_event(self.commerce, "product_sold", sold),
        ]

    def pinned_product(self) -> Json | None:
        """Return the product on screen as the platform tells it."""
        return None if self.product is None else wire(self.product, self.id)

    def _find(self, lot: Lot) -> Product | None:
        """Return the product of a lot that was on screen before, by its key or else its code."""
        same_code = [each for each in self.products.values() if each.lot.code == lot.code]
        latest = same_code[-1] if lot.code is not None and same_code else None
        return self.products.get(lot.key, latest)

    def _keep(self, product: Product) -> None:
        self.product = product
        self.products[product.lot.key] = product

    def _sold(self, product: Product, buyer: Author | None, paid: int) -> Product:
        sold = msgspec.structs.replace(product, buyer=buyer, sold=paid, units=product.units + 1)
        self.products[sold.lot.key] = sold
        if self.product is not None and self.product.id == sold.id:
            self.product = sold
        self.sales.append(wire(sold, self.id))
        return sold

    def _told(self, event: str) -> Frame:
        return frames.product_event(self.commerce, event, self.pinned_product() or {})

    def _pinned(self) -> list[Frame]:
        return [frames.livestream_update(self.auction, self.livestream())]

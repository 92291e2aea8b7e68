"""Which product is on screen, followed from the frames about all of them; pure.

Frames speak of many products: the one that is being sold, its parent, others that take pre-bids.
Only the one on screen is a lot that people can mean, so the others never become one.
"""

from __future__ import annotations

from typing import Final

from dealflow.model.facts import Fact, LotClosed, LotShown
from dealflow.model.show import Lot
from dealflow.sources.whatnot.product import Product
from dealflow.sources.whatnot.till import Till

OVERTIME_MS: Final = 10_000
"""An auction is held to be over this long after its end, should nobody have said so."""


class Screen:
    """What viewers see, as one reader heard it."""

    def __init__(self, till: Till) -> None:
        self._till = till
        self._lot: Lot | None = None
        self._running = False
        self._ends_at: int | None = None

    def started(self, product: Product, at: int) -> list[Fact]:
        """Take in that an auction began: its product is on screen."""
        if self._till.note(product).kind == "giveaway":
            return []
        facts = self._show(product, at)
        self._running, self._ends_at = True, product.ends_at
        return facts

    def pinned(self, product: Product | None, at: int) -> list[Fact]:
        """Take in which product a snapshot calls pinned; ``None`` when it is none."""
        if product is None:
            return [] if self._auction_runs(at) else self._close(at)
        return self.started(product, at) if product.active else self.offered(product, at)

    def offered(self, product: Product, at: int) -> list[Fact]:
        """Take in that a product was pinned, which happens for pre-bids during an auction too."""
        if self._is_shown(product.id):
            return self.changed(product, at)
        return [] if self._auction_runs(at) else self._show(product, at)

    def pinned_id(self, product_id: str | None, at: int) -> list[Fact]:
        """Take in the id of the pinned product; one that was never heard of cannot be shown."""
        if product_id is None:
            return [] if self._auction_runs(at) else self._close(at)
        if self._till.knows(product_id) is None:
            return []
        return self.offered(Product(id=product_id), at)

    def bid(self, product: Product, at: int) -> list[Fact]:
        """Take in a bid: it changes the lot on screen, or tells that another one is there."""
        if self._is_shown(product.id):
            return self.changed(product, at)
        if product.active and not self._auction_runs(at):
            return self.started(product, at)
        self._till.note(product)
        return []

    def changed(self, product: Product, at: int) -> list[Fact]:
        """Take in news of a product; only the one on screen is shown again."""
        self._till.note(product)
        if not self._is_shown(product.id):
            return []
        self._ends_at = product.ends_at or self._ends_at  # late bids put the end off
        return self._show(product, at)

    def ended(self, product: Product, at: int) -> list[Fact]:
        """Take in that an auction ended. A sold lot stays on screen until something else comes."""
        if not self._is_shown(product.id):
            return []
        self._running = False
        return self._close(at) if product.status == "INACTIVE" else self.changed(product, at)

    def removed(self, product: Product, at: int) -> list[Fact]:
        """Take in that a product was unpinned or deleted."""
        return self._close(at) if self._is_shown(product.id) else []

    def _show(self, product: Product, at: int) -> list[Fact]:
        article = self._till.note(product)
        if article.kind == "giveaway" or article.lot == self._lot:
            return []
        if not self._is_shown(product.id):
            self._running, self._ends_at = product.active is True, product.ends_at
        self._lot = article.lot
        return [LotShown(lot=article.lot, at=at)]

    def _close(self, at: int) -> list[Fact]:
        if self._lot is None:
            return []
        self._lot, self._running = None, False
        return [LotClosed(at=at)]

    def _is_shown(self, product_id: str) -> bool:
        return self._lot is not None and self._lot.platform_id == product_id

    def _auction_runs(self, at: int) -> bool:
        if self._lot is None or not self._running:
            return False
        return self._ends_at is None or at <= self._ends_at + OVERTIME_MS

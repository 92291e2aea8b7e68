"""Lots, bids, sales and the show's state, from the platform's own frames."""

from __future__ import annotations

import json
from typing import Any, TypeVar

import pytest

from dealflow.model.facts import (
    BidSeen,
    Fact,
    LotClosed,
    LotShown,
    Oddity,
    SaleSeen,
    ShowSeen,
    ViewersSeen,
)
from dealflow.model.show import Lot, SaleMode, ShowStatus
from dealflow.sources.whatnot.parse import FrameParser
from dealflow.sources.whatnot.product import code_of
from dealflow.sources.whatnot.till import CONFIRM_MS, Till

SHOW = "3f0c2a9e-7f43-4a52-9a86-0d2f1b6f6c01"
AT = 1_790_960_500_000
F = TypeVar("F")


class Show:
    """A parser and what it told."""

    def __init__(self, till: Till | None = None) -> None:
        self.parser = FrameParser(SHOW, till)
        self.facts: list[Fact] = []

    def hear(self, event: str, payload: object, *, topic: str = "commerce", at: int = AT) -> None:
        text = json.dumps([None, None, f"{topic}:{SHOW}", event, payload])
        self.facts += self.parser.feed(text, at)

    def product(self, event: str, product: dict[str, Any], *, at: int = AT, **more: object) -> None:
        self.hear(event, {"product": product, **more}, at=at)

    def of(self, kind: type[F]) -> list[F]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    @property
    def lots(self) -> list[str | None]:
        return [fact.lot.platform_id for fact in self.of(LotShown)]

    @property
    def sales(self) -> list[tuple[str | None, float | None, str]]:
        return [(s.sale.username, s.sale.price, s.sale.kind) for s in self.of(SaleSeen)]


def auction(product_id: str = "0cf2", **more: object) -> dict[str, Any]:
    return {
        "id": product_id,
        "parentId": "33ab",
        "name": "Tee #246",
        "isAuctionActive": True,
        "auctionEndTime": AT + 30_000,
        "transactionType": "AUCTION",
        **more,
    }


def bid(show: Show, product: dict[str, Any], user: str, cents: int, count: int) -> None:
    price = {"priceCents": cents, "price": {"amount": cents, "currency": "GBP"}}
    show.product(
        "new_bid",
        {**product, "highestBid": price, "bidCount": count},
        timestamp=AT,
        highestBidder={"id": "501", "username": user},
    )


def test_a_snapshot_tells_the_lot_on_screen() -> None:
    show = Show()
    pinned = {
        "id": "0cf0",
        "parentId": "33ab",
        "name": "Item on screen - New #244",
        "isAuctionActive": True,
        "auctionEndTime": 1790960456791,
        "isSuddenDeath": True,
        "highestBid": {"priceCents": 1100, "price": {"amount": 1100, "currency": "GBP"}},
        "nextBidPrice": {"amount": 1300, "currency": "GBP"},
        "bidCount": 11,
        "livestreamId": SHOW,
        "status": "ACTIVE",
    }
    show.hear("user_joined", {"pinnedProduct": pinned})
    [shown] = show.of(LotShown)
    assert shown.lot == Lot(
        code="244",
        platform_id="0cf0",
        title="Item on screen - New #244",
        price=11.0,
        currency="GBP",
    )


def test_an_auction_from_start_to_sale() -> None:
    show = Show()
    show.product("auction_started", auction(), timestamp=AT)
    bid(show, auction(), "amy", 900, 1)
    bid(show, auction(), "bea", 1100, 2)
    show.product("auction_ended", auction(isAuctionActive=False, status="SOLD"))
    buyer = {"id": "501", "username": "bea"}
    show.product("product_sold", auction(status="SOLD", soldPriceCents=1100, purchaserUser=buyer))
    show.product("payment_succeeded", {"id": "0cf2"})
    bids = [(fact.username, fact.price, fact.currency) for fact in show.of(BidSeen)]
    assert bids == [("amy", 9.0, "GBP"), ("bea", 11.0, "GBP")]
    assert [fact.lot.price for fact in show.of(LotShown)] == [None, 9.0, 11.0]
    assert show.of(LotShown)[0].lot.mode is SaleMode.AUCTION
    [sold] = show.of(SaleSeen)
    assert (sold.sale.lot, sold.sale.platform_id, sold.sale.currency) == ("246", "0cf2", "GBP")
    assert show.sales == [("bea", 11.0, "auction")]


def test_the_real_capture_names_no_winner_so_the_last_bidder_bought() -> None:
    show = Show()
    for frame in (
        ("new_bid", {"id": "0cf1", "name": "Item #245", "isAuctionActive": True, "bidCount": 1}),
        ("auction_ended", {"id": "0cf1", "isAuctionActive": False, "status": "SOLD"}),
        ("payment_succeeded", {"id": "0cf1"}),
    ):
        show.product(*frame, highestBidder={"id": "501", "username": "bidder1"})
    assert show.lots == ["0cf1"]
    assert show.sales == [("bidder1", None, "auction")]


def test_the_confirmed_buyer_outranks_the_last_bidder() -> None:
    show = Show()
    bid(show, auction(), "amy", 900, 1)
    show.product("auction_ended", auction(status="SOLD"))
    show.product("product_sold", auction(purchaserUser={"id": "7", "username": "bea"}))
    assert show.sales == [("bea", 9.0, "auction")]


def test_without_any_confirmation_the_word_sold_stands_after_a_while() -> None:
    show = Show()
    bid(show, auction(), "amy", 900, 1)
    show.product("auction_ended", auction(status="SOLD"))
    show.hear("reactions", {}, at=AT + CONFIRM_MS - 1)
    assert show.sales == []
    show.hear("reactions", {}, at=AT + CONFIRM_MS)
    assert show.sales == [("amy", 9.0, "auction")]
    show.product("payment_succeeded", {"id": "0cf2"}, at=AT + 60_000)
    assert len(show.sales) == 1


def test_what_waits_to_be_confirmed_is_told_at_the_end() -> None:
    show = Show()
    bid(show, auction(), "amy", 900, 1)
    show.product("auction_ended", auction(status="SOLD"))
    assert [type(fact) for fact in show.parser.finish()] == [SaleSeen]
    assert show.parser.finish() == []


def test_a_failed_payment_is_no_sale() -> None:
    show = Show()
    bid(show, auction(), "amy", 900, 1)
    show.product("auction_ended", auction(status="SOLD"))
    show.product("payment_failed", {"id": "0cf2"}, placeOrderErrorReason="card")
    show.hear("reactions", {}, at=AT + 10 * CONFIRM_MS)
    assert show.sales == []


def test_an_auction_without_bids_is_no_sale_and_leaves_the_screen() -> None:
    show = Show()
    show.product("auction_started", auction())
    show.product("auction_ended", auction(isAuctionActive=False, status="INACTIVE"))
    show.hear("reactions", {}, at=AT + 10 * CONFIRM_MS)
    assert show.sales == []
    assert len(show.of(LotClosed)) == 1


def test_a_sold_lot_stays_on_screen_until_something_else_comes() -> None:
    show = Show()
    show.product("auction_started", auction())
    show.product("auction_ended", auction(status="SOLD"))
    assert show.of(LotClosed) == []
    show.product("product_unpinned", {"id": "0cf2"})
    assert len(show.of(LotClosed)) == 1


def test_each_piece_of_a_buy_now_lot_is_a_sale() -> None:
    show = Show()
    tee = {"id": "b1", "name": "Cap #7", "transactionType": "BUY_IT_NOW", "soldPriceCents": 1800}
    amy, bea = ({"id": name, "username": name} for name in ("amy", "bea"))
    for event, buyer, order, units in (
        ("product_sold", amy, "o1", 1),
        ("product_updated", amy, "o1", 1),  # the same sale, told again
        ("payment_succeeded", amy, None, 1),
        ("product_sold", bea, "o2", 2),
        ("product_sold", amy, "o3", 3),  # amy buys another
        ("product_updated", bea, "o4", 4),
    ):
        quantity = {"remaining": 5 - units, "sold": units, "total": 5}
        sold = {**tee, "purchaserUser": buyer, "quantity": quantity}
        show.product(event, sold if order is None else {**sold, "orderId": order})
    assert show.sales == [(name, 18.0, "buy_now") for name in ("amy", "bea", "amy", "bea")]


def test_a_buy_now_without_orders_or_counts_is_known_by_its_buyer() -> None:
    show = Show()
    sold = {"id": "b1", "transactionType": "BUY_IT_NOW", "soldPriceCents": 1800}
    sold["purchaserUser"] = {"id": "1", "username": "amy"}
    show.product("product_sold", sold)
    show.product("product_updated", sold)
    assert show.sales == [("amy", 18.0, "buy_now")]


@pytest.mark.parametrize(
    "product",
    [
        {"id": "g1", "transactionType": "GIVEAWAY"},
        {"id": "g2", "transactionType": "GIVEAWAY", "soldPriceCents": 500},
        {"id": "g3", "transactionType": "AUCTION", "soldPriceCents": 0},
        {"id": "known"},
    ],
)
def test_giveaways_and_gifts_are_never_sales(product: dict[str, Any]) -> None:
    show = Show()
    show.hear("giveaway_started", {"product": {"id": "known"}}, topic="auction")
    winner = {"id": "1", "username": "tina"}
    show.product("product_pinned", product)
    for event in ("auction_ended", "product_sold", "payment_succeeded", "product_updated"):
        show.product(event, {**product, "status": "SOLD", "purchaserUser": winner})
    show.hear("reactions", {}, at=AT + 10 * CONFIRM_MS)
    assert show.sales == []


def test_a_product_of_which_nothing_is_known_is_not_sold() -> None:
    show = Show()
    show.product("product_sold", {"id": "?", "purchaserUser": {"username": "tina"}})
    assert show.sales == []


def test_only_the_product_on_screen_becomes_a_lot() -> None:
    show = Show()
    show.product("auction_started", auction())
    show.product("product_updated", auction("33ab", isAuctionActive=False))  # the parent
    show.product("product_pinned", auction("pre", isAuctionActive=False))  # pre-bids
    bid(show, auction("pre", isAuctionActive=False), "amy", 300, 1)
    show.product("product_created", {"id": "new", "name": "Later #9"})
    show.product("product_deleted", {"id": "new"})
    assert show.lots == ["0cf2"]
    assert len(show.of(BidSeen)) == 1
    assert show.of(LotClosed) == []
    show.product("auction_started", auction("0cf3"))
    assert show.lots == ["0cf2", "0cf3"]


def test_an_auction_whose_start_was_missed_is_shown_by_its_bid() -> None:
    show = Show()
    show.product("auction_started", auction())
    later = AT + 60_000
    show.product("new_bid", auction("0cf3", bidCount=1), at=later)
    assert show.lots == ["0cf2", "0cf3"]


def test_a_fixed_price_lot_is_shown_when_it_is_pinned() -> None:
    show = Show()
    cap: dict[str, Any] = {"id": "b1", "name": "Cap #7", "transactionType": "BUY_IT_NOW"}
    cap |= {"price": {"amount": 1250, "currency": "usd"}, "quantity": {"remaining": 3}}
    show.product("product_pinned", cap)
    [shown] = show.of(LotShown)
    assert (shown.lot.price, shown.lot.currency, shown.lot.stock) == (12.5, "USD", 3)
    assert shown.lot.mode is SaleMode.FIXED
    show.product("product_updated", {**cap, "quantity": {"remaining": 2}})
    assert [fact.lot.stock for fact in show.of(LotShown)] == [3, 2]
    show.hear("livestream_update", {"id": SHOW, "pinnedProductId": None}, topic="auction")
    assert len(show.of(LotClosed)) == 1


def test_a_pinned_id_does_not_take_a_running_auction_off() -> None:
    show = Show()
    show.product("auction_started", auction())
    show.hear("livestream_update", {"id": SHOW, "pinnedProductId": None}, topic="auction")
    show.hear("livestream_update", {"id": SHOW, "pinnedProductId": "what"}, topic="auction")
    assert show.of(LotClosed) == []


def test_a_bid_counts_once_however_often_it_is_told() -> None:
    show = Show()
    for _ in range(2):
        bid(show, auction(), "amy", 900, 1)
    show.product("new_bid", auction(bidCount=2, bidAccepted=False))
    assert len(show.of(BidSeen)) == 1


def test_readers_that_share_a_till_tell_a_sale_once() -> None:
    till = Till()
    first, second = Show(till), Show(till)
    sold = auction(status="SOLD", soldPriceCents=900, purchaserUser={"username": "amy"})
    for show in (first, second):
        bid(show, auction(), "amy", 900, 1)
        show.product("product_sold", sold)
    assert len(first.sales + second.sales) == 1
    assert len(first.of(BidSeen) + second.of(BidSeen)) == 1


def test_device_data_goes_no_further() -> None:
    show = Show()
    spy = {"userAgent": "SPY-UA", "purchaserUserAgent": "SPY-UA"}
    highest = {"price": {"amount": 900, "currency": "USD"}, **spy}
    show.product("new_bid", auction(highestBid=highest, **spy), highestBidder={"username": "amy"})
    show.product("product_sold", auction(status="SOLD", **spy, purchaserUser={"username": "amy"}))
    show.product("never_heard_of", auction(**spy))
    assert "SPY" not in repr(show.facts)
    assert len(show.sales) == 1


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Tee #246", "246"),
        ("Tee # 246 ", "246"),
        ("Bag #A12", "A12"),
        ("#7", "7"),
        ("Tee 246", None),
        ("Charizard #4/102", None),
        ("#1 dad mug", None),
        ("Box #one", None),
        ("Roll #123456789", None),
        ("Tee #٢٤٦", None),
        ("Tee #", None),
        ("", None),
    ],
)
def test_the_code_of_a_lot(name: str, code: str | None) -> None:
    assert code_of(name) == code


@pytest.mark.parametrize(
    ("status", "seen"),
    [
        ("CREATED", ShowStatus.SCHEDULED),
        ("PLAYING", ShowStatus.LIVE),
        ("STOPPED", ShowStatus.PAUSED),
        ("ENDED", ShowStatus.ENDED),
        ("CANCELLED", ShowStatus.ENDED),
    ],
)
@pytest.mark.parametrize("is_nested", [True, False])
def test_the_shows_state(status: str, seen: ShowStatus, is_nested: bool) -> None:
    show = Show()
    body = {"id": SHOW, "status": status, "title": "Vintage night", "hostUsername": "seller"}
    show.hear("livestream_update", {"livestream": body} if is_nested else body, topic="auction")
    assert show.facts == [ShowSeen(at=AT, title="Vintage night", seller="seller", status=seen)]


def test_a_joins_reply_tells_the_show() -> None:
    show = Show()
    body = {"id": SHOW, "status": "PLAYING", "activeViewers": 12}
    reply = {"status": "ok", "response": {"livestream": body, "latestLiveActivityEvents": []}}
    show.hear("phx_reply", reply, topic="auction")
    assert show.facts == [ShowSeen(at=AT, status=ShowStatus.LIVE), ViewersSeen(viewers=12, at=AT)]


def test_a_state_that_nobody_knows_is_an_oddity() -> None:
    show = Show()
    show.hear("livestream_update", {"status": "DREAMING"}, topic="auction")
    assert show.facts == [Oddity(kind="unknown_status", at=AT)]


def test_another_shows_state_is_passed_over() -> None:
    show = Show()
    show.hear("livestream_update", {"id": "elsewhere", "status": "ENDED"}, topic="auction")
    assert show.of(ShowSeen) == []


@pytest.mark.parametrize(
    ("count", "seen"),
    [(1284, [1284]), ("1284", [1284]), (0, [0]), (None, []), (-1, []), ("many", []), (True, [])],
)
def test_viewers_that_are_not_told_are_unknown(count: object, seen: list[int]) -> None:
    show = Show()
    show.hear("livestream_view_count_updated", {"viewCount": count}, topic="chat")
    show.hear("livestream_view_count_updated", {}, topic="chat")
    assert [fact.viewers for fact in show.of(ViewersSeen)] == seen


@pytest.mark.parametrize(
    "product",
    [None, 7, [], {}, {"id": None}, {"id": []}, {"id": "x" * 300}],
)
def test_a_product_without_an_id_is_an_oddity(product: object) -> None:
    show = Show()
    show.hear("new_bid", {"product": product})
    assert [type(fact) for fact in show.facts] == [Oddity]

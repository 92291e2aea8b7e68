"""The frames are those of the samples, key by key."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealflow.model.intent import Role
from dealflow.model.show import Lot, SaleMode
from dealflow.stage import frames, hostile
from dealflow.stage.frames import Author, Frame
from dealflow.stage.products import product_of, wire
from dealflow.stage.show import Show

NEW_MSG = """[null,null,"chat:UUID","new_msg",{"id":"b7c1e0a2","type":null,"message":"I'll take it",
"topic":"chat:UUID","buyerBadge":"returning_buyer","muted":false,"isComment":true,"properties":{},
"taggedUsers":[],"user":{"id":"123","username":"alice_k","isHost":false,"isCohost":false,
"isModerator":false,"isNominatedModerator":false,"isEmployee":false,"isNewUser":false,
"isTopBuyer":true,"loyaltyTierForSeller":"GOLD",
"profileImage":{"id":"1","key":"users/123/a.jpg","url":"https://images.whatnot.com/a.jpg"}}}]"""
ANNOUNCEMENT = """[null,null,"chat:UUID","new_msg",{"id":"b7c1e0a3","type":"announcement",
"message":"Next lot in 2 min","topic":"chat:UUID","user":{"id":"9","username":"seller",
"isHost":true}}]"""
BACKLOG = """["1",null,"chat:UUID","latest_messages",{"messages":[
{"id":"b7c1e0a1","message":"newest","user":{"id":"7","username":"u7"}},
{"id":"b7c1e0a0","message":"older","user":{"id":"8","username":"u8"}}]}]"""
JOINED = """["3",null,"chat:UUID","presence_diff",{"joins":{"55":{"metas":[{"user":{"id":"55",
"username":"newbie9"},"phx_ref":"F1","online_at_ms":1790960450000}]}},"leaves":{}}]"""
VIEWERS = '[null,null,"chat:UUID","livestream_view_count_updated",{"viewCount":1284}]'
ENDED = """[null,null,"auction:UUID","livestream_update",{"id":"UUID","status":"ENDED",
"title":"Vintage night","activeViewers":0}]"""
STARTED = """[null,null,"commerce:UUID","auction_started",{"product":{"id":"0cf2","parentId":"33ab",
"name":"Tee #246","isAuctionActive":true,"auctionEndTime":1790960530000,
"transactionType":"AUCTION"},"timestamp":1790960500000}]"""
BID = """[null,null,"commerce:UUID","new_bid",{"product":{"id":"0cf1","name":"Item #245",
"isAuctionActive":true,"bidCount":1},"timestamp":1790960501066,
"highestBidder":{"id":"501","username":"bidder1"}}]"""
HAMMER = """["11",null,"commerce:UUID","auction_ended",{"product":{"id":"0cf1",
"isAuctionActive":false,"status":"SOLD"}}]"""
SOLD = """[null,null,"commerce:UUID","product_sold",{"product":{"id":"0cf2","status":"SOLD",
"transactionType":"BUY_IT_NOW","soldPriceCents":1800,"purchaserUser":{"id":"501",
"username":"bidder1"},"orderId":"o1"}}]"""
HEARTBEAT = '[null,"12","phoenix","phx_reply",{"status":"ok","response":{}}]'
REFUSED = (
    '["3","3","chat:UUID","phx_reply",{"status":"error","response":{"reason":"unauthorized"}}]'
)

ALICE = Author(username="alice_k", id="123", badges=("top_buyer", "gold"))
NOW = 1_790_960_500_000


def show() -> Show:
    return Show("UUID", title="Vintage night", seller="seller", mode=None, started_ms=NOW)


def bidder(name: str = "bidder1") -> Author:
    return Author(username=name, id="501")


def told(of: list[Frame], event: str) -> list[Any]:
    return next(json.loads(frames.encode(frame)) for frame in of if frame.event == event)


def covers(ours: Any, sample: Any) -> bool:
    """Say whether a value has every key of the sample, with values of the same type."""
    if isinstance(sample, dict):
        return isinstance(ours, dict) and all(
            key in ours and covers(ours[key], value) for key, value in sample.items()
        )
    if isinstance(sample, list):
        return isinstance(ours, list) and (
            not sample or all(covers(each, sample[0]) for each in ours)
        )
    return type(ours) is type(sample)


def matches(ours: list[Any], sample: str) -> bool:
    wanted = json.loads(sample)
    return ours[2:4] == wanted[2:4] and covers(ours[4], wanted[4])


def spoken(author: Author = ALICE, text: str = "I'll take it", **options: Any) -> list[Any]:
    message = frames.chat_message("chat:UUID", "b7c1e0a2", author, text, **options)
    return told([show().spoken(message)], "new_msg")


def test_a_message_is_that_of_the_sample() -> None:
    ours = spoken(buyer_badge="returning_buyer")
    assert matches(ours, NEW_MSG)
    wanted = json.loads(NEW_MSG)[4]["user"]
    ours_user = {key: value for key, value in ours[4]["user"].items() if key in wanted}
    assert {**ours_user, "profileImage": None} == {**wanted, "profileImage": None}


def test_an_announcement_is_that_of_the_sample() -> None:
    host = Author(username="seller", id="9", role=Role.HOST)
    assert matches(spoken(host, "Next lot in 2 min", announcement=True), ANNOUNCEMENT)


@pytest.mark.parametrize(
    ("role", "flag"),
    [(Role.HOST, "isHost"), (Role.MOD, "isNominatedModerator"), (Role.BOT, "isEmployee")],
)
def test_each_role_has_its_flag(role: Role, flag: str) -> None:
    flags = ("isHost", "isCohost", "isModerator", "isNominatedModerator", "isEmployee")
    user = frames.user(Author(username="a", id="1", role=role))
    assert [name for name in flags if user[name]] == [flag]


def test_the_backlog_is_newest_first() -> None:
    played = show()
    for number in range(4):
        message = frames.chat_message("chat:UUID", str(number), ALICE, f"text {number}")
        played.spoken(message)
    frame = frames.latest_messages("chat:UUID", played.newest_messages(3))
    ours = json.loads(frames.encode(frame, join_ref="1"))
    assert matches(ours, BACKLOG)
    assert ours[:2] == ["1", None]
    assert [message["id"] for message in ours[4]["messages"]] == ["3", "2", "1"]
    assert played.newest_messages(0) == []


def test_joins_viewers_and_the_end_are_those_of_the_samples() -> None:
    newbie = frames.joined("chat:UUID", Author(username="newbie9", id="55"), NOW)
    assert covers(
        json.loads(frames.encode(newbie))[4]["joins"]["55"], json.loads(JOINED)[4]["joins"]["55"]
    )
    assert told(show().watched_by(1284), "livestream_view_count_updated") == json.loads(VIEWERS)
    ended = told(show().turned("ENDED"), "livestream_update")
    assert matches(ended, ENDED)
    assert ended[4]["status"] == "ENDED"


def test_replies_are_those_of_the_samples() -> None:
    heartbeat = frames.encode(frames.reply("phoenix", {}), ref="12")
    assert json.loads(heartbeat) == json.loads(HEARTBEAT)
    refusal = frames.reply("chat:UUID", {"reason": "unauthorized"}, status="error")
    assert json.loads(frames.encode(refusal, join_ref="3", ref="3")) == json.loads(REFUSED)


def test_an_auction_is_told_as_in_the_samples() -> None:
    played = show()
    tee = Lot(code="246", title="Tee", price=5.0, currency="GBP")
    started = told(played.offered(tee, 30, NOW), "auction_started")
    assert matches(started, STARTED)
    assert started[4]["product"]["name"] == "Tee #246"
    assert started[4]["product"]["auctionEndTime"] == NOW + 30_000
    bid = told(played.bid(bidder(), 18.0, NOW), "new_bid")
    assert matches(bid, BID)
    assert bid[4]["product"]["highestBid"]["price"] == {"amount": 1800, "currency": "GBP"}
    hammer = told(played.hammered(), "auction_ended")
    assert matches(hammer, HAMMER)
    assert "purchaserUser" not in hammer[4]["product"]
    paid = played.paid()
    assert [frame.event for frame in paid] == ["product_sold", "payment_succeeded"]
    sold = told(paid, "product_sold")[4]["product"]
    assert (sold["transactionType"], sold["soldPriceCents"]) == ("AUCTION", 1800)
    assert sold["purchaserUser"] == {"id": "501", "username": "bidder1"}
    assert played.bid(bidder(), 20.0, NOW) == played.paid() == []


def test_an_auction_without_a_bid_is_not_sold() -> None:
    played = show()
    played.offered(Lot(code="1", title="Tee"), 30, NOW)
    ended = told(played.hammered(), "auction_ended")
    assert ended[4]["product"]["status"] == "INACTIVE"
    assert played.paid() == []
    assert played.product is None


def test_a_payment_may_fail() -> None:
    played = show()
    played.offered(Lot(code="1", title="Tee"), 30, NOW)
    played.bid(bidder(), None, NOW)
    played.hammered()
    failed = told(played.unpaid(), "payment_failed")
    assert failed[4]["placeOrderErrorReason"]
    assert not played.sales


def test_a_purchase_is_told_as_in_the_sample() -> None:
    played = show()
    lot = Lot(code="7", title="Pants", price=18.0, currency="USD", stock=2, mode=SaleMode.CLAIM)
    pinned = played.offered(lot, 0, NOW)
    assert [frame.event for frame in pinned] == ["product_pinned", "livestream_update"]
    first = told(played.bought(bidder(), None, None), "product_sold")
    assert first[4]["product"]["quantity"] == {"remaining": 1, "sold": 1, "total": 2}
    second = told(played.bought(bidder("kay"), Lot(code="7"), None), "product_sold")
    assert matches(second, SOLD)
    assert second[4]["product"]["status"] == "SOLD"
    assert first[4]["product"]["orderId"] != second[4]["product"]["orderId"]


def test_the_same_lot_again_is_an_update_and_another_lot_is_new() -> None:
    played = show()
    lot = Lot(code="7", title="Pants", price=18.0, mode=SaleMode.CLAIM)
    first = told(played.offered(lot, 0, NOW), "product_pinned")[4]["product"]
    cheaper = Lot(code="7", title="Pants", price=15.0, mode=SaleMode.CLAIM)
    again = told(played.offered(cheaper, 0, NOW), "product_updated")[4]["product"]
    assert (again["id"], again["price"]["amount"]) == (first["id"], 1500)
    other = told(played.offered(Lot(code="8", mode=SaleMode.CLAIM), 0, NOW), "product_pinned")
    assert other[4]["product"]["id"] != first["id"]


def test_a_giveaway_names_no_price() -> None:
    for frame in show().given_away(bidder(), "Pins", [bidder(), bidder("kay")]):
        product = frame.payload.get("product")
        if product is not None:
            assert product["transactionType"] == "GIVEAWAY"
            assert not product.get("soldPriceCents")


@pytest.mark.parametrize(
    ("title", "code", "name"),
    [
        ("Tee", "246", "Tee #246"),
        ("Tee #246", "246", "Tee #246"),
        ("", "A1", "Item #A1"),
        ("Levi's 501 jeans", "50", "Levi's 501 jeans #50"),
        ("Tee", None, "Tee"),
    ],
)
def test_a_lot_shows_its_code_in_its_name(title: str, code: str | None, name: str) -> None:
    product = product_of(Lot(code=code, title=title), "p1", ends_at=None)
    assert product.name == name
    assert wire(product, "UUID")["name"] == name


@given(st.text(st.characters(exclude_categories=())), st.text(st.characters(exclude_categories=())))
def test_any_text_survives_the_wire(name: str, text: str) -> None:
    ours = spoken(Author(username=name, id="1"), text)
    assert json.loads(json.dumps(ours)) == ours
    assert (ours[4]["user"]["username"], ours[4]["message"]) == (name, text)


def test_hostile_frames_are_text_that_a_socket_can_send() -> None:
    texts = hostile.malformed("UUID") + hostile.hostile("UUID")
    assert len(set(texts)) == len(texts)
    for text in texts:
        text.encode()

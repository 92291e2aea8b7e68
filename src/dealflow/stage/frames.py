"""Wire frames as the platform sends them: pure, from nouns to JSON text.

Phoenix version 2: arrays ``[join_ref, ref, topic, event, payload]``. Amounts are in minor units,
times in milliseconds since 1970.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from dealflow.model.intent import Role

Json = dict[str, Any]

_encoder = msgspec.json.Encoder()


class Frame(NamedTuple):
    """One event on one topic, before it is addressed to a connection."""

    topic: str
    event: str
    payload: Json


class Author(msgspec.Struct, frozen=True, kw_only=True):
    """Who speaks, as the platform tells it; ``badges`` are names of `BADGES`."""

    username: str
    id: str
    role: Role = Role.VIEWER
    badges: tuple[str, ...] = ()


BADGES = frozenset(
    {"top_buyer", "booster", "new_user", "cohost", "staff", "bronze", "silver", "gold", "platinum"}
)
"""What `Author.badges` may hold; anything else is ignored, as an unknown badge would be."""

_TIERS = ("platinum", "gold", "silver", "bronze")


def encode(frame: Frame, *, join_ref: str | None = None, ref: str | None = None) -> str:
    """Return a frame as text; lone surrogates leave as escapes, which JSON allows."""
    wire = [join_ref, ref, frame.topic, frame.event, frame.payload]
    try:
        return _encoder.encode(wire).decode()
    except UnicodeEncodeError:
        return json.dumps(wire, separators=(",", ":"))


def user_id(username: str) -> str:
    """Return the number that always stands for this name, as text."""
    return str(zlib.crc32(username.encode("utf-8", "surrogatepass")))


def user(author: Author) -> Json:
    """Return the ``user`` of a message."""
    tier = next((name for name in _TIERS if name in author.badges), None)
    return {
        "id": author.id,
        "username": author.username,
        "isHost": author.role is Role.HOST,
        "isCohost": "cohost" in author.badges,
        "isModerator": "staff" in author.badges,
        "isNominatedModerator": author.role is Role.MOD,
        "isEmployee": author.role is Role.BOT,
        "isNewUser": "new_user" in author.badges,
        "isTopBuyer": "top_buyer" in author.badges,
        "isBooster": "booster" in author.badges,
        "loyaltyTierForSeller": "NO_TIER" if tier is None else tier.upper(),
        "profileImage": {
            "id": author.id,
            "key": f"users/{author.id}/a.jpg",
            "url": f"/images/users%2F{author.id}%2Fa.jpg",
        },
    }


def chat_message(
    topic: str,
    message_id: str,
    author: Author,
    text: str,
    *,
    announcement: bool = False,
    buyer_badge: str | None = None,
    tagged: Sequence[str] = (),
) -> Json:
    """Return the payload of ``new_msg``, which is also an entry of the backlog."""
    return {
        "id": message_id,
        "type": "announcement" if announcement else None,
        "message": text,
        "topic": topic,
        "buyerBadge": buyer_badge,
        "muted": False,
        "isComment": True,
        "properties": {},
        "taggedUsers": [{"id": user_id(name), "username": name} for name in tagged],
        "user": user(author),
    }


def reply(topic: str, response: Json, *, status: str = "ok") -> Frame:
    """Answer a frame of the client's."""
    return Frame(topic, "phx_reply", {"status": status, "response": response})


def latest_messages(topic: str, newest_first: Sequence[Json]) -> Frame:
    """Tell the backlog after the chat was joined."""
    return Frame(topic, "latest_messages", {"messages": list(newest_first)})


def joined(topic: str, author: Author, at_ms: int) -> Frame:
    """Say that somebody came in."""
    meta = {"user": user(author), "phx_ref": f"F{author.id}", "online_at_ms": at_ms}
    return Frame(topic, "presence_diff", {"joins": {author.id: {"metas": [meta]}}, "leaves": {}})


def view_count(topic: str, viewers: int) -> Frame:
    """Say how many watch."""
    return Frame(topic, "livestream_view_count_updated", {"viewCount": viewers})


def livestream_update(topic: str, livestream: Json) -> Frame:
    """Say what became of the show."""
    return Frame(topic, "livestream_update", livestream)


def money(cents: int, currency: str) -> Json:
    """Return an amount in minor units."""
    return {"amount": cents, "currency": currency}


def auction_started(topic: str, product: Json, at_ms: int) -> Frame:
    """Say that an auction began."""
    return Frame(topic, "auction_started", {"product": product, "timestamp": at_ms})


def new_bid(topic: str, product: Json, bidder: Author, at_ms: int) -> Frame:
    """Say that somebody bid."""
    highest = {"id": bidder.id, "username": bidder.username}
    payload = {"product": product, "timestamp": at_ms, "highestBidder": highest}
    return Frame(topic, "new_bid", payload)


def product_event(topic: str, event: str, product: Json) -> Frame:
    """Say something about a product: ``auction_ended``, ``product_sold``, ``product_pinned`` …"""
    return Frame(topic, event, {"product": product})


def tip(topic: str, author: Author, amount: Json, text: str) -> Frame:
    """Say that somebody tipped the seller."""
    told = {"message": text, "senderUser": user(author), "tipValue": amount}
    return Frame(topic, "tip_sent", {"tip": told})

"""Turns the frames of Whatnot's sockets into facts. Pure: no I/O, no clock.

It remembers only what one show's frames must be read with: products, bids, sales, the screen.
Whatever comes in, nothing is raised; a frame that would have been a message and cannot be read
becomes a named drop, any other an oddity, and its neighbours are read all the same.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from dealflow.model.facts import ChatSeen, DropReason, Fact, Oddity, Pulse
from dealflow.model.text import clean
from dealflow.sources.whatnot import livestream
from dealflow.sources.whatnot.chat import dropped, is_message, read_backlog, read_message
from dealflow.sources.whatnot.fields import Json, Undecodable, decode, moment, record, shape, text
from dealflow.sources.whatnot.product import Product, read_product
from dealflow.sources.whatnot.screen import Screen
from dealflow.sources.whatnot.till import CONFIRM_MS, Till
from dealflow.sources.whatnot.topics import load

MAX_FRAME: Final = 4 * 1024 * 1024
"""Characters or bytes in a frame. A backlog of 200 messages at the chat's limit is under 1 MB."""

HEAD: Final = 256
"""Where topic and event stand, should the rest be unreadable."""

PULSE_WAY: Final = "whatnot.socket"
_ENDED_MS: Final = 2**53
_SAMPLE: Final = 120


class FrameParser:
    """Reads the frames of one show, in the order in which they came.

    Args:
        show_id: the show's UUID; frames of other shows are passed over. Where only the seller is
            known, the first show whose chat is heard is taken for the one.
        till: the memory of products and sales, when other readers of the show share it.
    """

    def __init__(self, show_id: str, till: Till | None = None) -> None:
        self.matched: set[str] = set()
        self._show_id = show_id.lower() if _is_uuid(show_id) else None
        self._kinds = load().kinds()
        self._till = Till() if till is None else till
        self._screen = Screen(self._till)
        self._heard = False

    def feed(self, data: str | bytes, at: int) -> list[Fact]:
        """Read one frame that came in at a time, in milliseconds since 1970."""
        due: list[Fact] = [*self._till.due(at - CONFIRM_MS)]
        return due + self._frame(data, at)

    def finish(self) -> list[Fact]:
        """Return what was held back to be confirmed, when nothing more will come."""
        return [*self._till.due(_ENDED_MS)]

    def _frame(self, data: str | bytes, at: int) -> list[Fact]:
        if len(data) > MAX_FRAME:
            return _unreadable(data, at, DropReason.OVERSIZE, "oversize_frame")
        try:
            frame = decode(data)
        except Undecodable:
            return _unreadable(data, at, DropReason.MALFORMED, "malformed_frame")
        match frame:
            case [_, _, str(topic), str(event), payload]:
                return self._event(topic, event, payload, at)
        return _unreadable(data, at, DropReason.MALFORMED, "malformed_frame")

    def _event(self, topic: str, event: str, payload: object, at: int) -> list[Fact]:
        if topic == "phoenix":
            return [Pulse(at=at, way=PULSE_WAY)] if event == "phx_reply" else []
        name, _, show_id = topic.partition(":")
        if name == "general":
            return []  # one person's private topic
        if not self._is_ours(name, show_id):
            return [Oddity(kind="foreign_topic", at=at)]
        if event == "phx_reply":
            return self._reply(name, record(payload), at)
        kind = self._kinds.get(event)
        if kind is None:
            return self._unknown(name, event, payload, at)
        if kind != "ignored":
            self.matched.add(f"{kind}: {event}")
        return self._known(name, kind, payload, at)

    def _known(self, topic: str, kind: str, payload: object, at: int) -> list[Fact]:
        match kind:
            case "ignored":
                return []
            case "message":
                return self._message(topic, payload, at)
            case "backlog":
                messages = record(payload).get("messages")
                if not isinstance(messages, list):
                    return [dropped(DropReason.MALFORMED, at, shape(payload))]
                return read_backlog(messages, at)
            case "viewers":
                return livestream.read_viewers(record(payload).get("viewCount"), at)
            case "livestream":
                return self._livestream(livestream.body_of(record(payload)), at)
            case "snapshot":
                return self._snapshot(record(payload), at)
            case "giveaway":
                return self._giveaway(record(payload))
        return self._commerce(kind, payload, at)

    def _message(self, topic: str, payload: object, at: int) -> list[Fact]:
        fact = read_message(payload, at, backlog=False)
        if fact is None:
            return []
        if isinstance(fact, ChatSeen):
            if fact.platform_id is None and topic != "chat":
                # Told on two topics, and nothing to know it by: the chat's own word counts.
                return [Oddity(kind="message_elsewhere", at=at, sample=topic[:_SAMPLE])]
            self._heard = True
        return [fact]

    def _reply(self, topic: str, payload: Json, at: int) -> list[Fact]:
        if payload.get("status") != "ok":
            return [Oddity(kind="refused", at=at, sample=clean(topic[:_SAMPLE]))]
        response = record(payload.get("response"))
        facts = self._messages_in(response, at, backlog=True)
        return facts + self._snapshot(response, at)

    def _messages_in(self, payload: Json, at: int, *, backlog: bool) -> list[Fact]:
        messages = payload.get("messages")
        if not isinstance(messages, list) or not any(map(is_message, messages)):
            return []
        return read_backlog(messages, at, backlog=backlog)

    def _snapshot(self, payload: Json, at: int) -> list[Fact]:
        """Read what one who joins is told: the show, and the product on screen."""
        facts: list[Fact] = []
        if isinstance(payload.get("livestream"), dict):
            facts += self._livestream(livestream.body_of(payload), at)
        if "pinnedProduct" in payload:
            told = payload["pinnedProduct"]
            product = read_product(told)
            if told is None or product is not None:
                facts += self._screen.pinned(product, at)
        return facts

    def _livestream(self, body: Json, at: int) -> list[Fact]:
        told = text(body.get("id"))
        if told is not None and self._show_id is not None and told.lower() != self._show_id:
            return [Oddity(kind="foreign_show", at=at)]
        facts = livestream.read_show(body, at)
        if not facts and "status" in body:
            facts.append(Oddity(kind="unknown_status", at=at))
        if "pinnedProductId" in body:
            facts += self._screen.pinned_id(text(body["pinnedProductId"]), at)
        return facts

    def _giveaway(self, payload: Json) -> list[Fact]:
        ids = (payload.get("productId"), record(payload.get("product")).get("id"))
        for product_id in filter(None, map(text, ids)):
            self._till.note_giveaway(product_id)
        return []

    def _commerce(self, kind: str, payload: object, at: int) -> list[Fact]:
        body = record(payload)
        product = read_product(body.get("product"))
        if product is None:
            return [Oddity(kind="no_product", at=at, sample=f"{kind} {shape(payload)}")]
        told_at = moment(body.get("timestamp"), at) or at
        match kind:
            case "bid":
                return self._bid(product, body, at)
            case "auction_ended":
                sales = self._till.ended(product, told_at)
                return [*self._screen.ended(product, at), *sales]
            case "sold" | "paid":
                sales = self._till.sold(product, told_at)
                return [*self._screen.changed(product, at), *sales]
            case "payment_failed":
                self._till.failed(product)
                return []
            case "updated":
                return self._updated(product, told_at, at)
            case "auction_started":
                return self._screen.started(product, at)
            case "pinned":
                return self._screen.offered(product, at)
            case _:
                return self._screen.removed(product, at)

    def _bid(self, product: Product, body: Json, at: int) -> list[Fact]:
        if record(body.get("product")).get("bidAccepted") is False:
            return []
        name = record(body.get("highestBidder")).get("username")
        bidder = clean(name).strip() or None if isinstance(name, str) else None
        bid = self._till.bid(product, bidder, at)
        told = [] if bid is None else [bid]
        return [*told, *self._screen.bid(product, at)]

    def _updated(self, product: Product, told_at: int, at: int) -> list[Fact]:
        facts = self._screen.changed(product, at)
        if product.kind == "buy_now" and product.buyer is not None:
            facts += self._till.sold(product, told_at)
        return facts

    def _is_ours(self, topic: str, show_id: str) -> bool:
        if self._show_id is None and topic == "chat" and _is_uuid(show_id):
            self._show_id = show_id.lower()
        return self._show_id is None or show_id.lower() == self._show_id

    def _unknown(self, topic: str, event: str, payload: object, at: int) -> list[Fact]:
        facts = self._messages_in(record(payload), at, backlog=not self._heard)
        sample = clean(f"{topic} {event} {shape(payload)}"[:_SAMPLE])
        return [*facts, Oddity(kind="unknown_event", at=at, sample=sample)]


def _unreadable(data: str | bytes, at: int, reason: DropReason, kind: str) -> list[Fact]:
    """Return a drop when the frame's head says that it told messages, else an oddity."""
    head = data[:HEAD] if isinstance(data, str) else data[:HEAD].decode("utf-8", "replace")
    events = load().events
    if any(f'"{name}"' in head for kind in ("message", "backlog") for name in events[kind]):
        return [dropped(reason, at, f"{len(data)} long")]
    return [Oddity(kind=kind, at=at, sample=f"{len(data)} long")]


def _is_uuid(value: str) -> bool:
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False

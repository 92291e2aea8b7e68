"""What happened in a show, as dashboards and programs are told.

Each class is one live frame without its place: the store gives the place in the transaction that
commits the event, and `frame` puts it in front of the encoded body. A body is encoded once, for
all readers, live or later. The JSON names are promised to other people's programs.
"""

from __future__ import annotations

from typing import Any

import msgspec

from dealflow.model.claim import Claim, ValueRange
from dealflow.model.facts import SourceStatus
from dealflow.model.intent import Intent, MessageType, Role, Slots
from dealflow.model.position import Position
from dealflow.model.revision import VerdictSource
from dealflow.model.show import LearnedRule, Lot, Sale, ShowRules, StreamInfo


class EventBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="type"):
    """The common base of all live frames."""


class MessageView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A message with its verdict; ``timestamp`` is ISO 8601, ``confidence`` that of a buyer."""

    id: str
    platform_id: str | None
    username: str
    message: str
    timestamp: str
    role: Role
    backlog: bool
    is_buyer: bool
    confidence: float
    message_type: MessageType
    intent: Intent
    slots: Slots
    lot: Lot | None


class BuyerView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A captured buyer; ``buyer_number`` counts from 1 in the show."""

    capture_id: str
    message_id: str
    username: str
    message: str
    confidence: float
    intent: Intent
    reason: str
    timestamp: str
    buyer_number: int
    item: str | None
    quantity: int
    estimated_value: float | None
    value_range: ValueRange


class Totals(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A show's running figures; ``estimated_value`` is a sum of estimates, not of sales."""

    total_messages: int = 0
    total_buyers: int = 0
    total_leads: int = 0
    estimated_value: float = 0.0
    messages_per_minute: float = 0.0


class GapView(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch that was not read, both ends in ISO 8601."""

    start: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")


class StreamSelected(EventBody, frozen=True, kw_only=True, tag="stream_selected"):
    """DealFlow reads this show now; ``stream_id`` is our UUID."""

    stream_id: str
    stream: StreamInfo


class NewMessage(EventBody, frozen=True, kw_only=True, tag="new_message"):
    """A message was stored."""

    message: MessageView


class BuyerDetected(EventBody, frozen=True, kw_only=True, tag="buyer_detected"):
    """A buyer was captured."""

    buyer: BuyerView
    stats: Totals


class BuyerWithdrawn(EventBody, frozen=True, kw_only=True, tag="buyer_withdrawn"):
    """The seller took a capture back: it does not count any more, and its record stays."""

    buyer: BuyerView
    stats: Totals


class BuyerReturned(EventBody, frozen=True, kw_only=True, tag="buyer_returned"):
    """A capture that was taken back counts again; it is no new buyer."""

    buyer: BuyerView
    stats: Totals


class PreviousVerdict(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What stood before; ``confidence`` is that of a buyer."""

    intent: Intent
    confidence: float
    is_buyer: bool


class VerdictUpdated(EventBody, frozen=True, kw_only=True, tag="verdict_updated"):
    """Another verdict stands on a stored message; ``source`` says whose, ``reason`` why."""

    message: MessageView
    source: VerdictSource
    reason: str
    previous: PreviousVerdict


class ClaimUpdated(EventBody, frozen=True, kw_only=True, tag="claim_updated"):
    """Somebody's standing on a lot changed."""

    claim: Claim


class LotChanged(EventBody, frozen=True, kw_only=True, tag="lot_changed"):
    """Another lot is on screen, or the same one changed; ``None``: nothing is."""

    lot: Lot | None


class RulesChanged(EventBody, frozen=True, kw_only=True, tag="rules_changed"):
    """The shop announced how claims are made: the rules now, and what of them was announced."""

    rules: ShowRules
    learned: tuple[LearnedRule, ...]


class SaleCompleted(EventBody, frozen=True, kw_only=True, tag="sale_completed"):
    """The platform confirmed a sale; one frame for each."""

    sale: Sale


class ViewersChanged(EventBody, frozen=True, kw_only=True, tag="viewers"):
    """How many watch."""

    viewers: int | None


class SourceStateChanged(EventBody, frozen=True, kw_only=True, tag="source_state"):
    """How well the show is being read; ``gap`` is the stretch that was missed, once it is over."""

    state: SourceStatus
    reason: str
    gap: GapView | None


class StatsUpdated(EventBody, frozen=True, kw_only=True, tag="stats"):
    """The show's running figures, at most once a second."""

    stats: Totals


Event = (
    StreamSelected
    | NewMessage
    | BuyerDetected
    | BuyerWithdrawn
    | BuyerReturned
    | VerdictUpdated
    | ClaimUpdated
    | LotChanged
    | RulesChanged
    | SaleCompleted
    | ViewersChanged
    | SourceStateChanged
    | StatsUpdated
)

EVENT_CLASSES: tuple[type[EventBody], ...] = (
    StreamSelected,
    NewMessage,
    BuyerDetected,
    BuyerWithdrawn,
    BuyerReturned,
    VerdictUpdated,
    ClaimUpdated,
    LotChanged,
    RulesChanged,
    SaleCompleted,
    ViewersChanged,
    SourceStateChanged,
    StatsUpdated,
)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


class Frame(msgspec.Struct, frozen=True):
    """One committed event, ready to send: ``data`` is the whole JSON object in UTF-8."""

    seq: int
    kind: str
    data: bytes


def kind_of(event: EventBody) -> str:
    """Return the frame's ``type``."""
    return str(type(event).__struct_config__.tag)


def encode_body(event: EventBody) -> bytes:
    """Return the event as a JSON object without its place."""
    return _encoder.encode(event)


def decode(data: bytes | str) -> Event:
    """Read a body or a whole frame.

    Raises:
        msgspec.ValidationError: it is no event of ours.
    """
    return _decoder.decode(data)


def frame_prefix(session_id: str) -> bytes:
    """Return the part of a frame that is the same for a whole show; see `frame_data`."""
    return b'{"sessionId":' + _encoder.encode(session_id)


def frame_data(prefix: bytes, position: Position, body: bytes) -> bytes:
    """Put an event's place in front of its body, without encoding the body again."""
    return b'%b,"seq":%d,"epoch":%d,%b' % (prefix, position.seq, position.epoch, body[1:])


def schema() -> dict[str, Any]:
    """Return the JSON Schema of all bodies, for documentation and for tests of conformance."""
    return msgspec.json.schema(Event)

"""Builds messages and batches for tests of the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dealflow.model.claim import Capture, ValueRange
from dealflow.model.events import (
    MessageView,
    NewMessage,
    ViewersChanged,
    encode_body,
)
from dealflow.model.ids import new_id
from dealflow.model.intent import Intent, Verdict, message_type
from dealflow.model.message import Judged, Message
from dealflow.store.base import Batch, Counters, EventDraft, Show, Store

NOW = 1_764_000_000_000


async def a_show(store: Store, session_id: str = "test-session") -> Show:
    return await store.open_show(
        session_id=session_id, platform="whatnot", url="https://www.whatnot.com/live/1", now_ms=NOW
    )


def a_message(key: str, *, intent: Intent = Intent.CHATTER, **fields: Any) -> Judged:
    known: dict[str, Any] = {
        "id": new_id(NOW),
        "key": key,
        "username": "alice_k",
        "text": "mine!",
        "sent_at": NOW - 40,
        "received_at": NOW,
    }
    confidence = 0.9 if intent.is_buyer else 0.1
    return Judged(
        Message(**(known | fields)),
        Verdict(intent=intent, confidence=confidence, scores={}, model="test-1"),
    )


def a_capture(number: int, **fields: Any) -> Capture:
    known: dict[str, Any] = {
        "id": new_id(NOW),
        "key": f"n:alice_k/{number}",
        "message_id": new_id(NOW),
        "username": "alice_k",
        "text": "mine!",
        "confidence": 0.9,
        "intent": Intent.CLAIM,
        "reason": "says the claim word alone",
        "at": NOW,
        "number": number,
        "value": ValueRange(low=10.0, high=15.0, currency="USD", basis="lot_price"),
    }
    return Capture(**(known | fields))


def a_batch(show: Show, messages: Sequence[Judged] = (), **fields: Any) -> Batch:
    """Return a batch with one event for each message, after those that ``events`` names."""
    before = fields.pop("events", ())
    count = len(messages)
    known: dict[str, Any] = {
        "show_id": show.id,
        "epoch": show.epoch,
        "at": NOW,
        "messages": tuple(messages),
        "counters": Counters(read=count, stored=count),
        "events": (*before, *(new_message(judged) for judged in messages)),
    }
    return Batch(**(known | fields))


def viewers(count: int) -> EventDraft:
    return EventDraft("viewers", encode_body(ViewersChanged(viewers=count)))


def new_message(judged: Judged) -> EventDraft:
    message, verdict = judged.message, judged.verdict
    view = MessageView(
        id=message.id,
        platform_id=message.platform_id,
        username=message.username,
        message=message.text.encode("utf-8", "replace").decode(),
        timestamp="2026-11-24T09:04:53.120Z",
        role=message.role,
        backlog=message.backlog,
        is_buyer=verdict.confidence >= 0.7,
        confidence=verdict.confidence,
        message_type=message_type(verdict.intent),
        intent=verdict.intent,
        slots=verdict.slots,
        lot=message.lot,
    )
    return EventDraft("new_message", encode_body(NewMessage(message=view)))

"""How a message and a capture look to the outside, in live frames and in pages alike; pure."""

from __future__ import annotations

from dealflow.clock import iso
from dealflow.model.claim import Capture
from dealflow.model.events import BuyerView, MessageView
from dealflow.model.intent import Intent, Slots, message_type
from dealflow.model.message import Message


def shown(confidence: float) -> float:
    """Return a confidence with the four digits that are worth showing."""
    return round(confidence, 4)


def message_view(
    message: Message, *, intent: Intent, confidence: float, slots: Slots, threshold: float
) -> MessageView:
    """Return a message with its verdict; from ``threshold`` on its author is a buyer."""
    return MessageView(
        id=message.id,
        platform_id=message.platform_id,
        username=message.username,
        message=message.text,
        timestamp=iso(message.sent_at),
        role=message.role,
        backlog=message.backlog,
        is_buyer=confidence >= threshold,
        confidence=shown(confidence),
        message_type=message_type(intent),
        intent=intent,
        slots=slots,
        lot=message.lot,
    )


def buyer_view(capture: Capture) -> BuyerView:
    """Return a captured buyer."""
    return BuyerView(
        capture_id=capture.id,
        message_id=capture.message_id,
        username=capture.username,
        message=capture.text,
        confidence=shown(capture.confidence),
        intent=capture.intent,
        reason=capture.reason,
        timestamp=iso(capture.at),
        buyer_number=capture.number,
        item=capture.item,
        quantity=capture.quantity,
        estimated_value=capture.estimated_value,
        value_range=capture.value,
    )

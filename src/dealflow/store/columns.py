"""The columns that rows are written to and read from, in the order in which `rows` has them."""

from __future__ import annotations

MESSAGE_COLUMNS = (
    "id",
    "stream_session_id",
    "username",
    "message",
    "platform",
    "created_at",
    "seq",
    '"key"',
    "platform_id",
    "user_id",
    "role",
    "badges",
    "channel",
    "backlog",
    "sent_at",
    "lot",
    "intent",
    "confidence",
    "slots",
    "claims",
    "reason",
    "model",
    "mode",
    "lot_age",
)

# What a verdict says, in a message's own row and in `verdicts` alike.
JUDGEMENT_COLUMNS = ("intent", "confidence", "slots", "claims", "reason", "model")

VERDICT_COLUMNS = (
    "stream_session_id",
    "seq",
    "version",
    "message_id",
    "source",
    *JUDGEMENT_COLUMNS,
    "created_at",
    "run",
    "prompt",
    "withdrawn",
    "utterance",
)

DOUBT_COLUMNS = (
    "message_id",
    "stream_session_id",
    "utterance",
    "verdict",
    "created_at",
    "reason",
)

CAPTURE_COLUMNS = (
    "id",
    "stream_session_id",
    "platform",
    "buyer_username",
    "message_text",
    "item_description",
    "estimated_value",
    "captured_at",
    '"key"',
    "number",
    "message_id",
    "confidence",
    "intent",
    "reason",
    "quantity",
    "value_range",
    "lot_key",
)

SHOW_COLUMNS = (
    "id",
    "session_id",
    "platform",
    "url",
    "epoch",
    "started_at",
    "last_seq",
    "title",
    "seller",
    "source",
    "mode",
    "status",
    "viewers",
    "rules",
    "ended_at",
    "total_sales_caught",
    "total_revenue_recovered",
    "filters",
    "learned",
    "threshold",
)

CLAIM_COLUMNS = (
    "stream_session_id",
    "lot",
    "username",
    "quantity",
    "state",
    "place",
    "evidence",
    "lot_key",
    "person",
    "updated_at",
)

LOT_COLUMNS = (
    "stream_session_id",
    '"key"',
    "code",
    "platform_id",
    "title",
    "price",
    "currency",
    "stock",
    "mode",
    "updated_at",
)

SALE_COLUMNS = (
    "stream_session_id",
    "lot",
    "platform_id",
    "username",
    "price",
    "currency",
    "kind",
    "sold_at",
)

GAP_COLUMNS = ("stream_session_id", "started_at", "ended_at", "reason")

"""Names that other people's programs depend on; whoever changes one of them breaks a promise."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import fields

from dealflow.api.auth import SOCKETS
from dealflow.cli.main import COMMANDS
from dealflow.model.claim import Claim, ClaimState, ValueRange
from dealflow.model.events import (
    EVENT_CLASSES,
    BuyerView,
    GapView,
    MessageView,
    SourceStateChanged,
    Totals,
)
from dealflow.model.facts import SourceStatus
from dealflow.model.intent import Intent
from dealflow.model.show import Lot, Sale, StreamInfo
from dealflow.settings import env_name, field_names
from dealflow.store.connection import open_writer
from dealflow.store.schema import migrate
from scripts.reference.http import calls, openapi

TABLES = {
    "chat_messages": "id stream_session_id username message platform created_at",
    "sales_captured": "id user_id stream_session_id platform buyer_username message_text "
    "item_description estimated_value captured_at",
    "stream_sessions": "id user_id platform started_at ended_at total_sales_caught "
    "total_revenue_recovered",
}
CALLS = (
    "POST /api/start-monitoring",
    "POST /api/stop-monitoring",
    "GET /health",
    "GET /live",
    "GET /ready",
    "GET /metrics",
    "GET /api/streams",
    "GET /api/stream-summary/{id}",
    "GET /api/sessions/{id}/messages",
    "GET /api/sessions/{id}/captures",
    "GET /api/sessions/{id}/events",
    "POST /functions/v1/monitor-realtime-stream",
)
FRAMES = (
    "stream_selected new_message buyer_detected claim_updated lot_changed sale_completed viewers "
    "source_state stats rules_changed verdict_updated buyer_withdrawn buyer_returned"
)
SHAPES: dict[type[msgspec.Struct], str] = {
    StreamInfo: "url title viewers source platform",
    MessageView: "id platformId username message timestamp role backlog isBuyer confidence "
    "messageType intent slots lot",
    BuyerView: "captureId messageId username message confidence intent reason timestamp "
    "buyerNumber item quantity estimatedValue valueRange",
    ValueRange: "low high currency basis",
    Totals: "totalMessages totalBuyers totalLeads estimatedValue messagesPerMinute",
    Lot: "code platformId title price currency stock mode",
    Sale: "lot platformId username price currency kind timestamp",
    Claim: "lot username quantity state place evidence",
    SourceStateChanged: "state reason gap",
    GapView: "from to",
}
VARIABLES = "DATA_DIR TOKEN CAPTURE__THRESHOLD BROWSER__EXECUTABLE WHATNOT__BASE_URL"
INTENTS = (
    "claim backup bid checkout demand price_question product_question shipping_question interest "
    "retraction declined post_purchase seller spam chatter"
)


@pytest.mark.parametrize("table", TABLES)
def test_tables_keep_the_columns_of_the_original(table: str) -> None:
    connection = open_writer(None)
    try:
        migrate(connection)
        columns = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    finally:
        connection.close()
    assert set(TABLES[table].split()) - columns == set()


def test_calls() -> None:
    named = {f"{method} {path}" for method, path, _ in calls(openapi())}
    assert set(CALLS) - named == set()


def test_sockets() -> None:
    assert {"/", "/ws"} - SOCKETS == set()


def test_frames() -> None:
    assert {str(cls.__struct_config__.tag) for cls in EVENT_CLASSES} == set(FRAMES.split())


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_fields(shape: type[msgspec.Struct]) -> None:
    assert set(SHAPES[shape].split()) - {field.encode_name for field in fields(shape)} == set()


def test_words() -> None:
    assert set(Intent) == set(INTENTS.split())
    assert set(ClaimState) == {"awarded", "backup", "passed", "void", "sold"}
    assert set(SourceStatus) == set(
        ["connecting", "live", "quiet", "stalled", "blocked", "ended", "failed"]
    )


def test_commands() -> None:
    assert {"serve", "watch", "demo", "replay", "classify", "shows", "doctor"} <= set(COMMANDS)


def test_settings() -> None:
    named = {env_name(dotted).removeprefix("DEALFLOW_") for dotted in field_names()}
    assert set(VARIABLES.split()) - named == set()

"""The shapes of requests and answers over HTTP, in camelCase.

They are the one definition: requests are decoded into them, answers are encoded from them, and
``/openapi.json`` is generated from them. Shapes that live frames have too come from the model.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from dealflow.model.claim import Claim
from dealflow.model.correction import Correction
from dealflow.model.events import BuyerView, GapView, MessageView, Totals
from dealflow.model.filters import Entries, Filters, Held, Seconds, Times
from dealflow.model.intent import Intent, MessageType, Role, Slots
from dealflow.model.revision import VerdictSource
from dealflow.model.show import LearnedRule, Sale, SaleMode, ShowRules, ShowStatus, StreamInfo
from dealflow.model.text import MAX_NAME
from dealflow.pipeline.base import RunStatus
from dealflow.sources.base import Transport

MAX_URL = 2048
MAX_FALLBACKS = 16
MAX_PUSH = 500
"""Messages in one push: one batch of the store, committed at once."""

# No control characters in a key: it becomes a log field, a metric and a database key.
_KEY = r"^[^\x00-\x1f\x7f]+$"


def _example(text: str, *examples: Any, **bounds: Any) -> Meta:
    return Meta(description=text, examples=list(examples), **bounds)


Url = Annotated[
    str,
    _example(
        "Address of a live show.",
        "https://www.whatnot.com/live/4f2c9a5e-6a53-4d0f-8c51-2b1f0c0a7d11",
        min_length=1,
        max_length=MAX_URL,
    ),
]
Key = Annotated[
    str,
    _example(
        "The caller's own name for a show.",
        "friday-night",
        min_length=1,
        max_length=MAX_NAME,
        pattern=_KEY,
    ),
]
PlatformName = Annotated[
    str,
    _example("Where the message was written.", "whatnot", max_length=40, pattern=r"^[a-z0-9_-]+$"),
]


class Request(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The base of all bodies; what it does not know is ignored."""


class StartMonitoring(Request, frozen=True, kw_only=True):
    """Read a show."""

    url: Url
    session_id: Key | None = None
    auto_discover: bool | None = None
    fallback_urls: Annotated[list[Url], Meta(max_length=MAX_FALLBACKS)] | None = None
    rules: Annotated[
        ShowRules | str | None,
        _example(
            "How claims are made: the rules, or a line of them.",
            "number = item; codes A1-A99; claim words: sold, mine; one per buyer",
        ),
    ] = None
    filters: Filters | None = None
    threshold: (
        Annotated[
            float,
            _example("Confidence from which a message is a buyer's in this show.", 0.8, ge=0, le=1),
        ]
        | None
    ) = None
    transport: Transport = Transport.AUTO


class FilterChange(Request, frozen=True, kw_only=True):
    """The filters to replace; what is absent stays."""

    mute: Entries | None = None
    patterns: Entries | None = None
    deny: Entries | None = None
    allow: Entries | None = None
    bots: bool | None = None
    links: bool | None = None
    hosts: Entries | None = None
    repeats: Times | None = None
    flood: Times | None = None
    window: Seconds | None = None


class StopMonitoring(Request, frozen=True, kw_only=True):
    """Stop reading a show."""

    session_id: Key


class PushItem(Request, frozen=True, kw_only=True):
    """One message. With a ``platformId`` it is stored once, however often it is sent."""

    username: Annotated[str, _example("Who wrote it.", "ann")]
    message: Annotated[str, _example("What was written.", "A12 mine")]
    platform_id: Annotated[str, Meta(max_length=MAX_NAME)] | None = None
    timestamp: (
        Annotated[str, _example("When, in ISO 8601.", "2026-11-24T09:04:53.120Z", max_length=40)]
        | None
    ) = None
    role: Role = Role.VIEWER


class PushMessages(Request, frozen=True, kw_only=True):
    """Messages of one show, in the order in which they were written."""

    messages: Annotated[list[PushItem], Meta(min_length=1, max_length=MAX_PUSH)]
    platform: PlatformName = "push"


class AnalyseMessage(Request, frozen=True, kw_only=True):
    """One message, as the original system's callers send it."""

    message: Annotated[str, _example("What was written.", "I'll take the red one", min_length=1)]
    username: Annotated[str, _example("Who wrote it.", "ann", min_length=1)]
    stream_session_id: Key
    platform: PlatformName | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The base of all answers."""


class Monitoring(Answer, frozen=True, kw_only=True):
    """A show is being read."""

    session_id: str
    stream_id: str
    stream: StreamInfo
    status: Literal["monitoring"] = "monitoring"


class Stopped(Answer, frozen=True, kw_only=True):
    """A show is not read any more; all that was read is committed."""

    session_id: str
    stream_id: str
    status: Literal["stopped"] = "stopped"


class StreamItem(Answer, frozen=True, kw_only=True):
    """A show in the list; times are ISO 8601, ``seq`` and ``epoch`` its newest position."""

    session_id: str
    stream_id: str
    stream: StreamInfo
    active: bool
    status: ShowStatus
    mode: SaleMode | None
    started_at: str
    ended_at: str | None
    seq: int
    epoch: int
    total_messages: int
    total_buyers: int
    total_leads: int
    total_sales_caught: int
    total_revenue_recovered: float


class StreamList(Answer, frozen=True, kw_only=True):
    """All shows, the newest first."""

    streams: list[StreamItem]


class Accounting(Answer, frozen=True, kw_only=True):
    """What became of every message that was read."""

    read: int
    stored: int
    duplicates: int
    dropped: dict[str, int]


class GapItem(GapView, frozen=True, kw_only=True):
    """A stretch that was not read, and why."""

    reason: str


class RulesItem(ShowRules, frozen=True, kw_only=True):
    """The rules that hold now, as a line too; ``learned`` is what the shop announced of them."""

    line: str
    learned: list[LearnedRule]


class FilterAnswer(Answer, frozen=True, kw_only=True):
    """A show's filters; ``dropped`` counts by reason, ``held`` shows the newest, oldest first."""

    session_id: str
    filters: Filters
    dropped: dict[str, int]
    held: list[Held]


class StreamSummary(StreamItem, frozen=True, kw_only=True):
    """One show's summary. ``sales`` are the platform's word, ``claims`` the ledger's."""

    rules: RulesItem
    stats: Totals
    accounting: Accounting
    sales: list[Sale]
    claims: list[Claim]
    gaps: list[GapItem]


class MessageItem(MessageView, frozen=True, kw_only=True, rename="camel"):
    """A stored message with its place and the verdict that stands: whose, and which version."""

    seq: int
    source: VerdictSource
    version: int


class MessagePage(Answer, frozen=True, kw_only=True):
    """Messages by position; ask again with ``after`` = ``next`` until that is null."""

    session_id: str
    epoch: int
    messages: list[MessageItem]
    next: int | None


class CorrectMessage(Request, frozen=True, kw_only=True):
    """The seller's word on a message; ``intent`` is the right one, if it is named."""

    verdict: Correction
    intent: Intent | None = None


class CorrectedMessage(Answer, frozen=True, kw_only=True):
    """A message as it stands after a correction, which is committed."""

    session_id: str
    message: MessageItem


class VerdictItem(Answer, frozen=True, kw_only=True):
    """One verdict; a ``withdrawn`` one takes back what the same source said before.

    ``confidence`` is that of a buyer; ``run`` names the reanalysis that gave it.
    """

    version: int
    source: VerdictSource
    timestamp: str
    intent: Intent
    confidence: float
    is_buyer: bool
    slots: Slots
    reason: str
    model: str
    run: str | None
    withdrawn: bool


class VerdictList(Answer, frozen=True, kw_only=True):
    """Every verdict on a message, the first one first; none is ever overwritten."""

    session_id: str
    message_id: str
    stands: int
    verdicts: list[VerdictItem]


class StartReanalysis(Request, frozen=True, kw_only=True):
    """Judge a stored show again; what is absent is as usual."""

    model: (
        Annotated[str, _example("A classifier by its name.", "grammar-1", max_length=100)] | None
    ) = None
    threshold: (
        Annotated[float, _example("From which confidence a message is a buyer's.", 0.8, ge=0, le=1)]
        | None
    ) = None
    again: bool = False


class RunReport(Answer, frozen=True, kw_only=True):
    """What a reanalysis found; ``same`` counts the captures that both make.

    ``changed`` counts the messages with another intent, ``turned`` those that became a buyer's or
    stopped being one. ``gained`` would be captured and are not, ``lost`` are and would not be.
    """

    messages: int
    changed: int
    turned: int
    gained: list[BuyerView]
    lost: list[BuyerView]
    same: int


class RunItem(Answer, frozen=True, kw_only=True):
    """A reanalysis: ``done`` of ``total`` messages; the report comes when it is finished.

    An interrupted one goes on, and one without a report makes it again, when it is asked for anew.
    """

    session_id: str
    run_id: str
    model: str
    threshold: float
    status: RunStatus
    started_at: str
    finished_at: str | None
    done: int
    total: int
    error: str
    report: RunReport | None


class LatestRun(Answer, frozen=True, kw_only=True):
    """A show's latest reanalysis, or null when there was none."""

    session_id: str
    reanalysis: RunItem | None


class CaptureItem(BuyerView, frozen=True, kw_only=True, rename="camel"):
    """A captured buyer; with ``withdrawnAt`` the seller took it back, and it does not count."""

    withdrawn_at: str | None


class CapturePage(Answer, frozen=True, kw_only=True):
    """Captured buyers by number; ask again with ``after`` = ``next`` until that is null."""

    session_id: str
    captures: list[CaptureItem]
    next: int | None


class ClaimList(Answer, frozen=True, kw_only=True):
    """Every claim as it stands."""

    session_id: str
    claims: list[Claim]


class GapList(Answer, frozen=True, kw_only=True):
    """All that was not read."""

    session_id: str
    gaps: list[GapItem]


class PushOutcome(Answer, frozen=True, kw_only=True):
    """What became of one message: ``stored``, ``duplicate``, or why it was dropped."""

    status: str
    message_id: str | None
    is_buyer: bool
    confidence: float | None
    intent: Intent | None
    message_type: MessageType | None
    captured: bool


class PushAnswer(Answer, frozen=True, kw_only=True):
    """One outcome for each message, in order, after all of it was committed."""

    session_id: str
    outcomes: list[PushOutcome]


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """What the message means, in the original's own words."""

    is_buyer: bool
    confidence: float
    message_type: MessageType
    auto_captured: bool


class Analysed(Answer, frozen=True, kw_only=True, omit_defaults=True):
    """``analyzed`` is false when the message was not stored; ``reason`` then says why."""

    success: bool
    analyzed: bool
    analysis: Analysis | None
    reason: str | None = None


class Health(Answer, frozen=True, kw_only=True):
    """DealFlow runs."""

    active_sessions: int
    status: Literal["ok"] = "ok"
    service: Literal["dealflow"] = "dealflow"


class Alive(Answer, frozen=True, kw_only=True):
    """The event loop turns."""

    status: Literal["alive"] = "alive"


class Part(Answer, frozen=True, kw_only=True):
    """One part of DealFlow."""

    ok: bool
    detail: str = ""


class Readiness(Answer, frozen=True, kw_only=True):
    """Whether every part works; the failing ones are named."""

    status: Literal["ready", "not_ready"]
    parts: dict[str, Part]

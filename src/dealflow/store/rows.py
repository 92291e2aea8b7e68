"""Model objects as rows, and rows as model objects."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec

from dealflow.clock import from_iso, iso
from dealflow.model.claim import Capture, Claim, ClaimState, ValueRange
from dealflow.model.correction import Corrected
from dealflow.model.facts import Gap
from dealflow.model.filters import Filters
from dealflow.model.intent import Intent, Role, Slots, Utterance, Verdict
from dealflow.model.message import Channel, Judged, Message
from dealflow.model.revision import Doubt, Revision, VerdictSource
from dealflow.model.show import LearnedRule, Lot, Sale, SaleMode, ShowRules, ShowStatus
from dealflow.store.base import Counters, Seen, Show, StoredMessage

Row = tuple[Any, ...]

_encoder = msgspec.json.Encoder()
_lots = msgspec.json.Decoder(Lot)
_slots = msgspec.json.Decoder(Slots)
_claims = msgspec.json.Decoder(tuple[Slots, ...])
_strings = msgspec.json.Decoder(tuple[str, ...])
_rules = msgspec.json.Decoder(ShowRules)
_filters = msgspec.json.Decoder(Filters)
_learned = msgspec.json.Decoder(tuple[LearnedRule, ...])
_values = msgspec.json.Decoder(ValueRange)
_figures = msgspec.json.Decoder(dict[str, int])
_utterances = msgspec.json.Decoder(Utterance)
_verdicts = msgspec.json.Decoder(Verdict)

_NO_SLOTS = Slots()
_DROPPED = "dropped:"


def text_of(value: object) -> str:
    """Return a value as JSON text."""
    return _encoder.encode(value).decode()


def platform_name(platform_id: str) -> str:
    """Return the name of the message that has this platform id."""
    return f"i:{platform_id}"


def digest(name: str) -> bytes:
    """Return what stands for a name in ``message_names``."""
    return blake2b(name.encode(), digest_size=16).digest()


def names_of(message: Message) -> tuple[bytes, ...]:
    """Return every name of a message; mostly its key is the name of its platform id already."""
    if message.platform_id is None:
        return (digest(message.key),)
    name = platform_name(message.platform_id)
    return (digest(name),) if name == message.key else (digest(message.key), digest(name))


def message_row(judged: Judged, show_id: str, platform: str, seq: int) -> Row:
    """Return a row in the order of `MESSAGE_COLUMNS`."""
    message, context = judged.message, judged.context
    lot = message.lot
    return (
        message.id,
        show_id,
        message.username,
        message.text,
        platform,
        iso(message.received_at),
        seq,
        message.key,
        message.platform_id,
        message.user_id,
        message.role,
        text_of(message.badges) if message.badges else "[]",
        message.channel,
        message.backlog,
        iso(message.sent_at),
        None if lot is None else _lot_text(lot),
        *judgement_row(judged.verdict),
        context.mode,
        context.lot_age,
    )


def judgement_row(verdict: Verdict) -> Row:
    """Return what a verdict says, in the order of `JUDGEMENT_COLUMNS`."""
    return (
        verdict.intent,
        verdict.confidence,
        "{}" if verdict.slots == _NO_SLOTS else text_of(verdict.slots),
        text_of(verdict.claims) if verdict.claims else "[]",
        verdict.reason,
        verdict.model,
    )


def judgement_of(row: Row) -> Verdict:
    """Read a row in the order of `JUDGEMENT_COLUMNS`; the scores were not kept."""
    return Verdict(
        intent=Intent(row[0]),
        confidence=row[1],
        scores={},
        slots=_slots.decode(row[2]),
        claims=_claims.decode(row[3]),
        reason=row[4],
        model=row[5],
    )


def message_of(row: Row) -> StoredMessage:
    """Read a row in the order of `MESSAGE_COLUMNS`, followed by the revision that stands.

    The revision is its source and version, then its `JUDGEMENT_COLUMNS`, or nothing but ``None``.
    """
    first = judgement_of(row[16:22])
    revised = row[24] is not None
    stands = judgement_of(row[26:32]) if revised else first
    return StoredMessage(
        message=Message(
            id=row[0],
            key=row[7],
            username=row[2],
            text=row[3],
            sent_at=from_iso(row[14]),
            received_at=from_iso(row[5]),
            platform_id=row[8],
            user_id=row[9],
            role=Role(row[10]),
            badges=_strings.decode(row[11]),
            channel=Channel(row[12]),
            backlog=bool(row[13]),
            lot=None if row[15] is None else _lot_of(row[15]),
        ),
        seq=row[6],
        intent=stands.intent,
        confidence=stands.confidence,
        slots=stands.slots,
        claims=stands.claims,
        reason=stands.reason,
        model=stands.model,
        source=VerdictSource(row[24]) if revised else VerdictSource.LOCAL,
        version=row[25] if revised else 1,
        first=first if revised else None,
        mode=None if row[22] is None else SaleMode(row[22]),
        lot_age=row[23],
    )


def revision_row(revision: Revision, show_id: str, seq: int, version: int) -> Row:
    """Return a row in the order of `VERDICT_COLUMNS`."""
    return (
        show_id,
        seq,
        version,
        revision.message_id,
        revision.source,
        *judgement_row(revision.verdict),
        iso(revision.at),
        revision.run,
        revision.prompt,
        revision.withdrawn,
        None if revision.utterance is None else text_of(revision.utterance),
    )


def revision_of(row: Row) -> Revision:
    """Read a row in the order of `VERDICT_COLUMNS` from the message's id on."""
    return Revision(
        message_id=row[0],
        source=VerdictSource(row[1]),
        verdict=judgement_of(row[2:8]),
        at=from_iso(row[8]),
        run=row[9],
        prompt=row[10],
        withdrawn=bool(row[11]),
        utterance=None if row[12] is None else _utterances.decode(row[12]),
    )


def corrected_of(row: Row) -> Corrected:
    """Read a show's id and key, then `VERDICT_COLUMNS` from the message's id on."""
    revision = revision_of(row[2:])
    return Corrected(
        show_id=row[0],
        session_id=row[1],
        message_id=revision.message_id,
        verdict=revision.verdict,
        utterance=revision.utterance or Utterance(text=""),
        at=revision.at,
    )


def doubt_row(doubt: Doubt) -> Row:
    """Return a row in the order of `DOUBT_COLUMNS`."""
    return (
        doubt.message_id,
        doubt.show_id,
        text_of(doubt.utterance),
        text_of(doubt.verdict),
        iso(doubt.at),
        doubt.reason,
    )


def doubt_of(row: Row) -> Doubt:
    """Read a row in the order of `DOUBT_COLUMNS`."""
    return Doubt(
        message_id=row[0],
        show_id=row[1],
        utterance=_utterances.decode(row[2]),
        verdict=_verdicts.decode(row[3]),
        at=from_iso(row[4]),
        reason=row[5],
    )


def seen_of(row: Row) -> Seen:
    """Read key, platform id, user name, text and time of receipt."""
    return Seen(row[0], row[1], row[2], row[3], from_iso(row[4]))


def capture_row(capture: Capture, show_id: str, platform: str) -> Row:
    """Return a row in the order of `CAPTURE_COLUMNS`."""
    return (
        capture.id,
        show_id,
        platform,
        capture.username,
        capture.text,
        capture.item,
        capture.estimated_value,
        iso(capture.at),
        capture.key,
        capture.number,
        capture.message_id,
        capture.confidence,
        capture.intent,
        capture.reason,
        capture.quantity,
        text_of(capture.value),
        capture.lot_key,
    )


def capture_of(row: Row) -> Capture:
    """Read a row in the order of `CAPTURE_COLUMNS`, followed by the time of its withdrawal."""
    return Capture(
        id=row[0],
        username=row[3],
        text=row[4],
        item=row[5],
        at=from_iso(row[7]),
        key=row[8],
        number=row[9],
        message_id=row[10],
        confidence=row[11],
        intent=Intent(row[12]),
        reason=row[13],
        quantity=row[14],
        value=_values.decode(row[15]),
        lot_key=row[16],
        withdrawn_at=None if row[17] is None else from_iso(row[17]),
    )


def claim_row(claim: Claim, show_id: str, at: int) -> Row:
    """Return a row in the order of `CLAIM_COLUMNS`."""
    return (
        show_id,
        claim.lot,
        claim.username,
        claim.quantity,
        claim.state,
        claim.place,
        text_of(claim.evidence),
        claim.lot_key,
        claim.person,
        iso(at),
    )


def claim_of(row: Row) -> Claim:
    """Read a row in the order of `CLAIM_COLUMNS` from the lot on, without its time of change."""
    return Claim(
        lot=row[0],
        username=row[1],
        quantity=row[2],
        state=ClaimState(row[3]),
        place=row[4],
        evidence=_strings.decode(row[5]),
        lot_key=row[6],
        person=row[7],
    )


def lot_row(lot: Lot, show_id: str, at: int) -> Row:
    """Return a row in the order of `LOT_COLUMNS`."""
    return (
        show_id,
        lot.key,
        lot.code,
        lot.platform_id,
        lot.title,
        lot.price,
        lot.currency,
        lot.stock,
        lot.mode,
        iso(at),
    )


def sale_row(sale: Sale, show_id: str, at: int) -> Row:
    """Return a row in the order of `SALE_COLUMNS`."""
    return (
        show_id,
        sale.lot,
        sale.platform_id,
        sale.username,
        sale.price,
        sale.currency,
        sale.kind,
        sale.timestamp or iso(at),
    )


def sale_of(row: Row) -> Sale:
    """Read a row in the order of `SALE_COLUMNS` from the lot on."""
    return Sale(
        lot=row[0],
        platform_id=row[1],
        username=row[2],
        price=row[3],
        currency=row[4],
        kind=row[5],
        timestamp=row[6],
    )


def gap_row(gap: Gap, show_id: str) -> Row:
    """Return a row in the order of `GAP_COLUMNS`."""
    return (show_id, iso(gap.start), iso(gap.end), gap.reason)


def gap_of(row: Row) -> Gap:
    """Read a row in the order of `GAP_COLUMNS` from the start on."""
    return Gap(start=from_iso(row[0]), end=from_iso(row[1]), reason=row[2])


def counter_rows(counters: Counters, show_id: str) -> list[Row]:
    """Return a row for each figure that is not zero: show, name, value."""
    figures = {
        "read": counters.read,
        "stored": counters.stored,
        "duplicates": counters.duplicates,
        "buyers": counters.buyers,
        "leads": counters.leads,
    }
    figures |= {f"{_DROPPED}{reason}": count for reason, count in counters.dropped.items()}
    return [(show_id, name, value) for name, value in figures.items() if value]


def show_of(row: Row) -> Show:
    """Read a row in the order of `SHOW_COLUMNS`, followed by its counters as a JSON object."""
    return Show(
        id=row[0],
        session_id=row[1],
        platform=row[2],
        url=row[3],
        epoch=row[4],
        started_at=from_iso(row[5]),
        last_seq=row[6],
        title=row[7],
        seller=row[8],
        source=row[9],
        mode=None if row[10] is None else SaleMode(row[10]),
        status=ShowStatus(row[11]),
        viewers=row[12],
        rules=None if row[13] is None else _rules.decode(row[13]),
        ended_at=None if row[14] is None else from_iso(row[14]),
        total_sales_caught=row[15],
        total_revenue_recovered=row[16],
        filters=None if row[17] is None else _filters.decode(row[17]),
        learned=() if row[18] is None else _learned.decode(row[18]),
        threshold=row[19],
        counters=_counters_of(_figures.decode(row[-1])),
    )


def _counters_of(figures: dict[str, int]) -> Counters:
    dropped = {
        name.removeprefix(_DROPPED): value
        for name, value in figures.items()
        if name.startswith(_DROPPED)
    }
    return Counters(
        read=figures.get("read", 0),
        stored=figures.get("stored", 0),
        duplicates=figures.get("duplicates", 0),
        buyers=figures.get("buyers", 0),
        leads=figures.get("leads", 0),
        dropped=dropped,
    )


@lru_cache(maxsize=256)
def _lot_text(lot: Lot) -> str:
    """Return a lot as JSON; the lot on screen stands beside many messages."""
    return text_of(lot)


@lru_cache(maxsize=256)
def _lot_of(text: str) -> Lot:
    """Read a lot once for the many messages beside which it stands."""
    return _lots.decode(text)

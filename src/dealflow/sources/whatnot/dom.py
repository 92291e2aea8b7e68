"""Turns what the observer saw in the page into facts. Pure.

The records come through a page that is not ours, so every field may be anything.
"""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from dealflow.clock import iso
from dealflow.model.facts import (
    ChatDropped,
    ChatSeen,
    DropReason,
    Fact,
    LotClosed,
    LotShown,
    Oddity,
    SaleSeen,
    ShowSeen,
    ViewersSeen,
)
from dealflow.model.intent import Role
from dealflow.model.message import Channel
from dealflow.model.show import Lot, Sale, SaleMode
from dealflow.model.text import MAX_TEXT, clean, clean_name

MAX_BATCH: Final = 2_000_000
"""Characters in one batch of records. The observer sends at most 400 rows of 12,000; real ones are
far smaller, and a page that says more is not showing a chat."""

MAX_RECORDS: Final = 1_000
MAX_SKIPPED: Final = 10_000
"""Rows that one jump of the index may count; a larger jump is the index's fault, not a loss."""

JOIN_TEXTS: Final = frozenset({"joined", "joined 👋"})

_CURRENCIES: Final = (
    ("CA$", "CAD"),
    ("C$", "CAD"),
    ("AU$", "AUD"),
    ("A$", "AUD"),
    ("US$", "USD"),
    ("$", "USD"),
    ("£", "GBP"),
    ("€", "EUR"),
)
_WON: Final = " won!"
_SCALES: Final = {"K": 1_000, "M": 1_000_000}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A chat row. ``skipped`` rows before it were never in the page; ``late`` is out of order."""

    fact: ChatSeen
    skipped: int = 0
    late: bool = False


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """The observer is alive. ``attached``: it has the chat list; ``rows``: how many are mounted."""

    attached: bool
    rows: int


class Sign(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on the page beside the show: ``challenge``, ``login``, ``ended``, ``overlay``
    or nothing (an empty ``kind``). ``player``: the video's section is there."""

    kind: str
    player: bool = False


class Match(msgspec.Struct, frozen=True):
    """Which candidate found a field."""

    field: str
    place: int


Seen = Row | Tick | Sign | Match | Fact


class PageParser:
    """Reads the records of one page. It remembers only what is on offer."""

    def __init__(self) -> None:
        self._lot: Lot | None = None
        self._sold: tuple[str, str, str] | None = None

    def feed(self, batch: object, at: int) -> list[Seen]:
        """Read one batch as the observer sent it; ``at`` is the time of receipt."""
        if not isinstance(batch, str) or len(batch) > MAX_BATCH:
            return [Oddity(kind="page_batch", at=at, sample=str(type(batch).__name__))]
        try:
            records = json.loads(batch)
        except (ValueError, RecursionError):
            return [Oddity(kind="page_batch", at=at, sample=clean(batch[:80]))]
        if not isinstance(records, list) or len(records) > MAX_RECORDS:
            return [Oddity(kind="page_batch", at=at)]
        seen: list[Seen] = []
        for record in records:
            seen += self._read(record, at)
        return seen

    def _read(self, record: object, at: int) -> list[Seen]:
        if not isinstance(record, dict):
            return [Oddity(kind="page_record", at=at)]
        match record.get("k"):
            case "row":
                return [*_row(record, at)]
            case "card":
                return [*self._card(record, at)]
            case "viewers" | "seller" | "odd" | "lost":
                return [*_facts(record, at)]
            case "tick":
                return [Tick(attached=record.get("on") is True, rows=_count(record, "rows"))]
            case "sign":
                return [Sign(kind=_text(record, "w")[:20], player=record.get("player") is True)]
            case "match":
                return [Match(_text(record, "f")[:40], _count(record, "n"))]
            case _:
                return [Oddity(kind="page_record", at=at)]

    def _card(self, record: dict[str, Any], at: int) -> list[Fact]:
        """Read the card of what is on offer; a giveaway is neither a lot nor a sale."""
        title = clean(_text(record, "title")).strip()[:500]
        if record.get("give") is True or record.get("idle") is True or not title:
            gone, self._lot = self._lot, None
            return [] if gone is None else [LotClosed(at=at)]
        price, currency = price_of(_text(record, "price"))
        lot = Lot(title=title, price=price, currency=currency, mode=SaleMode.AUCTION)
        facts: list[Fact] = []
        if lot != self._lot:
            self._lot = lot
            facts.append(LotShown(lot=lot, at=at))
        winner = winner_of(_text(record, "status"))
        if winner and record.get("sold") is True and record.get("settled") is True:
            facts += self._sale(lot, winner, at)
        return facts

    def _sale(self, lot: Lot, winner: str, at: int) -> list[Fact]:
        this = (lot.title, winner, str(lot.price))
        if this == self._sold:
            return []
        self._sold = this
        sale = Sale(
            lot=lot.title,
            username=winner,
            price=lot.price,
            currency=lot.currency,
            timestamp=iso(at),
        )
        return [SaleSeen(sale=sale, at=at)]


def _facts(record: dict[str, Any], at: int) -> list[Fact]:
    text = _text(record, "t")
    match record["k"]:
        case "viewers":
            viewers = viewers_of(text)
            return [] if viewers is None else [ViewersSeen(viewers=viewers, at=at)]
        case "seller":
            name = name_of(text)
            return [ShowSeen(at=at, seller=name)] if name else []
        case "odd":
            return [Oddity(kind="page_row", at=at, sample=clean(text[:120]))]
        case _:
            return [ChatDropped(reason=DropReason.EMPTY, at=at)]


def _row(record: dict[str, Any], at: int) -> list[Row | ChatDropped]:
    text = clean(_text(record, "t")).strip()
    name = name_of(_text(record, "u"))
    if text in JOIN_TEXTS:
        return []
    if not text:
        return [ChatDropped(reason=DropReason.EMPTY, at=at)]
    if not name:
        return [ChatDropped(reason=DropReason.NAMELESS, at=at, sample=text[:120])]
    if len(text) > MAX_TEXT:
        return [ChatDropped(reason=DropReason.OVERSIZE, at=at, sample=text[:120])]
    badges = _badges(record.get("b"))
    fact = ChatSeen(
        username=name,
        text=text,
        at=at,
        role=role_of(badges),
        badges=badges,
        channel=Channel.DOM,
        backlog=record.get("back") is True,
        index=_count(record, "v"),
    )
    skipped = _count(record, "skip")
    return [
        Row(
            fact=fact,
            skipped=skipped if skipped <= MAX_SKIPPED else 0,
            late=record.get("late") is True,
        )
    ]


def name_of(raw: str) -> str:
    """Return the user name in a profile link, in a picture's description, or as it stands."""
    if "/user/" in raw:
        raw = unquote(raw.rpartition("/user/")[2].split("/")[0].split("?")[0].split("#")[0])
    return clean_name(raw.removesuffix(" profile image")).removeprefix("@")


def role_of(badges: tuple[str, ...]) -> Role:
    """Return what the badges say of their bearer."""
    words = {word for badge in badges for word in badge.casefold().split()}
    if words & {"host", "creator", "seller", "cohost", "co-host"}:
        return Role.HOST
    if words & {"mod", "moderator"}:
        return Role.MOD
    return Role.VIEWER


def price_of(raw: str) -> tuple[float | None, str | None]:
    """Read a price such as ``$1,234.50``: amount and currency, each ``None`` when unclear."""
    raw = raw.strip()
    for sign, currency in _CURRENCIES:
        if raw.startswith(sign):
            return _number(raw[len(sign) :]), currency
    return _number(raw), None


def viewers_of(raw: str) -> int | None:
    """Read how many watch, such as ``1,284`` or ``1.2K``; ``None`` when it is no number."""
    raw = raw.strip().upper()
    scale = _SCALES.get(raw[-1:], 1)
    number = _number(raw.rstrip("KM") if scale > 1 else raw)
    return None if number is None else round(number * scale)


def winner_of(status: str) -> str:
    """Return who won, from ``x won!``; empty while an auction runs, or when it is us."""
    name = status.strip()
    if not name.endswith(_WON):
        return ""
    name = clean_name(name.removesuffix(_WON)).removeprefix("@")
    return "" if name == "You" else name


def _number(raw: str) -> float | None:
    digits = raw.strip().replace(",", "")
    if not digits.isascii() or not digits.replace(".", "", 1).isdigit() or len(digits) > 15:
        return None
    return float(digits)


def _text(record: dict[str, Any], key: str) -> str:
    value = record.get(key)
    return value if isinstance(value, str) else ""


def _count(record: dict[str, Any], key: str) -> int:
    value = record.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return value if 0 <= value < 2**53 else 0


def _badges(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(clean_name(badge)[:40] for badge in value[:8] if isinstance(badge, str))

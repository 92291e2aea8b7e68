"""G9: rows that are durable in our store, against bare executemany with the same pragmas.

Ours writes what a show really writes: the message with its indexes and its names for dedupe, its
event with a position, a capture for every tenth message and the counters, and builds the frames.
Theirs inserts ready-made tuples of the same message columns into one table whose only index is the
id. Both commit every 500 messages with WAL and synchronous=FULL.
"""

from __future__ import annotations

import asyncio
import gc
import random
import sqlite3
import statistics
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import apsw

from bench.result import Result, compared
from dealflow.clock import SystemClock, iso
from dealflow.model.claim import Capture, ValueRange
from dealflow.model.events import MessageView, NewMessage, encode_body
from dealflow.model.ids import new_id
from dealflow.model.intent import Intent, Slots, Verdict, message_type
from dealflow.model.message import Judged, Message
from dealflow.model.show import Lot
from dealflow.store.base import Batch, Counters, EventDraft, Show
from dealflow.store.columns import MESSAGE_COLUMNS
from dealflow.store.connection import CACHE_KB, CHECKPOINT_PAGES
from dealflow.store.rows import message_row
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics

BATCH = 500
START = 1_764_000_000_000
TEXTS = (
    "sold!",
    "I'll take the blue one in size M please",
    "how much is shipping to Germany?",
    "lol that was quick 😂",
    "mine A12",
    "does it come with the original box and papers?",
)


def judged_message(number: int, chance: random.Random) -> Judged:
    """Return one message as a busy show has them: a random platform id, a lot, a verdict."""
    at = START + number * 2
    platform_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    person = chance.randrange(3_000)
    buyer = number % 10 == 0
    lot = Lot(code=f"A{number // 300}", platform_id="49152", title="Blue shirt", price=12.0)
    message = Message(
        id=new_id(at),
        key=f"i:{platform_id}",
        username=f"buyer_{person}",
        text=chance.choice(TEXTS),
        sent_at=at - 40,
        received_at=at,
        platform_id=platform_id,
        user_id=str(10_000_000 + person),
        badges=("returning_buyer",) if person % 3 == 0 else (),
        lot=lot,
    )
    verdict = Verdict(
        intent=Intent.CLAIM if buyer else Intent.CHATTER,
        confidence=0.93 if buyer else 0.04,
        scores={},
        slots=Slots(item=lot.code, quantity=1) if buyer else Slots(),
        reason="says the claim word alone" if buyer else "",
        model="grammar-1",
    )
    return Judged(message, verdict)


def batch_of(show: Show, messages: tuple[Judged, ...], first_capture: int) -> Batch:
    """Return a batch with everything that goes with its messages."""
    buyers = [judged for judged in messages if judged.verdict.intent is Intent.CLAIM]
    captures = tuple(_capture(judged, first_capture + n) for n, judged in enumerate(buyers))
    return Batch(
        show_id=show.id,
        epoch=show.epoch,
        at=messages[-1].message.received_at,
        messages=messages,
        captures=captures,
        events=tuple(_draft(judged) for judged in messages),
        counters=Counters(read=len(messages), stored=len(messages), buyers=len(captures)),
    )


def _capture(judged: Judged, number: int) -> Capture:
    message = judged.message
    return Capture(
        id=new_id(message.received_at),
        key=f"{message.person}/{message.id}",
        message_id=message.id,
        username=message.username,
        text=message.text,
        confidence=judged.verdict.confidence,
        intent=judged.verdict.intent,
        reason=judged.verdict.reason,
        at=message.received_at,
        number=number,
        value=ValueRange(low=12.0, high=12.0, currency="USD", basis="lot_price"),
    )


def _draft(judged: Judged) -> EventDraft:
    message, verdict = judged.message, judged.verdict
    view = MessageView(
        id=message.id,
        platform_id=message.platform_id,
        username=message.username,
        message=message.text,
        timestamp=iso(message.sent_at),
        role=message.role,
        backlog=False,
        is_buyer=verdict.confidence >= 0.7,
        confidence=verdict.confidence,
        message_type=message_type(verdict.intent),
        intent=verdict.intent,
        slots=verdict.slots,
        lot=message.lot,
    )
    return EventDraft("new_message", encode_body(NewMessage(message=view)))


async def ours(folder: Path, messages: list[Judged]) -> float:
    """Return how many messages a second the store commits, one batch after the other."""
    store = await SqliteStore.open(folder / "ours.db", clock=SystemClock(), metrics=Metrics())
    try:
        show = await store.open_show(session_id="g9", platform="whatnot", url="", now_ms=START)
        batches = [
            batch_of(show, tuple(messages[at : at + BATCH]), at // 10 + 1)
            for at in range(0, len(messages), BATCH)
        ]
        began = time.perf_counter()
        for batch in batches:
            await store.append(batch)
        return len(messages) / (time.perf_counter() - began)
    finally:
        await store.aclose()


def theirs(folder: Path, rows: list[tuple[Any, ...]], driver: str) -> float:
    """Return how many rows a second executemany commits with ``sqlite3`` or ``apsw``."""
    path = str(folder / f"{driver}.db")
    connection: Any = (
        apsw.Connection(path) if driver == "apsw" else sqlite3.connect(path, isolation_level=None)
    )
    connection.execute("PRAGMA journal_mode = wal")
    connection.execute("PRAGMA synchronous = full")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA cache_size = {-CACHE_KB}")
    others = ", ".join(MESSAGE_COLUMNS[1:])
    connection.execute(f"CREATE TABLE chat_messages (id TEXT PRIMARY KEY, {others})")
    insert = f"INSERT INTO chat_messages VALUES ({', '.join('?' * len(MESSAGE_COLUMNS))})"
    try:
        began = time.perf_counter()
        for at in range(0, len(rows), BATCH):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(insert, rows[at : at + BATCH])
            connection.execute("COMMIT")
        return len(rows) / (time.perf_counter() - began)
    finally:
        connection.close()


def run(quick: bool = False) -> Result:
    """Measure; ``quick`` writes 20,000 messages a round instead of 50,000."""
    chance = random.Random(9)
    messages = [judged_message(number, chance) for number in range(20_000 if quick else 50_000)]
    show_id = str(uuid.UUID(int=9))
    rows = [
        tuple(str(value) if isinstance(value, str) else value for value in row)
        for row in (message_row(judged, show_id, "whatnot", n) for n, judged in enumerate(messages))
    ]
    gc.collect()
    gc.freeze()  # neither side pays for walking through the material again
    figures: dict[str, list[float]] = {"ours": [], "sqlite3": [], "apsw": []}
    for _ in range(3 if quick else 5):
        with tempfile.TemporaryDirectory(prefix="g9-") as name:
            folder = Path(name)
            figures["sqlite3"].append(theirs(folder, rows, "sqlite3"))
            figures["ours"].append(asyncio.run(ours(folder, messages)))
            figures["apsw"].append(theirs(folder, rows, "apsw"))
    middle = {name: statistics.median(values) for name, values in figures.items()}
    bodies = statistics.mean(len(_draft(judged).body) for judged in messages[:1_000])
    return compared(
        "G9",
        "durable ingest against bare executemany (SQLite, WAL, FULL, 500 a commit)",
        ours=middle["ours"],
        theirs=middle["sqlite3"],
        ratio=_paired(figures, "sqlite3"),
        unit="rows/s",
        gate=0.25,
        target=0.4,
        note=(
            f"Bare executemany through apsw: {middle['apsw']:,.0f} rows/s "
            f"(ratio {_paired(figures, 'apsw'):.3f}). Beside each message ours writes an event of "
            f"{bodies:.0f} bytes; only messages are counted."
        ),
    )


def _paired(figures: dict[str, list[float]], other: str) -> float:
    """Return the median of the ratios of each round."""
    rounds = zip(figures["ours"], figures[other], strict=True)
    return statistics.median(mine / bare for mine, bare in rounds)


if __name__ == "__main__":
    print(run().lines())

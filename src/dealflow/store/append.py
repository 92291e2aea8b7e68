"""Writes one batch: the statements, in the order in which they must run."""

from __future__ import annotations

from typing import Any

import apsw

from dealflow.clock import iso
from dealflow.errors import DuplicateMessages, InputInvalid, ShowUnknown
from dealflow.model.events import Frame, frame_data, frame_prefix
from dealflow.model.position import Position
from dealflow.store.base import Batch, ShowUpdate
from dealflow.store.bulk import BulkInsert
from dealflow.store.columns import (
    CAPTURE_COLUMNS,
    CLAIM_COLUMNS,
    GAP_COLUMNS,
    LOT_COLUMNS,
    MESSAGE_COLUMNS,
    SALE_COLUMNS,
)
from dealflow.store.revisions import write_doubts, write_revisions
from dealflow.store.rows import (
    capture_row,
    claim_row,
    counter_rows,
    digest,
    gap_row,
    lot_row,
    message_row,
    names_of,
    platform_name,
    sale_row,
    text_of,
)

NEW_MESSAGE = "new_message"

_NAMES = BulkInsert("message_names", ("epoch", "name", "seq"))
_MESSAGES = BulkInsert("chat_messages", MESSAGE_COLUMNS)
_EVENTS = BulkInsert("events", ("epoch", "seq", "type", "body"))
_CAPTURES = BulkInsert(
    "sales_captured",
    CAPTURE_COLUMNS,
    'ON CONFLICT (stream_session_id, "key") DO NOTHING RETURNING coalesce(estimated_value, 0.0)',
)
_CLAIMS = BulkInsert(
    "claims",
    CLAIM_COLUMNS,
    "ON CONFLICT (stream_session_id, coalesce(nullif(lot_key, ''), lot),"
    " coalesce(nullif(person, ''), username)) DO UPDATE SET lot = excluded.lot,"
    " username = excluded.username, quantity = excluded.quantity, state = excluded.state,"
    " place = excluded.place, evidence = excluded.evidence, updated_at = excluded.updated_at",
)
_LOTS = BulkInsert(
    "lots",
    LOT_COLUMNS,
    'ON CONFLICT (stream_session_id, "key") DO UPDATE SET code = excluded.code,'
    " title = excluded.title, price = excluded.price, currency = excluded.currency,"
    " stock = excluded.stock, mode = excluded.mode, updated_at = excluded.updated_at",
)
_SALES = BulkInsert("platform_sales", SALE_COLUMNS)
_GAPS = BulkInsert("gaps", GAP_COLUMNS)
_COUNTERS = BulkInsert(
    "counters",
    ("stream_session_id", "name", "value"),
    "ON CONFLICT (stream_session_id, name) DO UPDATE SET value = value + excluded.value",
)


def write_batch(connection: apsw.Connection, batch: Batch) -> tuple[Frame, ...]:
    """Write a batch inside the caller's transaction; return its frames with their positions.

    Raises:
        ShowUnknown: there is no such show, or its epoch is another one.
        DuplicateMessages: some messages are stored already.
        InputInvalid: the batch contradicts itself.
        apsw.Error, UnicodeError, OverflowError, msgspec.MsgspecError: a row cannot be stored, or
            the store fails.
    """
    first, session_id, platform = _take_positions(connection, batch)
    if batch.messages:
        _write_messages(connection, batch, first, platform)
    _learn(connection, batch)
    if batch.doubts:
        write_doubts(connection, batch.doubts)
    if batch.revisions:
        write_revisions(connection, batch.show_id, batch.revisions, batch.at)
    if batch.captures:
        _write_captures(connection, batch, platform)
    if batch.withdrawn or batch.returned:
        _move_captures(connection, batch)
    _write_facts(connection, batch)
    if batch.update is not None:
        _update_show(connection, batch.show_id, batch.update)
    return _write_events(connection, batch, first, session_id)


def _take_positions(connection: apsw.Connection, batch: Batch) -> tuple[int, str, str]:
    """Move the show's place on; return the first new position, the caller's key, the platform."""
    row = connection.execute(
        "UPDATE stream_sessions SET last_seq = last_seq + ? WHERE id = ? AND epoch = ?"
        " RETURNING last_seq, session_id, platform",
        (len(batch.events), batch.show_id, batch.epoch),
    ).get
    if row is None:
        raise ShowUnknown(f"No show {batch.show_id} of epoch {batch.epoch} is stored.")
    last, session_id, platform = row
    return last - len(batch.events) + 1, session_id, platform


def _write_events(
    connection: apsw.Connection, batch: Batch, first: int, session_id: str
) -> tuple[Frame, ...]:
    epoch = batch.epoch
    placed = list(enumerate(batch.events, first))
    _EVENTS.run(connection, [(epoch, seq, draft.kind, draft.body) for seq, draft in placed])
    prefix = frame_prefix(session_id)
    return tuple(
        Frame(seq, draft.kind, frame_data(prefix, Position(epoch, seq), draft.body))
        for seq, draft in placed
    )


def _write_messages(connection: apsw.Connection, batch: Batch, first: int, platform: str) -> None:
    places = [seq for seq, draft in enumerate(batch.events, first) if draft.kind == NEW_MESSAGE]
    if len(places) != len(batch.messages):
        raise InputInvalid(
            f"The batch has {len(batch.messages)} messages and {len(places)} {NEW_MESSAGE} events."
        )
    placed = list(zip(batch.messages, places, strict=True))
    names = [
        (batch.epoch, name, seq) for judged, seq in placed for name in names_of(judged.message)
    ]
    try:
        _NAMES.run(connection, names)
    except apsw.ConstraintError as error:
        stored = _stored_before(connection, batch, first)
        if stored:
            raise DuplicateMessages(stored) from error
        raise InputInvalid("The batch holds a message twice.") from error
    show = batch.show_id
    _MESSAGES.run(connection, [message_row(judged, show, platform, seq) for judged, seq in placed])


def _stored_before(connection: apsw.Connection, batch: Batch, first: int) -> list[str]:
    """Return the keys of those messages that have a name with a position before ``first``."""
    return [
        judged.message.key
        for judged in batch.messages
        if any(
            seq is not None and seq < first
            for seq in (
                _place_of(connection, batch.epoch, name) for name in names_of(judged.message)
            )
        )
    ]


def _place_of(connection: apsw.Connection, epoch: int, name: bytes) -> int | None:
    place: int | None = connection.execute(
        "SELECT seq FROM message_names WHERE epoch = ? AND name = ?", (epoch, name)
    ).get
    return place


def _learn(connection: apsw.Connection, batch: Batch) -> None:
    """Give stored messages the platform ids that were learned; one that is taken stays as it is."""
    for key, platform_id in batch.learned:
        name = digest(platform_name(platform_id))
        seq = _place_of(connection, batch.epoch, digest(key))
        if seq is None or _place_of(connection, batch.epoch, name) is not None:
            continue
        learned = connection.execute(
            "UPDATE chat_messages SET platform_id = ? WHERE stream_session_id = ? AND seq = ?"
            " AND platform_id IS NULL RETURNING seq",
            (platform_id, batch.show_id, seq),
        ).fetchall()
        _NAMES.run(connection, [(batch.epoch, name, seq) for (seq,) in learned])


def _write_captures(connection: apsw.Connection, batch: Batch, platform: str) -> None:
    """Write the captures that are new, and add them to the show's totals."""
    rows = [capture_row(capture, batch.show_id, platform) for capture in batch.captures]
    values = [value for (value,) in _CAPTURES.run(connection, rows)]
    _add_to_totals(connection, batch.show_id, len(values), sum(values))


def _move_captures(connection: apsw.Connection, batch: Batch) -> None:
    """Let captures count no more, or again, and let the show's totals follow."""
    moves: tuple[tuple[tuple[str, ...], str | None, int], ...] = (
        (batch.withdrawn, iso(batch.at), -1),
        (batch.returned, None, 1),
    )
    for keys, since, sign in moves:
        moved: list[tuple[Any, ...]] = connection.execute(
            "UPDATE sales_captured SET withdrawn_at = ?1 WHERE stream_session_id = ?2"
            ' AND "key" IN (SELECT value FROM json_each(?3))'
            " AND (withdrawn_at IS NULL) = (?1 IS NOT NULL)"
            " RETURNING coalesce(estimated_value, 0.0)",
            (since, batch.show_id, text_of(keys)),
        ).fetchall()
        worth = sum(value for (value,) in moved)
        _add_to_totals(connection, batch.show_id, sign * len(moved), sign * worth)


def _add_to_totals(connection: apsw.Connection, show: str, captures: int, worth: float) -> None:
    if captures:
        connection.execute(
            "UPDATE stream_sessions SET total_sales_caught = total_sales_caught + ?,"
            " total_revenue_recovered = round(total_revenue_recovered + ?, 2) WHERE id = ?",
            (captures, worth, show),
        )


def _write_facts(connection: apsw.Connection, batch: Batch) -> None:
    show, at = batch.show_id, batch.at
    _LOTS.run(connection, [lot_row(lot, show, at) for lot in batch.lots])
    _CLAIMS.run(connection, [claim_row(claim, show, at) for claim in batch.claims])
    _SALES.run(connection, [sale_row(sale, show, at) for sale in batch.sales])
    _GAPS.run(connection, [gap_row(gap, show) for gap in batch.gaps])
    _COUNTERS.run(connection, counter_rows(batch.counters, show))


def _update_show(connection: apsw.Connection, show: str, update: ShowUpdate) -> None:
    connection.execute(
        "UPDATE stream_sessions SET title = coalesce(?, title), seller = coalesce(?, seller),"
        " source = coalesce(?, source), mode = coalesce(?, mode), status = coalesce(?, status),"
        " viewers = coalesce(?, viewers), filters = coalesce(?, filters),"
        " learned = coalesce(?, learned),"
        " ended_at = coalesce(?, CASE WHEN ? THEN NULL ELSE ended_at END) WHERE id = ?",
        (
            update.title,
            update.seller,
            update.source,
            update.mode,
            update.status,
            update.viewers,
            None if update.filters is None else text_of(update.filters),
            None if update.learned is None else text_of(update.learned),
            None if update.ended_at is None else iso(update.ended_at),
            update.reopen,
            show,
        ),
    )

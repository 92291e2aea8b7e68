"""Reads rows and returns model objects; every function takes the connection first."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from dealflow.model.claim import Capture, Claim
from dealflow.model.events import Frame, frame_data, frame_prefix
from dealflow.model.facts import Gap
from dealflow.model.intent import Intent
from dealflow.model.message import Message
from dealflow.model.position import Position
from dealflow.model.show import Sale
from dealflow.store.base import Seen, Show, StoredMessage
from dealflow.store.columns import (
    CAPTURE_COLUMNS,
    CLAIM_COLUMNS,
    GAP_COLUMNS,
    JUDGEMENT_COLUMNS,
    MESSAGE_COLUMNS,
    SALE_COLUMNS,
    SHOW_COLUMNS,
)
from dealflow.store.rows import (
    capture_of,
    claim_of,
    gap_of,
    message_of,
    sale_of,
    seen_of,
    show_of,
    text_of,
)

_SHOW = (
    f"SELECT {', '.join(SHOW_COLUMNS)}, (SELECT json_group_object(name, value) FROM counters"
    " WHERE stream_session_id = stream_sessions.id) FROM stream_sessions"
)
# An empty list of names lets everything pass.
_FILTER = "AND (?3 = '[]' OR {column} IN (SELECT value FROM json_each(?3)))"
_FRAMES = (
    "SELECT seq, type, body FROM events WHERE epoch = ?1 AND seq > ?2 "
    + _FILTER.format(column="type")
    + " ORDER BY seq LIMIT ?4"
)
_STANDING = ("source", "version", *JUDGEMENT_COLUMNS)
_MESSAGE = (
    f"SELECT {', '.join(f'm.{column}' for column in MESSAGE_COLUMNS)},"
    f" {', '.join(f'v.{column}' for column in _STANDING)}"
    " FROM chat_messages AS m LEFT JOIN verdicts AS v"
    " ON v.stream_session_id = m.stream_session_id AND v.seq = m.seq AND v.stands = 1"
)
_MESSAGES = (
    f"{_MESSAGE} WHERE m.stream_session_id = ?1 AND m.seq > ?2"
    " AND (?3 = '[]' OR coalesce(v.intent, m.intent) IN (SELECT value FROM json_each(?3))"
    " OR (?5 AND m.intent IN (SELECT value FROM json_each(?3)))) ORDER BY m.seq LIMIT ?4"
)


def show_by_id(connection: apsw.Connection, show_id: str) -> Show | None:
    """Return the show of our UUID."""
    row = connection.execute(f"{_SHOW} WHERE id = ?", (show_id,)).fetchone()
    return None if row is None else show_of(row)


def show_by_key(connection: apsw.Connection, session_id: str) -> Show | None:
    """Return the show of the caller's key."""
    row = connection.execute(f"{_SHOW} WHERE session_id = ?", (session_id,)).fetchone()
    return None if row is None else show_of(row)


def newest_shows(connection: apsw.Connection, limit: int) -> list[Show]:
    """Return shows, the newest first."""
    rows = connection.execute(f"{_SHOW} ORDER BY epoch DESC LIMIT ?", (limit,))
    return [show_of(row) for row in rows]


def frames_after(
    connection: apsw.Connection, show_id: str, after: int, limit: int, kinds: Sequence[str]
) -> list[Frame]:
    """Return a show's frames in order."""
    show = connection.execute(
        "SELECT session_id, epoch FROM stream_sessions WHERE id = ?", (show_id,)
    ).fetchone()
    if show is None:
        return []
    session_id, epoch = show
    prefix = frame_prefix(session_id)
    rows = connection.execute(_FRAMES, (epoch, after, text_of(kinds), limit))
    return [
        Frame(seq, kind, frame_data(prefix, Position(epoch, seq), body)) for seq, kind, body in rows
    ]


def first_position(connection: apsw.Connection, show_id: str) -> int:
    """Return the oldest position that is still there, or the one after the last."""
    first: int | None = connection.execute(
        "SELECT coalesce((SELECT min(seq) FROM events WHERE events.epoch = stream_sessions.epoch),"
        " last_seq + 1) FROM stream_sessions WHERE id = ?",
        (show_id,),
    ).get
    return 1 if first is None else first


def messages_after(
    connection: apsw.Connection,
    show_id: str,
    after: int,
    limit: int,
    intents: Sequence[Intent],
    first_too: bool,
) -> list[StoredMessage]:
    """Return a show's messages in order."""
    rows = connection.execute(_MESSAGES, (show_id, after, text_of(intents), limit, first_too))
    return [message_of(row) for row in rows]


def message_by_id(
    connection: apsw.Connection, show_id: str, message_id: str
) -> StoredMessage | None:
    """Return one message of a show."""
    row = connection.execute(
        f"{_MESSAGE} WHERE m.stream_session_id = ? AND m.id = ?", (show_id, message_id)
    ).fetchone()
    return None if row is None else message_of(row)


def said_before(
    connection: apsw.Connection, show_id: str, message: Message, seq: int, limit: int
) -> list[str]:
    """Return the latest texts of a message's author before a position, the oldest first."""
    rows = connection.execute(
        "SELECT message FROM chat_messages WHERE stream_session_id = ?1 AND seq < ?2"
        " AND user_id IS ?3 AND (?3 IS NOT NULL OR username = ?4) ORDER BY seq DESC LIMIT ?5",
        (show_id, seq, message.user_id or None, message.username, limit),
    ).fetchall()
    return [text for (text,) in reversed(rows)]


def captures_after(
    connection: apsw.Connection, show_id: str, after: int, limit: int, withdrawn: bool
) -> list[Capture]:
    """Return a show's captures by number."""
    rows = connection.execute(
        f"SELECT {', '.join(CAPTURE_COLUMNS)}, withdrawn_at FROM sales_captured"
        " WHERE stream_session_id = ? AND number > ? AND (? OR withdrawn_at IS NULL)"
        " ORDER BY number LIMIT ?",
        (show_id, after, withdrawn, limit),
    )
    return [capture_of(row) for row in rows]


def sales_of(connection: apsw.Connection, show_id: str) -> list[Sale]:
    """Return a show's confirmed sales in order."""
    rows = connection.execute(
        f"SELECT {', '.join(SALE_COLUMNS[1:])} FROM platform_sales"
        " WHERE stream_session_id = ? ORDER BY id",
        (show_id,),
    )
    return [sale_of(row) for row in rows]


def claims_of(connection: apsw.Connection, show_id: str) -> list[Claim]:
    """Return a show's claims in the order in which they were first made."""
    rows = connection.execute(
        f"SELECT {', '.join(CLAIM_COLUMNS[1:-1])} FROM claims"
        " WHERE stream_session_id = ? ORDER BY rowid",
        (show_id,),
    )
    return [claim_of(row) for row in rows]


def gaps_of(connection: apsw.Connection, show_id: str) -> list[Gap]:
    """Return what was not read of a show, in order."""
    rows = connection.execute(
        f"SELECT {', '.join(GAP_COLUMNS[1:])} FROM gaps WHERE stream_session_id = ? ORDER BY id",
        (show_id,),
    )
    return [gap_of(row) for row in rows]


def seen_last(connection: apsw.Connection, show_id: str, limit: int) -> list[Seen]:
    """Return what the dedupe ring must know of the newest messages, oldest first."""
    rows = connection.execute(
        'SELECT "key", platform_id, username, message, created_at FROM chat_messages'
        " WHERE stream_session_id = ? ORDER BY seq DESC LIMIT ?",
        (show_id, limit),
    ).fetchall()
    return [seen_of(row) for row in reversed(rows)]

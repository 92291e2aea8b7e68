"""Further verdicts, the messages that wait for one, and what these cost; written and read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import apsw

from dealflow.clock import from_iso, iso
from dealflow.errors import InputInvalid
from dealflow.model.correction import Corrected
from dealflow.model.revision import Doubt, Revision, Spent, VerdictSource
from dealflow.store.bulk import BulkInsert
from dealflow.store.columns import (
    DOUBT_COLUMNS,
    JUDGEMENT_COLUMNS,
    VERDICT_COLUMNS,
)
from dealflow.store.rows import (
    Row,
    corrected_of,
    doubt_of,
    doubt_row,
    judgement_of,
    revision_of,
    revision_row,
    text_of,
)

ANSWERED = "answered"
CORRECTED = "corrected"

_VERDICTS = BulkInsert("verdicts", VERDICT_COLUMNS)
_DOUBTS = BulkInsert("doubts", DOUBT_COLUMNS, "ON CONFLICT (message_id) DO NOTHING")

# What a revision of each source means for the message's doubt.
_SETTLES = {VerdictSource.SECOND_OPINION: ANSWERED, VerdictSource.SELLER: CORRECTED}

# CROSS JOIN makes SQLite look each id up, where it would walk the whole show.
_PLACES = (
    "SELECT m.id, m.seq, coalesce((SELECT max(version) FROM verdicts AS v WHERE"
    " v.stream_session_id = m.stream_session_id AND v.seq = m.seq), 1)"
    " FROM json_each(?2) AS wanted CROSS JOIN chat_messages AS m ON m.id = wanted.value"
    " WHERE m.stream_session_id = ?1"
)
_LATEST = (
    "(SELECT max(version) FROM verdicts WHERE stream_session_id = ?1 AND seq = ?2"
    " AND source = '{source}')"
)
# The same rule as `model.revision.standing_version`: the last word of the seller, else that of the
# second opinion, unless it was withdrawn.
_MARK = (
    "UPDATE verdicts SET stands = 1 WHERE stream_session_id = ?1 AND seq = ?2 AND version ="
    " (SELECT version FROM verdicts WHERE stream_session_id = ?1 AND seq = ?2 AND withdrawn = 0"
    f" AND version IN ({_LATEST.format(source=VerdictSource.SELLER)},"
    f" {_LATEST.format(source=VerdictSource.SECOND_OPINION)})"
    f" ORDER BY source = '{VerdictSource.SELLER}' DESC LIMIT 1)"
)


def write_revisions(
    connection: apsw.Connection, show_id: str, revisions: Sequence[Revision], at: int
) -> None:
    """Add verdicts as the next versions, and mark those that stand now.

    Raises:
        InputInvalid: a revision is of a message that this show does not have.
    """
    ids = sorted({revision.message_id for revision in revisions})
    places = {
        message_id: (seq, version)
        for message_id, seq, version in connection.execute(_PLACES, (show_id, text_of(ids)))
    }
    missing = [message_id for message_id in ids if message_id not in places]
    if missing:
        raise InputInvalid(f"The show {show_id} has no message {missing[0]!r} to judge again.")
    rows: list[Row] = []
    for revision in revisions:
        seq, version = places[revision.message_id]
        places[revision.message_id] = (seq, version + 1)
        rows.append(revision_row(revision, show_id, seq, version + 1))
    _VERDICTS.run(connection, rows)
    moved = {one.message_id for one in revisions if one.source in _SETTLES}
    for message_id in moved:
        place = (show_id, places[message_id][0])
        connection.execute(
            "UPDATE verdicts SET stands = 0 WHERE stream_session_id = ? AND seq = ? AND stands = 1",
            place,
        )
        connection.execute(_MARK, place)
    _settle_by(connection, revisions, at)


def _settle_by(connection: apsw.Connection, revisions: Sequence[Revision], at: int) -> None:
    settled: defaultdict[str, list[str]] = defaultdict(list)
    for revision in revisions:
        if revision.source in _SETTLES:
            settled[_SETTLES[revision.source]].append(revision.message_id)
    for outcome, message_ids in settled.items():
        settle(connection, message_ids, outcome, at)


def write_doubts(connection: apsw.Connection, doubts: Sequence[Doubt]) -> None:
    """Note messages that wait for a second opinion."""
    _DOUBTS.run(connection, [doubt_row(doubt) for doubt in doubts])


def settle(connection: apsw.Connection, message_ids: Sequence[str], outcome: str, at: int) -> None:
    """Let messages wait no longer; ``at`` in milliseconds since 1970."""
    connection.execute(
        "UPDATE doubts SET settled_at = ?, outcome = ? WHERE settled_at IS NULL"
        " AND message_id IN (SELECT value FROM json_each(?))",
        (iso(at), outcome, text_of(message_ids)),
    )


def doubts_waiting(
    connection: apsw.Connection, show_id: str | None, since: int, limit: int
) -> list[Doubt]:
    """Return messages that wait, the longest-waiting first."""
    rows = connection.execute(
        f"SELECT {', '.join(DOUBT_COLUMNS)} FROM doubts WHERE settled_at IS NULL"
        " AND created_at >= ?1 AND (?2 IS NULL OR stream_session_id = ?2)"
        " ORDER BY created_at, message_id LIMIT ?3",
        (iso(since), show_id, limit),
    )
    return [doubt_of(row) for row in rows]


def verdicts_of(connection: apsw.Connection, show_id: str, message_id: str) -> list[Revision]:
    """Return every verdict on a message in the order of the versions."""
    first = connection.execute(
        f"SELECT seq, created_at, {', '.join(JUDGEMENT_COLUMNS)} FROM chat_messages"
        " WHERE stream_session_id = ? AND id = ?",
        (show_id, message_id),
    ).fetchone()
    if first is None:
        return []
    own = Revision(
        message_id=message_id,
        verdict=judgement_of(first[2:]),
        source=VerdictSource.LOCAL,
        at=from_iso(first[1]),
    )
    rows = connection.execute(
        f"SELECT {', '.join(VERDICT_COLUMNS[3:])} FROM verdicts"
        " WHERE stream_session_id = ? AND seq = ? ORDER BY version",
        (show_id, first[0]),
    )
    return [own, *(revision_of(row) for row in rows)]


def corrections_standing(connection: apsw.Connection, show_id: str | None) -> list[Corrected]:
    """Return the messages on which a seller's word stands, in the order in which it was said."""
    rows = connection.execute(
        f"SELECT s.id, s.session_id, {', '.join(f'v.{one}' for one in VERDICT_COLUMNS[3:])}"
        " FROM verdicts AS v JOIN stream_sessions AS s ON s.id = v.stream_session_id"
        f" WHERE v.source = '{VerdictSource.SELLER}' AND v.stands = 1"
        " AND (?1 IS NULL OR v.stream_session_id = ?1)"
        " ORDER BY v.created_at, s.epoch, v.seq",
        (show_id,),
    )
    return [corrected_of(row) for row in rows]


def add_spending(connection: apsw.Connection, show_id: str, month: str, spent: Spent) -> None:
    """Add to what a show's second opinions cost in a month."""
    connection.execute(
        "INSERT INTO spending (month, stream_session_id, calls, tokens_in, tokens_out, money)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (month, stream_session_id) DO UPDATE SET"
        " calls = calls + excluded.calls, tokens_in = tokens_in + excluded.tokens_in,"
        " tokens_out = tokens_out + excluded.tokens_out, money = money + excluded.money",
        (month, show_id, spent.calls, spent.tokens_in, spent.tokens_out, spent.money),
    )


def spent_in(connection: apsw.Connection, month: str, show_id: str | None) -> Spent:
    """Return what second opinions cost in a month, in one show or in all."""
    row = connection.execute(
        "SELECT coalesce(sum(calls), 0), coalesce(sum(tokens_in), 0),"
        " coalesce(sum(tokens_out), 0), total(money) FROM spending"
        " WHERE month = ?1 AND (?2 IS NULL OR stream_session_id = ?2)",
        (month, show_id),
    ).fetchone()
    assert row is not None
    calls, tokens_in, tokens_out, money = row
    return Spent(calls=calls, tokens_in=tokens_in, tokens_out=tokens_out, money=money)

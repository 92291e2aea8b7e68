"""Reanalyses: which there are, how far they came, and what they said."""

from __future__ import annotations

import apsw

from dealflow.clock import from_iso, iso
from dealflow.model.ids import new_id
from dealflow.model.intent import Verdict
from dealflow.model.run import Run
from dealflow.store.columns import JUDGEMENT_COLUMNS
from dealflow.store.rows import Row, judgement_of

# How far a run came is read off its verdicts, so that it cannot say anything else than they do.
_RUNS = (
    "SELECT id, stream_session_id, model, threshold, started_at, finished_at,"
    " (SELECT count(*) FROM verdicts WHERE run = runs.id),"
    " (SELECT coalesce(max(seq), 0) FROM verdicts WHERE run = runs.id) FROM runs"
)


def open_run(
    connection: apsw.Connection,
    show_id: str,
    model: str,
    threshold: float,
    now_ms: int,
    again: bool,
) -> Run:
    """Return the newest run of this show, model and threshold, or a fresh one."""
    row = connection.execute(
        f"{_RUNS} WHERE stream_session_id = ? AND model = ? AND threshold = ?"
        " ORDER BY rowid DESC LIMIT 1",
        (show_id, model, threshold),
    ).fetchone()
    if row is not None and not again:
        return _run_of(row)
    run = Run(
        id=new_id(now_ms), show_id=show_id, model=model, threshold=threshold, started_at=now_ms
    )
    connection.execute(
        "INSERT INTO runs (id, stream_session_id, model, threshold, started_at)"
        " VALUES (?, ?, ?, ?, ?)",
        (run.id, show_id, model, threshold, iso(now_ms)),
    )
    return run


def finish_run(connection: apsw.Connection, run_id: str, now_ms: int) -> None:
    """Note that a run judged every message that there is."""
    connection.execute("UPDATE runs SET finished_at = ? WHERE id = ?", (iso(now_ms), run_id))


def runs_of(connection: apsw.Connection, show_id: str) -> list[Run]:
    """Return a show's runs, the newest first."""
    rows = connection.execute(
        f"{_RUNS} WHERE stream_session_id = ? ORDER BY rowid DESC", (show_id,)
    )
    return [_run_of(row) for row in rows]


def verdicts_between(
    connection: apsw.Connection, run_id: str, after: int, upto: int
) -> dict[str, Verdict]:
    """Return a run's verdicts by message id, for a stretch of positions."""
    rows = connection.execute(
        f"SELECT message_id, {', '.join(JUDGEMENT_COLUMNS)} FROM verdicts"
        " WHERE run = ? AND seq > ? AND seq <= ?",
        (run_id, after, upto),
    )
    return {row[0]: judgement_of(row[1:]) for row in rows}


def _run_of(row: Row) -> Run:
    return Run(
        id=row[0],
        show_id=row[1],
        model=row[2],
        threshold=row[3],
        started_at=from_iso(row[4]),
        finished_at=None if row[5] is None else from_iso(row[5]),
        judged=row[6],
        place=row[7],
    )

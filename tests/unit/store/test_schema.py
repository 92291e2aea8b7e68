"""Migrations: whole or not at all."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw
import pytest

from dealflow.store import schema
from dealflow.store.connection import open_writer, tune_writer

# Opens the store of argv[1] and dies before its statement number argv[2].
DIES = """
import os, pathlib, signal, sys
from dealflow.store.connection import open_writer, tune_writer
from dealflow.store.schema import migrate

left = int(sys.argv[2])

def before(cursor, sql, bindings):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    return True

connection = open_writer(pathlib.Path(sys.argv[1]))
tune_writer(connection)
connection.exec_trace = before
migrate(connection)
"""

ORIGINAL_COLUMNS = {
    "chat_messages": {"id", "stream_session_id", "username", "message", "platform", "created_at"},
    "sales_captured": {
        "id",
        "user_id",
        "stream_session_id",
        "platform",
        "buyer_username",
        "message_text",
        "item_description",
        "estimated_value",
        "captured_at",
    },
    "stream_sessions": {
        "id",
        "user_id",
        "platform",
        "started_at",
        "ended_at",
        "total_sales_caught",
        "total_revenue_recovered",
    },
}


@contextmanager
def migrated(path: Path | None) -> Iterator[apsw.Connection]:
    with closing(open_writer(path)) as connection:
        tune_writer(connection)
        schema.migrate(connection)
        yield connection


def shape(connection: apsw.Connection) -> list[tuple[str, str]]:
    return list(connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name"))


def test_steps_are_numbered_without_a_hole() -> None:
    assert [number for number, _ in schema.steps()] == list(range(1, len(schema.steps()) + 1))


def test_the_names_that_other_programs_use_are_there() -> None:
    with migrated(None) as connection:
        for table, promised in ORIGINAL_COLUMNS.items():
            columns = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
            assert promised <= columns


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    with migrated(tmp_path / "a.db") as connection:
        first = shape(connection)
    with migrated(tmp_path / "a.db") as connection:
        assert shape(connection) == first


def shapes_after_each_step() -> list[list[tuple[str, str]]]:
    with closing(open_writer(None)) as connection:
        found = [shape(connection)]
        for _, sql in schema.steps():
            connection.execute(sql)
            found.append(shape(connection))
    return found


def test_a_kill_before_any_statement_leaves_old_or_new(tmp_path: Path) -> None:
    stages = shapes_after_each_step()
    whole = stages[-1]
    deaths = 0
    while True:
        path = tmp_path / f"{deaths}.db"
        child = subprocess.run(
            [sys.executable, "-c", DIES, path, str(deaths)], check=False, capture_output=True
        )
        with closing(apsw.Connection(str(path))) as connection:
            assert shape(connection) in stages
        with migrated(path) as connection:
            assert shape(connection) == whole
            assert connection.pragma("integrity_check") == "ok"
        if child.returncode == 0:
            break
        assert child.returncode == -signal.SIGKILL, child.stderr
        deaths += 1
    assert deaths > len(whole) // 2  # it died in the midst of making tables, not only around it


def test_a_step_that_fails_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    known = schema.steps()
    with migrated(None) as connection:
        before = shape(connection)
        second = (len(known) + 1, "CREATE TABLE half (a); CREATE TABLE half (a)")
        monkeypatch.setattr(schema, "steps", lambda: [*known, second])
        with pytest.raises(apsw.SQLError):
            schema.migrate(connection)
        assert shape(connection) == before
        assert connection.pragma("user_version") == len(known)
        mended = (len(known) + 1, "CREATE TABLE whole (a)")
        monkeypatch.setattr(schema, "steps", lambda: [*known, mended])
        schema.migrate(connection)
        assert connection.pragma("user_version") == len(known) + 1

"""Promise R1 at the store: a SIGKILL loses nothing acknowledged and stores nothing twice."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from dealflow.clock import SystemClock
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics

ROOT = Path(__file__).parents[2]
STARTS_WITHIN = 10.0


@pytest.mark.parametrize(
    "kills", [10, pytest.param(100, marks=[pytest.mark.slow, pytest.mark.timeout(300)])]
)
def test_kills_at_random_moments(tmp_path: Path, kills: int) -> None:
    path, log = tmp_path / "dealflow.db", tmp_path / "acknowledged"
    log.touch()
    chance = random.Random(kills)
    for run in range(kills):
        _append_and_kill(path, log, f"run-{run}", chance.uniform(0.0, 0.25))
        _examine(path, log)
    assert len(log.read_text().splitlines()) > kills * 10


def _append_and_kill(path: Path, log: Path, run: str, after: float) -> None:
    """Let the child append for some seconds from its first acknowledgement on, then kill it."""
    module = "tests.chaos.store_appender"
    command = [sys.executable, "-m", module, os.fspath(path), os.fspath(log), run]
    before = log.stat().st_size
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as child:
        deadline = time.monotonic() + STARTS_WITHIN
        while log.stat().st_size == before:
            assert child.poll() is None, child.stderr and child.stderr.read().decode()
            assert time.monotonic() < deadline, "the child acknowledged nothing"
            time.sleep(0.005)
        time.sleep(after)
        child.kill()


def _examine(path: Path, log: Path) -> None:
    # A line that was cut off by the kill was never acknowledged.
    lines = log.read_bytes().split(b"\n")[:-1]
    acknowledged = {tuple(line.decode().split(" ")) for line in lines}
    began = time.monotonic()
    asyncio.run(_open_and_close(path))
    assert time.monotonic() - began < 2.0
    with closing(apsw.Connection(os.fspath(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        assert connection.pragma("integrity_check") == "ok"
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        stored = Counter(
            connection.execute(
                'SELECT session_id, "key" FROM chat_messages JOIN stream_sessions'
                " ON stream_sessions.id = stream_session_id"
            )
        )
        assert acknowledged <= stored.keys()
        assert max(stored.values()) == 1
        for show_id, *figures in connection.execute(
            "SELECT id, epoch, last_seq, total_sales_caught FROM stream_sessions"
        ).fetchall():
            epoch, last, caught = (int(str(figure)) for figure in figures)
            events = _column(connection, "SELECT seq FROM events WHERE epoch = ?", epoch)
            messages = _column(
                connection,
                "SELECT seq FROM chat_messages WHERE stream_session_id = ? ORDER BY seq",
                show_id,
            )
            captures = _column(
                connection,
                "SELECT number FROM sales_captured WHERE stream_session_id = ? ORDER BY number",
                show_id,
            )
            counted = _column(
                connection,
                "SELECT value FROM counters WHERE stream_session_id = ? AND name = 'stored'",
                show_id,
            )
            assert events == messages == list(range(1, last + 1))
            assert captures == list(range(1, caught + 1))
            assert counted == [last]


def _column(connection: apsw.Connection, sql: str, value: Any) -> list[int]:
    return [int(str(row[0])) for row in connection.execute(sql, (value,))]


async def _open_and_close(path: Path) -> None:
    store = await SqliteStore.open(path, clock=SystemClock(), metrics=Metrics())
    await store.check()
    await store.aclose()

"""The shows of a store can be listed while somebody writes to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dealflow.clock import SystemClock
from dealflow.errors import StoreDamaged, StoreLocked
from dealflow.store import schema
from dealflow.store.connection import close, open_writer, tune_writer
from dealflow.store.listing import list_corrections, list_shows
from dealflow.store.lock import WriterLock
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics
from tests.fakes.batches import a_show


@pytest.mark.asyncio
async def test_shows_are_listed_beside_the_writer(tmp_path: Path) -> None:
    path = tmp_path / "dealflow.db"
    assert await list_shows(path) == []
    store = await SqliteStore.open(path, clock=SystemClock(), metrics=Metrics())
    try:
        assert await list_shows(path) == []
        made = await a_show(store, "mine")
        assert await list_shows(path) == [made]
    finally:
        await store.aclose()
    assert await list_shows(path) == [made]


@pytest.mark.asyncio
async def test_another_programs_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dealflow.db"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreDamaged):
        await list_shows(path)


def older_store(path: Path, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a store as an older DealFlow left it."""
    connection = open_writer(path)
    tune_writer(connection)
    with monkeypatch.context() as patch:
        known = schema.steps()
        patch.setattr(schema, "steps", lambda: known[:step])
        schema.migrate(connection)
    connection.execute(
        "INSERT INTO stream_sessions (id, user_id, platform, started_at, session_id, url, epoch)"
        " VALUES ('s1', 'u1', 'whatnot', '2026-01-01T00:00:00.000Z', 's1', '', 1)"
    )
    close(connection)


@pytest.mark.asyncio
@pytest.mark.parametrize("step", range(1, schema.newest()))
async def test_a_store_of_an_older_version_is_brought_up_to_date(
    tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "dealflow.db"
    older_store(path, step, monkeypatch)
    assert [show.session_id for show in await list_shows(path)] == ["s1"]
    assert await list_corrections(path) == []


@pytest.mark.asyncio
async def test_a_store_that_an_older_version_still_writes_to_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "dealflow.db"
    older_store(path, 1, monkeypatch)
    lock = WriterLock(path)
    try:
        with pytest.raises(StoreLocked):
            await list_shows(path)
    finally:
        lock.close()

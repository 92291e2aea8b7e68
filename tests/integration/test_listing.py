"""The shows of a store can be listed while somebody writes to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dealflow.clock import SystemClock
from dealflow.errors import StoreDamaged
from dealflow.store.listing import list_shows
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

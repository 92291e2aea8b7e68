"""Promise R8 at the store: a full disk pauses writing, and nothing else."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest
import pytest_asyncio

from dealflow.clock import SystemClock
from dealflow.errors import DiskFull
from dealflow.store.base import Batch
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics
from tests.fakes.batches import a_batch, a_message, a_show


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"mount was refused: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest_asyncio.fixture
async def store(small_disk: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(
        small_disk / "dealflow.db", clock=SystemClock(), metrics=Metrics()
    )
    yield opened
    await opened.aclose()


@pytest.mark.asyncio
async def test_writing_pauses_and_goes_on_in_the_same_store(
    store: SqliteStore, small_disk: Path
) -> None:
    show = await a_show(store)
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"\0" * 1_000_000)
    stored = 0
    while await _goes_in(
        store, a_batch(show, [a_message(f"{stored}/{n}", text="x" * 500) for n in range(20)])
    ):
        stored += 1
    with pytest.raises(DiskFull):
        await store.check()
    assert len(await store.messages(show.id, limit=100_000)) == stored * 20  # reading goes on
    ballast.unlink()
    frames = await store.append(a_batch(show, [a_message("after")]))
    assert frames[0].seq == stored * 20 + 1
    await store.check()
    await store.aclose()
    path = os.fspath(small_disk / "dealflow.db")
    with closing(apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        assert connection.pragma("integrity_check") == "ok"


async def _goes_in(store: SqliteStore, batch: Batch) -> bool:
    try:
        await store.append(batch)
    except DiskFull:
        return False
    return True

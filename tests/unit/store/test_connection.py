"""Which SQLite is safe, and what becomes of files that are not ours."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw
import pytest

from dealflow.clock import SystemClock
from dealflow.errors import (
    DataDirUnusable,
    DealflowError,
    DiskFull,
    InputInvalid,
    StoreDamaged,
    StoreTooNew,
    StoreUnavailable,
    StoreUnsafe,
)
from dealflow.store.connection import is_safe, translated
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics


def open_and_close(path: Path | None) -> None:
    async def both() -> None:
        store = await SqliteStore.open(path, clock=SystemClock(), metrics=Metrics())
        await store.aclose()

    asyncio.run(both())


@pytest.mark.parametrize("version", ["3.7.0", "3.40.1", "3.44.5", "3.50.6", "3.51.0", "3.51.2"])
def test_versions_with_the_bug_are_refused(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: version)
    assert not is_safe(version)
    with pytest.raises(StoreUnsafe, match=f"SQLite {version} has the WAL-reset bug"):
        open_and_close(None)


@pytest.mark.parametrize("version", ["3.6.23", "3.44.6", "3.50.7", "3.51.3", "3.54.1", "4.0.0"])
def test_versions_without_the_bug_pass(version: str) -> None:
    assert is_safe(version)


def test_the_sqlite_that_we_bring_is_safe() -> None:
    assert is_safe(apsw.sqlite_lib_version())


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "dealflow.db"
    path.write_bytes(b"these are my tax papers" * 500)
    with pytest.raises(StoreDamaged):
        open_and_close(path)
    assert path.read_bytes() == b"these are my tax papers" * 500


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "dealflow.db"
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE recipes (name)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreDamaged, match="another program"):
        open_and_close(path)
    assert path.read_bytes() == before


def test_a_newer_store_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "dealflow.db"
    open_and_close(path)
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 999)
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match="schema 999"):
        open_and_close(path)
    assert path.read_bytes() == before


def test_a_place_that_cannot_hold_a_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "dealflow.db", tmp_path / "folder"):
        with pytest.raises(DataDirUnusable):
            open_and_close(path)


def test_the_store_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "dealflow.db"
    open_and_close(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (apsw.FullError("x"), DiskFull),
        (apsw.BusyError("x"), StoreUnavailable),
        (apsw.IOError("x"), StoreUnavailable),
        (apsw.CantOpenError("x"), StoreUnavailable),
        (apsw.CorruptError("x"), StoreDamaged),
        (apsw.ConstraintError("x"), InputInvalid),
        (OverflowError("x"), InputInvalid),
        (ValueError("x"), InputInvalid),
    ],
)
def test_every_failure_has_a_name_of_ours(error: Exception, kind: type[DealflowError]) -> None:
    reason = translated(error)
    assert isinstance(reason, kind)
    assert reason.__cause__ is error


def test_errors_that_we_do_not_know_stay_as_they_are() -> None:
    error = KeyError("x")
    assert translated(error) is error
    ours = DiskFull("x")
    assert translated(ours) is ours

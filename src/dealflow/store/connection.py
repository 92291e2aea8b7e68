"""Opens SQLite safely, and says in our own words what went wrong with it."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import apsw
import msgspec

from dealflow.errors import (
    DataDirUnusable,
    DealflowError,
    DiskFull,
    InputInvalid,
    StoreDamaged,
    StoreUnavailable,
    StoreUnsafe,
)

_log = logging.getLogger(__name__)

BUSY_MS = 5_000
"""How long to wait for another connection's lock. Ours is the only writer, so only a backup tool
or a person with a shell can make it wait."""

CHECKPOINT_PAGES = 4_000
"""Pages in the log before they are copied into the database: 16 MB. Four times SQLite's default,
because random keys touch the same index pages again and again between two checkpoints."""

CACHE_KB = 64 * 1024
"""Memory for pages that the writer keeps at hand: the hot indexes of a long show."""

# The WAL-reset bug: two connections that write or checkpoint at once can corrupt the file.
# https://sqlite.org/wal.html says which versions have it.
_BUG_FROM = (3, 7, 0)
_BUG_UNTIL = (3, 51, 2)
_MENDED = frozenset({(3, 44, 6), (3, 50, 7)})


def is_safe(version: str) -> bool:
    """Say whether this version of SQLite ("3.54.1") is free of the WAL-reset bug."""
    numbers = tuple(int(part) for part in version.split(".")[:3])
    return numbers in _MENDED or not _BUG_FROM <= numbers <= _BUG_UNTIL


def refuse_unsafe(version: str) -> None:
    """Pass only a version of SQLite that cannot corrupt the store.

    Raises:
        StoreUnsafe: this version has the WAL-reset bug.
    """
    if not is_safe(version):
        raise StoreUnsafe(
            f"SQLite {version} has the WAL-reset bug and can corrupt the store; "
            "3.51.3 and later, 3.50.7 and 3.44.6 are safe."
        )


def open_writer(path: Path | None) -> apsw.Connection:
    """Open the connection that writes, and touch nothing; ``None``: a private store in memory.

    Raises:
        StoreUnsafe: this SQLite can corrupt the store.
        DataDirUnusable, StoreUnavailable: the file cannot be opened.
    """
    refuse_unsafe(apsw.sqlite_lib_version())
    if path is not None:
        _make_private(path)
    try:
        connection = apsw.Connection(":memory:" if path is None else os.fspath(path))
        connection.set_busy_timeout(BUSY_MS)
    except apsw.Error as error:
        raise translated(error) from error
    return connection


def tune_writer(connection: apsw.Connection) -> None:
    """Make commits durable and quick."""
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full")
    connection.pragma("foreign_keys", True)
    connection.pragma("trusted_schema", False)
    connection.pragma("temp_store", "memory")
    connection.pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
    connection.pragma("cache_size", -CACHE_KB)


def open_reader(path: Path) -> apsw.Connection:
    """Open a connection that can only read.

    Raises:
        StoreUnavailable: the store cannot be opened now.
    """
    try:
        connection = apsw.Connection(os.fspath(path), flags=apsw.SQLITE_OPEN_READONLY)
        connection.set_busy_timeout(BUSY_MS)
        connection.pragma("query_only", True)
        # The first read opens the index of the log, and it stays open with this connection. So
        # when the writer comes back after a failed fsync, the log is not recovered, and what
        # failed to be written does not appear after all.
        connection.pragma("schema_version")
    except apsw.Error as error:
        raise translated(error) from error
    return connection


def close(connection: apsw.Connection) -> None:
    """Close a connection for good, also when the disk fails; the log keeps what was committed."""
    try:
        connection.close(force=True)
    except apsw.Error as error:
        _log.warning("the store was closed on a failing disk: %s", error)


def translated(error: BaseException) -> BaseException:
    """Return the error of ours that stands for this one; an unknown one is returned as it is."""
    reason = _reason(error)
    if reason is not error:
        reason.__cause__ = error
    return reason


def _reason(error: BaseException) -> BaseException:
    match error:
        case DealflowError():
            return error
        case apsw.FullError():
            return DiskFull("No room is left for the store.")
        case apsw.NotADBError() | apsw.CorruptError() | msgspec.DecodeError():
            return StoreDamaged(f"The store is damaged: {error}.")
        case (
            apsw.ConstraintError()
            | apsw.MismatchError()
            | apsw.TooBigError()
            | apsw.RangeError()
            | ValueError()
            | OverflowError()
        ):
            return InputInvalid(f"A value cannot be stored: {error}.")
        case apsw.Error() | MemoryError():
            return StoreUnavailable(f"The store does not answer: {error}.")
        case _:
            return error


def _make_private(path: Path) -> None:
    """Make the file for this user only; SQLite gives its log the same rights."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise DataDirUnusable(f"The store {path} cannot be opened: {error.strerror}.") from error

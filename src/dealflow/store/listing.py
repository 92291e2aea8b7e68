"""Lists the shows of a store beside whoever writes to it: nothing is locked, nothing is written."""

from __future__ import annotations

import asyncio
from pathlib import Path

from dealflow.store.base import Show
from dealflow.store.connection import close, open_reader
from dealflow.store.queries import newest_shows
from dealflow.store.schema import present


async def list_shows(path: Path, *, limit: int = 1000) -> list[Show]:
    """Return the shows in a store, the newest first; none when there is no store yet.

    Raises:
        StoreDamaged, StoreTooNew: the file is not one that this DealFlow can read.
        StoreUnavailable: it cannot be opened now.
    """
    return await asyncio.to_thread(_list, path, limit)


def _list(path: Path, limit: int) -> list[Show]:
    if not path.exists():
        return []
    connection = open_reader(path)
    try:
        return newest_shows(connection, limit) if present(connection) else []
    finally:
        close(connection)

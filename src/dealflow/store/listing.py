"""Lists what a store holds beside whoever writes to it: nothing is locked, nothing is written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import apsw

from dealflow.model.correction import Corrected
from dealflow.store.base import Show
from dealflow.store.connection import close, open_reader
from dealflow.store.queries import newest_shows
from dealflow.store.revisions import corrections_standing
from dealflow.store.schema import present

Item = TypeVar("Item")

WITH_VERDICTS = 2
"""The step that brought verdicts after the first."""


async def list_shows(path: Path, *, limit: int = 1000) -> list[Show]:
    """Return the shows in a store, the newest first; none when there is no store yet.

    Raises:
        StoreDamaged, StoreTooNew: the file is not one that this DealFlow can read.
        StoreUnavailable: it cannot be opened now.
    """
    return await asyncio.to_thread(_list, path, 1, lambda found: newest_shows(found, limit))


async def list_corrections(path: Path) -> list[Corrected]:
    """Return the messages on which a seller's word stands, in the order in which it was said.

    Raises:
        StoreDamaged, StoreTooNew: the file is not one that this DealFlow can read.
        StoreUnavailable: it cannot be opened now.
    """
    return await asyncio.to_thread(
        _list, path, WITH_VERDICTS, lambda found: corrections_standing(found, None)
    )


def _list(path: Path, step: int, read: Callable[[apsw.Connection], list[Item]]) -> list[Item]:
    """Read from a store whose tables are as they were from this step on; else it has nothing."""
    if not path.exists():
        return []
    connection = open_reader(path)
    try:
        return read(connection) if present(connection) >= step else []
    finally:
        close(connection)

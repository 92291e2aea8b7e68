"""Lists what a store holds beside whoever writes to it.

Nothing is locked and nothing is written, but for a store that an older DealFlow left behind: its
tables are brought up to date first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import apsw

from dealflow.model.correction import Corrected
from dealflow.store.base import Show
from dealflow.store.connection import close, open_reader
from dealflow.store.lock import WriterLock
from dealflow.store.queries import newest_shows
from dealflow.store.revisions import corrections_standing
from dealflow.store.schema import newest, prepared, present

Item = TypeVar("Item")


async def list_shows(path: Path, *, limit: int = 1000) -> list[Show]:
    """Return the shows in a store, the newest first; none when there is no store yet.

    Raises:
        StoreDamaged, StoreTooNew: the file is not one that this DealFlow can read.
        StoreUnavailable: it cannot be opened now.
        StoreLocked: an older DealFlow is still writing to it.
    """
    return await asyncio.to_thread(_list, path, lambda found: newest_shows(found, limit))


async def list_corrections(path: Path) -> list[Corrected]:
    """Return the messages on which a seller's word stands, in the order in which it was said.

    Raises:
        StoreDamaged, StoreTooNew: the file is not one that this DealFlow can read.
        StoreUnavailable: it cannot be opened now.
        StoreLocked: an older DealFlow is still writing to it.
    """
    return await asyncio.to_thread(_list, path, lambda found: corrections_standing(found, None))


def _list(path: Path, read: Callable[[apsw.Connection], list[Item]]) -> list[Item]:
    if not path.exists():
        return []
    connection = open_reader(path)
    try:
        step = present(connection)
        if step == newest():
            return read(connection)
    finally:
        close(connection)
    if step == 0:
        return []  # somebody is just making it
    _bring_up_to_date(path)
    return _list(path, read)


def _bring_up_to_date(path: Path) -> None:
    lock = WriterLock(path)
    try:
        close(prepared(path))
    finally:
        lock.close()

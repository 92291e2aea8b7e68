"""A few connections that only read, each used by one thread at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import apsw

from dealflow.errors import StoreUnavailable
from dealflow.store.connection import close, open_reader, translated

Result = TypeVar("Result")

READERS = 3
"""Connections. A page of messages takes about a millisecond, so a few serve many dashboards, and
the writer keeps most of the machine."""


class Readers:
    """Reads committed rows while the writer writes."""

    def __init__(self, path: Path) -> None:
        self._idle = [open_reader(path) for _ in range(READERS)]
        # Who finds no idle connection waits here, in order; the pool's own queue stays empty.
        self._turn = asyncio.Semaphore(READERS)
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._closed = False

    async def run(self, run: Callable[[apsw.Connection], Result]) -> Result:
        """Run a function of a connection; each of its statements sees one moment.

        Raises:
            StoreUnavailable: the store is closed, or does not answer now.
        """
        async with self._turn:
            if self._closed:
                raise StoreUnavailable("The store is closed.")
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, run)

    async def aclose(self) -> None:
        """Finish what is being read, then close the connections."""
        self._closed = True
        await asyncio.to_thread(self._pool.shutdown)
        while self._idle:
            close(self._idle.pop())

    def _read(self, run: Callable[[apsw.Connection], Result]) -> Result:
        connection = self._idle.pop()
        try:
            return run(connection)
        except Exception as error:
            reason = translated(error)
            if reason is error:
                raise
            raise reason from error
        finally:
            self._idle.append(connection)

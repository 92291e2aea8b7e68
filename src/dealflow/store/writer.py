"""The one thread that writes, with group commit.

A job is a function of the connection. The thread takes all jobs that wait, runs each in a
savepoint of one transaction, commits, and only then answers all of them: under load one fsync
serves many batches, and an idle store answers at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import apsw

from dealflow.errors import DealflowError, StoreUnavailable
from dealflow.store.connection import close, translated
from dealflow.telemetry.metrics import Metrics

Result = TypeVar("Result")

MAX_WAITING = 1_024
"""Jobs in the queue; who comes later waits for room. More would only be memory: a commit takes
milliseconds, and the pipeline keeps few batches in flight for each show."""

MAX_GROUP_ROWS = 4_000
"""Rows after which a transaction takes no further job, so that the first job of a crowded group
waits about 100 ms at most on a slow machine."""


_OF_THE_DISK = (apsw.IOError, apsw.CantOpenError, apsw.CorruptError, apsw.NotADBError)
_OF_ONE_ROW = (apsw.ConstraintError, apsw.MismatchError, apsw.TooBigError, apsw.RangeError)


class Job:
    """One piece of work and the future that tells how it ended."""

    __slots__ = ("error", "future", "result", "rows", "run")

    def __init__(
        self,
        run: Callable[[apsw.Connection], Any],
        future: asyncio.Future[Any],
        rows: int,
    ) -> None:
        self.run = run
        self.future = future
        self.rows = rows
        self.result: Any = None
        self.error: BaseException | None = None


class Writer:
    """Owns the writing connection and its thread.

    Args:
        connection: the connection, which from now on belongs to the thread.
        reopen: opens it again after the disk failed beneath it; ``None``: it cannot be.
        metrics: counts how transactions ended.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        *,
        reopen: Callable[[], apsw.Connection] | None,
        metrics: Metrics,
    ) -> None:
        self._connection: apsw.Connection | None = connection
        self._reopen = reopen
        self._commits = metrics.commits
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._room = asyncio.Semaphore(MAX_WAITING)
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    async def run(self, run: Callable[[apsw.Connection], Result], *, rows: int = 1) -> Result:
        """Run a job in a transaction; return its result once that is committed.

        A caller that is cancelled while it waits does not know whether the job was committed.

        Args:
            run: the job; what it raises undoes only its own changes.
            rows: about how many rows it touches.

        Raises:
            StoreUnavailable: the store is closed, or does not answer now.
            DiskFull: no room is left.
        """
        async with self._room:
            if self._closed:
                raise StoreUnavailable("The store is closed.")
            future: asyncio.Future[Result] = self._loop.create_future()
            self._queue.put(Job(run, future, rows))
            return await future

    async def aclose(self) -> None:
        """Finish every job in the queue, then close the connection and end the thread."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        ending = False
        while not ending:
            group, ending = self._next_group()
            if group:
                self._commit(group)
                with contextlib.suppress(RuntimeError):  # the loop is gone, and so are the callers
                    self._loop.call_soon_threadsafe(_answer, group)
        if self._connection is not None:
            close(self._connection)

    def _next_group(self) -> tuple[list[Job], bool]:
        """Wait for a job; return it with those that wait behind it, and whether the end came."""
        job = self._queue.get()
        group: list[Job] = []
        rows = 0
        while job is not None:
            group.append(job)
            rows += job.rows
            if rows >= MAX_GROUP_ROWS:
                return group, False
            try:
                job = self._queue.get_nowait()
            except Empty:
                return group, False
        return group, True

    def _commit(self, group: list[Job]) -> None:
        try:
            connection = self._opened()
            connection.execute("BEGIN IMMEDIATE")
            try:
                for job in group:
                    _attempt(connection, job)
                connection.execute("COMMIT")
            except BaseException:
                _roll_back(connection)
                raise
        except BaseException as error:  # noqa: BLE001 - the thread must live; callers get the error
            self._fail(group, error)
        else:
            self._commits.labels("ok").inc()

    def _opened(self) -> apsw.Connection:
        if self._connection is None:
            assert self._reopen is not None
            self._connection = self._reopen()
        return self._connection

    def _fail(self, group: list[Job], error: BaseException) -> None:
        """Give every job the error: nothing of the group was written."""
        reason = translated(error)
        code = reason.code if isinstance(reason, DealflowError) else "internal"
        self._commits.labels(code).inc()
        for job in group:
            job.error = reason
        if (
            isinstance(error, _OF_THE_DISK)
            and self._reopen is not None
            and self._connection is not None
        ):
            # After a failed fsync nobody knows what the kernel kept, so all that SQLite holds in
            # memory is thrown away and the file is read again.
            close(self._connection)
            self._connection = None


def _attempt(connection: apsw.Connection, job: Job) -> None:
    """Run one job so that its own failure undoes only itself.

    Raises:
        apsw.Error: SQLite gave up the whole transaction, and with it the jobs before this one.
    """
    connection.execute("SAVEPOINT job")
    try:
        job.result = job.run(connection)
    except Exception as error:
        if connection.get_autocommit() or _is_failure_of_all(error):
            raise
        connection.execute("ROLLBACK TO job")
        job.error = translated(error)
    connection.execute("RELEASE job")


def _roll_back(connection: apsw.Connection) -> None:
    if not connection.get_autocommit():
        with contextlib.suppress(apsw.Error):
            connection.execute("ROLLBACK")


def _is_failure_of_all(error: Exception) -> bool:
    """Say whether an error is the store's, not the job's: the neighbours would meet it too."""
    return isinstance(error, (apsw.Error, MemoryError)) and not isinstance(error, _OF_ONE_ROW)


def _answer(group: list[Job]) -> None:
    """Tell the callers; runs on the event loop, once for the whole group."""
    for job in group:
        if job.future.done():  # the caller was cancelled
            continue
        if job.error is None:
            job.future.set_result(job.result)
        else:
            job.future.set_exception(job.error)

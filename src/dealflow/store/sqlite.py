"""The store in one SQLite file, or in memory."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import apsw

from dealflow.clock import Clock, iso
from dealflow.errors import DealflowError, DiskFull, StoreUnavailable
from dealflow.model.claim import Capture, Claim
from dealflow.model.correction import Corrected
from dealflow.model.events import Frame
from dealflow.model.facts import Gap
from dealflow.model.filters import Filters
from dealflow.model.ids import new_id
from dealflow.model.intent import Intent, Verdict
from dealflow.model.message import Message
from dealflow.model.revision import Doubt, Revision, Spent
from dealflow.model.run import Run
from dealflow.model.show import Sale, ShowRules
from dealflow.store import queries, revisions, runs
from dealflow.store.append import write_batch
from dealflow.store.base import Batch, Seen, Show, StoredMessage
from dealflow.store.lock import WriterLock
from dealflow.store.reader import Readers
from dealflow.store.rows import text_of
from dealflow.store.schema import prepared
from dealflow.store.writer import Writer
from dealflow.telemetry.metrics import Metrics

Result = TypeVar("Result")

LEAST_ROOM = 512 * 1024
"""Bytes that must be free for the store to call itself ready: room for a few large batches."""

FAILURE_SECONDS = 5.0
"""How long a failed append speaks for the store. Whoever has something to write tries again
sooner, so a lasting failure stays visible and one that nobody repeats is forgotten."""

# What PRAGMA synchronous answers.
_DURABILITY = {0: "off", 1: "normal", 2: "full", 3: "extra"}


class SqliteStore:
    """Implements `dealflow.store.base.Store`; make one with `open`."""

    def __init__(
        self,
        path: Path | None,
        *,
        clock: Clock,
        lock: WriterLock | None,
        writer: Writer,
        readers: Readers | None,
    ) -> None:
        self._path = path
        self._clock = clock
        self._lock = lock
        self._writer = writer
        self._readers = readers
        self._failure: tuple[float, DealflowError] | None = None

    @classmethod
    async def open(cls, path: Path | None, *, clock: Clock, metrics: Metrics) -> SqliteStore:
        """Open the store, making or updating it as needed; ``None``: a private one in memory.

        Raises:
            StoreUnsafe: this SQLite can corrupt the store.
            StoreLocked: another process writes to it.
            StoreDamaged, StoreTooNew: the file is not one that this DealFlow can use.
            DataDirUnusable, DiskFull, StoreUnavailable: the file cannot be opened or written.
        """
        if path is None:
            writer = Writer(prepared(None), reopen=None, metrics=metrics)
            return cls(None, clock=clock, lock=None, writer=writer, readers=None)
        lock, connection, readers = await asyncio.to_thread(_opened, path)
        writer = Writer(connection, reopen=partial(prepared, path), metrics=metrics)
        return cls(path, clock=clock, lock=lock, writer=writer, readers=readers)

    async def open_show(
        self,
        *,
        session_id: str,
        platform: str,
        url: str,
        now_ms: int,
        rules: ShowRules | None = None,
        filters: Filters | None = None,
        threshold: float | None = None,
    ) -> Show:
        """Return the show of this caller's key, made or brought up to date as needed."""

        def job(connection: apsw.Connection) -> Show:
            # A second stream made in the same millisecond still gets an epoch of its own.
            connection.execute(
                "INSERT INTO stream_sessions"
                " (id, session_id, platform, url, started_at, rules, filters, threshold, epoch)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?9,"
                " max(?8, (SELECT coalesce(max(epoch), 0) + 1 FROM stream_sessions)))"
                " ON CONFLICT (session_id) DO UPDATE SET rules = coalesce(excluded.rules, rules),"
                " filters = coalesce(excluded.filters, filters),"
                " threshold = coalesce(excluded.threshold, threshold),"
                " platform = iif(excluded.url = '', platform, excluded.platform),"
                " url = iif(excluded.url = '', url, excluded.url)",
                (
                    new_id(now_ms),
                    session_id,
                    platform,
                    url,
                    iso(now_ms),
                    None if rules is None else text_of(rules),
                    None if filters is None else text_of(filters),
                    now_ms,
                    threshold,
                ),
            )
            show = queries.show_by_key(connection, session_id)
            assert show is not None
            return show

        return await self._writer.run(job)

    async def show(self, show_id: str) -> Show | None:
        """Return a show by our UUID."""
        return await self._read(lambda connection: queries.show_by_id(connection, show_id))

    async def show_of(self, session_id: str) -> Show | None:
        """Return a show by the caller's key."""
        return await self._read(lambda connection: queries.show_by_key(connection, session_id))

    async def shows(self, *, limit: int = 1000) -> list[Show]:
        """Return shows, the newest first."""
        return await self._read(lambda connection: queries.newest_shows(connection, limit))

    async def append(self, batch: Batch) -> tuple[Frame, ...]:
        """Commit the batch; see `dealflow.store.base.Store.append`."""
        rows = len(batch.messages) + len(batch.events) + len(batch.revisions)
        try:
            frames = await self._writer.run(partial(write_batch, batch=batch), rows=rows)
        except (DiskFull, StoreUnavailable) as error:
            self._failure = (self._clock.monotonic(), error)
            raise
        self._failure = None
        return frames

    async def frames(
        self, show_id: str, *, after: int, limit: int, kinds: Sequence[str] = ()
    ) -> list[Frame]:
        """Return committed frames after a position in order, only of these kinds if given."""
        return await self._read(
            lambda connection: queries.frames_after(connection, show_id, after, limit, kinds)
        )

    async def first_seq(self, show_id: str) -> int:
        """Return the oldest position that can still be read, or ``last_seq + 1`` if none can."""
        return await self._read(lambda connection: queries.first_position(connection, show_id))

    async def messages(
        self,
        show_id: str,
        *,
        after: int = 0,
        limit: int = 100,
        intents: Sequence[Intent] = (),
        first_too: bool = False,
    ) -> list[StoredMessage]:
        """Return messages by the position of their event, only of these intents if given."""
        return await self._read(
            lambda connection: queries.messages_after(
                connection, show_id, after, limit, intents, first_too
            )
        )

    async def message(self, show_id: str, message_id: str) -> StoredMessage | None:
        """Return one message of a show."""
        return await self._read(
            lambda connection: queries.message_by_id(connection, show_id, message_id)
        )

    async def said_before(
        self, show_id: str, message: Message, *, seq: int, limit: int
    ) -> list[str]:
        """Return the latest texts of a message's author before a position, the oldest first."""
        return await self._read(
            lambda connection: queries.said_before(connection, show_id, message, seq, limit)
        )

    async def corrections(self, show_id: str | None = None) -> list[Corrected]:
        """Return the messages on which a seller's word stands, in the order it was said."""
        return await self._read(
            lambda connection: revisions.corrections_standing(connection, show_id)
        )

    async def verdicts(self, show_id: str, message_id: str) -> list[Revision]:
        """Return every verdict on a message in the order of the versions, the first included."""
        return await self._read(
            lambda connection: revisions.verdicts_of(connection, show_id, message_id)
        )

    async def doubts(
        self, show_id: str | None = None, *, since_ms: int = 0, limit: int = 100
    ) -> list[Doubt]:
        """Return messages that wait for a second opinion, the longest-waiting first."""
        return await self._read(
            lambda connection: revisions.doubts_waiting(connection, show_id, since_ms, limit)
        )

    async def give_up(self, message_ids: Sequence[str], *, reason: str, now_ms: int) -> None:
        """Let messages wait no longer, for a reason that is kept."""
        await self._writer.run(
            lambda connection: revisions.settle(connection, message_ids, reason, now_ms)
        )

    async def spend(
        self,
        show_id: str,
        *,
        month: str,
        calls: int,
        tokens_in: int,
        tokens_out: int,
        money: float,
    ) -> None:
        """Add to what second opinions of a show cost in a month."""
        spent = Spent(calls=calls, tokens_in=tokens_in, tokens_out=tokens_out, money=money)
        await self._writer.run(
            lambda connection: revisions.add_spending(connection, show_id, month, spent)
        )

    async def spent(self, month: str, show_id: str | None = None) -> Spent:
        """Return what second opinions cost in a month, in one show or in all."""
        return await self._read(lambda connection: revisions.spent_in(connection, month, show_id))

    async def open_run(
        self, show_id: str, *, model: str, threshold: float, now_ms: int, again: bool = False
    ) -> Run:
        """Return the newest reanalysis of a show by this model and threshold, or a fresh one."""
        return await self._writer.run(
            lambda connection: runs.open_run(connection, show_id, model, threshold, now_ms, again)
        )

    async def finish_run(self, run_id: str, *, now_ms: int) -> None:
        """Note that a reanalysis judged every message that there is."""
        await self._writer.run(lambda connection: runs.finish_run(connection, run_id, now_ms))

    async def runs(self, show_id: str) -> list[Run]:
        """Return a show's reanalyses, the newest first."""
        return await self._read(lambda connection: runs.runs_of(connection, show_id))

    async def run_verdicts(self, run_id: str, *, after: int, upto: int) -> dict[str, Verdict]:
        """Return a reanalysis's verdicts by message id, for a stretch of positions."""
        return await self._read(
            lambda connection: runs.verdicts_between(connection, run_id, after, upto)
        )

    async def captures(
        self, show_id: str, *, after: int = 0, limit: int = 100, withdrawn: bool = False
    ) -> list[Capture]:
        """Return captures by number, rising from ``after``."""
        return await self._read(
            lambda connection: queries.captures_after(connection, show_id, after, limit, withdrawn)
        )

    async def sales(self, show_id: str) -> list[Sale]:
        """Return the sales that the platform confirmed, in order."""
        return await self._read(lambda connection: queries.sales_of(connection, show_id))

    async def claims(self, show_id: str) -> list[Claim]:
        """Return every claim as it stands."""
        return await self._read(lambda connection: queries.claims_of(connection, show_id))

    async def gaps(self, show_id: str) -> list[Gap]:
        """Return what was not read, in order."""
        return await self._read(lambda connection: queries.gaps_of(connection, show_id))

    async def recent(self, show_id: str, *, limit: int) -> list[Seen]:
        """Return the newest stored messages, oldest first, for the dedupe ring."""
        return await self._read(lambda connection: queries.seen_last(connection, show_id, limit))

    async def check(self) -> dict[str, str]:
        """Prove that the store can be read and written, and describe it.

        Raises:
            DiskFull, StoreUnavailable: it cannot be written now.
        """
        if self._failure is not None:
            at, error = self._failure
            if self._clock.monotonic() - at < FAILURE_SECONDS:
                raise error
        facts = await self._writer.run(_describe)
        await self._read(lambda connection: connection.execute("SELECT 1").get)
        if self._path is None:
            return facts | {"path": "in memory", "durability": "none"}
        size, free = await asyncio.to_thread(_room, self._path)
        if free < LEAST_ROOM:
            raise DiskFull(f"Only {free} bytes are free for the store {self._path}.")
        return facts | {"path": str(self._path), "size": str(size), "free": str(free)}

    async def aclose(self) -> None:
        """Finish what is queued, then release files, threads and the writer lock."""
        if self._readers is not None:
            await self._readers.aclose()
        await self._writer.aclose()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def _read(self, run: Callable[[apsw.Connection], Result]) -> Result:
        if self._readers is None:  # a store in memory has one connection, which is the writer's
            return await self._writer.run(run)
        return await self._readers.run(run)


def _opened(path: Path) -> tuple[WriterLock, apsw.Connection, Readers]:
    lock = WriterLock(path)
    try:
        return lock, prepared(path), Readers(path)
    except BaseException:
        lock.close()
        raise


def _describe(connection: apsw.Connection) -> dict[str, str]:
    level = int(str(connection.pragma("synchronous")))
    return {
        "sqlite": apsw.sqlite_lib_version(),
        "schema": str(connection.pragma("user_version")),
        "durability": _DURABILITY.get(level, "unknown"),
    }


def _room(path: Path) -> tuple[int, int]:
    """Return the bytes of the store with its log, and the bytes that are free."""
    log = path.with_name(path.name + "-wal")
    size = path.stat().st_size + (log.stat().st_size if log.exists() else 0)
    return size, shutil.disk_usage(path.parent).free

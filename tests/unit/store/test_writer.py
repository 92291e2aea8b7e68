"""Group commit, and what happens when the disk fails beneath it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import apsw
import pytest
import pytest_asyncio

from dealflow.errors import DiskFull, InputInvalid, StoreUnavailable
from dealflow.store.sqlite import FAILURE_SECONDS, SqliteStore
from dealflow.store.writer import MAX_WAITING, Writer
from dealflow.telemetry.metrics import Metrics
from tests.fakes.batches import a_batch, a_message, a_show
from tests.fakes.clock import ManualClock
from tests.fakes.faulty_disk import FaultyDisk

pytestmark = pytest.mark.asyncio


@pytest.fixture
def disk() -> Iterator[FaultyDisk]:
    with FaultyDisk() as faulty:
        yield faulty


@pytest_asyncio.fixture
async def clock() -> ManualClock:
    return ManualClock()


@pytest_asyncio.fixture
async def store(disk: FaultyDisk, clock: ManualClock, tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(tmp_path / "dealflow.db", clock=clock, metrics=Metrics())
    yield opened
    disk.failing.clear()
    await opened.aclose()


@pytest_asyncio.fixture
async def writer() -> AsyncIterator[Writer]:
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE t (n UNIQUE)")
    opened = Writer(connection, reopen=None, metrics=Metrics())
    yield opened
    await opened.aclose()


@pytest.mark.parametrize("call", ["xSync", "xWrite"])
async def test_a_failing_disk_fails_the_batch_and_is_survived(
    store: SqliteStore, disk: FaultyDisk, clock: ManualClock, call: str
) -> None:
    show = await a_show(store)
    await store.append(a_batch(show, [a_message("before")]))
    disk.failing.add(call)
    outcomes = await asyncio.gather(
        *(store.append(a_batch(show, [a_message(f"m{n}")])) for n in range(5)),
        return_exceptions=True,
    )
    assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
    with pytest.raises(StoreUnavailable):
        await store.check()
    assert [stored.message.key for stored in await store.messages(show.id)] == ["before"]
    disk.failing.clear()
    (frame,) = await store.append(a_batch(show, [a_message("m0")]))
    assert frame.seq == 2
    await store.check()


async def test_a_full_disk_is_a_pause(
    store: SqliteStore, disk: FaultyDisk, clock: ManualClock
) -> None:
    show = await a_show(store)
    disk.error = apsw.FullError
    disk.failing.add("xWrite")
    with pytest.raises(DiskFull):
        await store.append(a_batch(show, [a_message("m")]))
    with pytest.raises(DiskFull):
        await store.check()
    assert await store.messages(show.id) == []  # reading goes on
    disk.failing.clear()
    await clock.advance(FAILURE_SECONDS)
    await store.check()  # nobody tried again, so the failure is forgotten
    (frame,) = await store.append(a_batch(show, [a_message("m")]))
    assert frame.seq == 1


async def test_the_file_may_hold_no_more_pages(store: SqliteStore) -> None:
    show = await a_show(store)
    run = store._writer.run
    pages = await run(lambda connection: int(str(connection.pragma("page_count"))))
    await run(lambda connection: connection.pragma("max_page_count", pages + 3))
    batch = a_batch(show, [a_message(f"m{n}", text="x" * 2_000) for n in range(50)])
    for _ in range(3):
        with pytest.raises(DiskFull):
            await store.append(batch)
    await run(lambda connection: connection.pragma("max_page_count", pages + 1_000))
    frames = await store.append(batch)
    assert [frame.seq for frame in frames] == list(range(1, 51))


async def test_waiting_jobs_share_a_transaction(writer: Writer) -> None:
    commits: list[int] = []

    def committed() -> bool:
        commits.append(1)
        return False  # go on with the commit

    await writer.run(lambda connection: connection.set_commit_hook(committed))
    commits.clear()
    jobs = [_insert(n) for n in range(50)]
    await asyncio.gather(*(writer.run(job) for job in jobs))
    assert 1 <= len(commits) < 25


async def test_a_crowded_group_is_cut(writer: Writer) -> None:
    outcomes = await asyncio.gather(*(writer.run(_insert(n), rows=4_000) for n in range(10)))
    assert outcomes == list(range(10))


async def test_one_failing_job_undoes_only_itself(writer: Writer) -> None:
    def twice(connection: apsw.Connection) -> None:
        connection.execute("INSERT INTO t VALUES (100)")
        connection.execute("INSERT INTO t VALUES (100)")

    def bug(connection: apsw.Connection) -> None:
        connection.execute("INSERT INTO t VALUES (200)")
        raise ZeroDivisionError

    outcomes = await asyncio.gather(
        *(writer.run(job) for job in (_insert(1), twice, _insert(2), bug, _insert(3))),
        return_exceptions=True,
    )
    assert isinstance(outcomes[1], InputInvalid)
    assert isinstance(outcomes[3], ZeroDivisionError)
    rows = await writer.run(lambda connection: connection.execute("SELECT n FROM t").fetchall())
    assert rows == [(1,), (2,), (3,)]


async def test_a_lost_transaction_fails_the_whole_group(writer: Writer) -> None:
    def gives_up(connection: apsw.Connection) -> None:
        connection.execute("ROLLBACK")
        raise apsw.FullError("as SQLite does when it has no way on")

    outcomes = await asyncio.gather(
        *(writer.run(job) for job in (_insert(1), gives_up, _insert(2))), return_exceptions=True
    )
    # Whichever jobs met in one transaction failed together, and none of them is half there.
    stored = await writer.run(lambda connection: connection.execute("SELECT n FROM t").fetchall())
    answered = [(outcome,) for outcome in outcomes if isinstance(outcome, int)]
    assert isinstance(outcomes[1], DiskFull)
    assert stored == answered


async def test_a_cancelled_caller_does_not_stop_the_others(writer: Writer) -> None:
    waiting = [asyncio.ensure_future(writer.run(_insert(n))) for n in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    assert await waiting[0] == 0
    assert await waiting[2] == 2
    assert await writer.run(_insert(3)) == 3


async def test_more_jobs_than_room_wait_their_turn(writer: Writer) -> None:
    count = MAX_WAITING + 100
    assert await asyncio.gather(*(writer.run(_insert(n)) for n in range(count))) == list(
        range(count)
    )


def _insert(n: int) -> Callable[[apsw.Connection], int]:
    def job(connection: apsw.Connection) -> int:
        connection.execute("INSERT INTO t VALUES (?)", (n,))
        return n

    return job

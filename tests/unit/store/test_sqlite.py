"""What is particular to the store in a file."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from dealflow.errors import StoreLocked
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics
from tests.fakes.batches import NOW, a_batch, a_capture, a_message, a_show, viewers
from tests.fakes.clock import ManualClock

pytestmark = pytest.mark.asyncio


async def opened(path: Path) -> SqliteStore:
    return await SqliteStore.open(path, clock=ManualClock(), metrics=Metrics())


async def test_a_store_opened_again_is_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "dealflow.db"
    store = await opened(path)
    show = await a_show(store)
    batch = a_batch(
        show, [a_message("m:1"), a_message("i:2", platform_id="2")], captures=(a_capture(1),)
    )
    frames = await store.append(batch)
    before = (await store.show(show.id), await store.messages(show.id), await store.claims(show.id))
    await store.aclose()
    assert not path.with_name("dealflow.db-wal").exists()  # nothing is left to recover

    store = await opened(path)
    after = (await store.show(show.id), await store.messages(show.id), await store.claims(show.id))
    assert after == before
    assert tuple(await store.frames(show.id, after=0, limit=9)) == frames
    (frame,) = await store.append(a_batch(await a_show(store), [a_message("m:3")]))
    assert frame.seq == 3
    await store.aclose()


async def test_a_second_store_on_the_file_is_refused(tmp_path: Path) -> None:
    store = await opened(tmp_path / "dealflow.db")
    with pytest.raises(StoreLocked):
        await opened(tmp_path / "dealflow.db")
    await store.aclose()
    await (await opened(tmp_path / "dealflow.db")).aclose()


async def test_events_that_are_gone_move_the_first_position(tmp_path: Path) -> None:
    store = await opened(tmp_path / "dealflow.db")
    show = await a_show(store)
    await store.append(a_batch(show, events=[viewers(n) for n in range(5)]))
    for gone, first in ((3, 4), (5, 6)):
        with closing(apsw.Connection(str(tmp_path / "dealflow.db"))) as other:
            other.execute("DELETE FROM events WHERE epoch = ? AND seq <= ?", (show.epoch, gone))
        assert await store.first_seq(show.id) == first
    (frame,) = await store.append(a_batch(show, events=[viewers(9)]))
    assert frame.seq == await store.first_seq(show.id) == 6
    await store.aclose()


async def test_times_and_ids_are_readable_by_other_programs(tmp_path: Path) -> None:
    store = await opened(tmp_path / "dealflow.db")
    show = await a_show(store)
    await store.append(a_batch(show, [a_message("m", text="mine!")], captures=(a_capture(1),)))
    await store.aclose()
    with closing(apsw.Connection(str(tmp_path / "dealflow.db"))) as other:
        message = other.execute(
            "SELECT stream_session_id, username, message, platform, created_at FROM chat_messages"
        ).fetchall()
        capture = other.execute(
            "SELECT user_id, buyer_username, message_text, item_description, estimated_value,"
            " captured_at FROM sales_captured"
        ).fetchall()
    assert message == [(show.id, "alice_k", "mine!", "whatnot", "2025-11-24T16:00:00.000Z")]
    assert capture == [(None, "alice_k", "mine!", None, 12.5, "2025-11-24T16:00:00.000Z")]


async def test_a_show_made_when_the_clock_went_back_has_a_later_epoch(tmp_path: Path) -> None:
    store = await opened(tmp_path / "dealflow.db")
    first = await store.open_show(session_id="a", platform="push", url="", now_ms=NOW)
    second = await store.open_show(session_id="b", platform="push", url="", now_ms=NOW - 9_999)
    assert second.epoch == first.epoch + 1
    await store.aclose()


async def test_nothing_is_left_open(tmp_path: Path) -> None:
    await (await opened(tmp_path / "0.db")).aclose()  # the first pays for imports and pools
    files, threads = open_files(), store_threads()
    for n in range(5):
        store = await opened(tmp_path / f"{n}.db")
        show = await a_show(store)
        await asyncio.gather(*(store.append(a_batch(show, [a_message(f"m{i}")])) for i in range(5)))
        await asyncio.gather(*(store.messages(show.id) for _ in range(5)))
        await store.aclose()
    assert open_files() == files
    assert store_threads() <= threads


def store_threads() -> set[int | None]:
    return {one.ident for one in threading.enumerate() if one.name.startswith("store-")}


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))

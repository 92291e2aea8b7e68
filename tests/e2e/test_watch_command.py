"""How ``watch`` ends, what it leaves behind, and what a person sees."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dealflow.clock import SystemClock
from dealflow.compose import STORE_FILE
from dealflow.model.message import Message
from dealflow.model.show import Lot
from dealflow.stage.whatnot import Stage
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics
from tests.e2e.command import environment, run
from tests.e2e.watching import assert_exactly_once_in_order, pairs, told, watching

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"


async def stored(folder: Path) -> list[Message]:
    """Return what is in the store of a command that has ended."""
    path = folder / STORE_FILE
    store = await SqliteStore.open(path, clock=SystemClock(), metrics=Metrics())
    try:
        (show,) = await store.shows()
        found: list[Message] = []
        after = 0
        while page := await store.messages(show.id, after=after, limit=1000):
            found += [one.message for one in page]
            after = page[-1].seq
        return found
    finally:
        await store.aclose()


def pairs_of(messages: list[Message]) -> list[tuple[str, str]]:
    return [(message.username, message.text) for message in messages]


@pytest.mark.asyncio
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_and_everything_is_kept(
    tmp_path: Path, number: signal.Signals
) -> None:
    async with Stage() as stage, watching(stage, tmp_path, "socket") as watch:
        await watch.until(lambda it: "live" in it.states)
        said = await stage.flood(200, 1)
        watch.process.send_signal(number)
        assert await asyncio.wait_for(watch.process.wait(), 10) == 0
    kept = pairs_of(await stored(tmp_path))
    assert kept == told(said)[: len(kept)]
    assert pairs(watch.messages) == kept


@pytest.mark.asyncio
async def test_it_ends_when_its_time_is_over(tmp_path: Path) -> None:
    async with Stage() as stage, watching(stage, tmp_path, "socket", "--for", "1") as watch:
        assert await asyncio.wait_for(watch.process.wait(), 15) == 0
    assert watch.states[-1] == "ended"


@pytest.mark.asyncio
async def test_it_ends_with_the_show(tmp_path: Path) -> None:
    async with Stage() as stage, watching(stage, tmp_path, "socket") as watch:
        await watch.until(lambda it: "live" in it.states)
        said = await stage.burst([("amy", "mine!"), ("bob", "hello")])
        await stage.end()
        assert await asyncio.wait_for(watch.process.wait(), 15) == 0
    assert_exactly_once_in_order(watch, said)


@pytest.mark.asyncio
async def test_a_recording_replays_to_the_same_messages(tmp_path: Path) -> None:
    file = tmp_path / "show.jsonl"
    async with (
        Stage() as stage,
        watching(stage, tmp_path / "data", "socket", "--record", str(file)) as watch,
    ):
        await watch.until(lambda it: "live" in it.states)
        said = await stage.burst([("amy", "mine!"), ("bob", "ça va 🙋‍♀️"), ("cy", "x" * 300)])
        await stage.end()
        await asyncio.wait_for(watch.process.wait(), 15)
    done = await asyncio.to_thread(run, tmp_path, "replay", file, "--json")
    assert done.code == 0
    replayed = [one["message"] for one in done.records if one["type"] == "new_message"]
    assert pairs(replayed) == told(said)
    verdicts = [(one["intent"], one["confidence"]) for one in watch.messages]
    assert [(one["intent"], one["confidence"]) for one in replayed] == verdicts


@asynccontextmanager
async def unread(stage: Stage, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run ``watch`` and leave its standard output unread; the pipe holds 64 KB."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "dealflow", "watch", stage.show_url, "--json",
        "--transport", "socket", "--data-dir", str(folder),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=1 << 10,
        env=environment(folder, {"DEALFLOW_WHATNOT__BASE_URL": stage.base_url}),
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def until_joined(stage: Stage) -> None:
    async with asyncio.timeout(15):
        while not stage.house.seats:
            await asyncio.sleep(0.02)


@pytest.mark.asyncio
async def test_a_slow_reader_never_slows_the_reading(tmp_path: Path) -> None:
    async with Stage() as stage, unread(stage, tmp_path) as process:
        await until_joined(stage)
        said = await stage.flood(1500, 1)
        await stage.end()
        assert process.stdout is not None
        data = b""
        while chunk := await process.stdout.read(1 << 16):
            data += chunk
        assert await process.wait() == 0
    printed = re.findall(rb'"type":"new_message"', data)
    assert len(printed) == len(said)
    assert pairs_of(await stored(tmp_path)) == told(said)


@pytest.mark.asyncio
async def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    async with Stage() as stage, unread(stage, tmp_path) as process:
        await until_joined(stage)
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout._transport.close()  # type: ignore[attr-defined] # there is no public way
        said = await stage.flood(50, 1)
        assert await asyncio.wait_for(process.wait(), 15) == 0
        assert await process.stderr.read() == b""
    kept = pairs_of(await stored(tmp_path))
    assert kept == told(said)[: len(kept)]


@pytest.mark.asyncio
async def test_a_show_that_does_not_exist(tmp_path: Path) -> None:
    async with Stage() as stage:
        url = f"{stage.base_url}/live/00000000-0000-4000-8000-000000000000"
        env = {"DEALFLOW_WHATNOT__BASE_URL": stage.base_url}
        options = ("--json", "--transport", "socket")
        done = await asyncio.to_thread(run, tmp_path, "watch", url, *options, env=env)
    assert done.code == 1
    assert done.records[-1]["error"] == "show_unknown"


@pytest.mark.asyncio
async def test_a_person_sees_a_live_screen(tmp_path: Path) -> None:
    async with Stage() as stage:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 110, 0, 0))
        env = {"DEALFLOW_WHATNOT__BASE_URL": stage.base_url, "TERM": "xterm-256color"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "dealflow", "watch", stage.show_url, "--transport", "socket",
            "--data-dir", str(tmp_path),
            stdin=theirs, stdout=theirs, stderr=theirs, env=environment(tmp_path, env),
        )  # fmt: skip
        os.close(theirs)
        try:
            await until_joined(stage)
            await stage.lot(Lot(code="A1", title="Denim jacket", price=20.0, currency="USD"))
            await stage.burst([("amy", "mine!"), ("mallory", "\x1b[2J[bold]mine[/bold]\x07")])
            screen = await asyncio.to_thread(_read_until, ours, b"[bold]mine[/bold]")
            process.send_signal(signal.SIGINT)
            screen += await asyncio.to_thread(_read_until, ours, LEAVE)
            assert await asyncio.wait_for(process.wait(), 10) == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            os.close(ours)
    assert ENTER in screen
    assert b"BUYER" in screen
    assert b"amy" in screen
    assert b"Denim jacket" in screen
    assert b"\\x1b[2J[bold]mine" in screen
    assert b"\x07" not in screen


def _read_until(terminal: int, wanted: bytes) -> bytes:
    """Read from a terminal until something stands on it; the test's own timeout bounds it."""
    seen = b""
    while wanted not in seen:
        seen += os.read(terminal, 1 << 16)
    return seen

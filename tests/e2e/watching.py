"""Runs the real ``dealflow watch`` against a stage and compares what came out with what went in."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from dealflow.stage.emissions import Emitted
from dealflow.stage.whatnot import Stage

FIRST_FRAME_SECONDS = 20.0


@dataclass
class Watch:
    """A running ``dealflow watch URL --json`` and every frame that it printed."""

    process: asyncio.subprocess.Process
    started: float
    frames: list[dict[str, Any]] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["type"] == kind]

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [frame["message"] for frame in self.of("new_message")]

    @property
    def states(self) -> list[str]:
        return [frame["state"] for frame in self.of("source_state")]

    @property
    def gaps(self) -> list[dict[str, Any]]:
        return [frame["gap"] for frame in self.of("source_state") if frame["gap"]]

    def latencies(self, said: Sequence[Emitted]) -> list[float]:
        """Return the milliseconds from a message's emission to its frame, live messages only."""
        emitted = {one.id: one.at_ms for one in said}
        return sorted(
            arrival * 1000 - emitted[frame["message"]["platformId"]]
            for frame, arrival in zip(self.frames, self.arrivals, strict=True)
            if frame["type"] == "new_message"
            and frame["message"]["platformId"] in emitted
            and not frame["message"]["backlog"]
        )

    async def until(self, met: Any, seconds: float = 20.0) -> None:
        """Wait until a condition on this watch holds."""
        deadline = time.monotonic() + seconds
        while not met(self):
            assert time.monotonic() < deadline, f"not met in {seconds} s; states: {self.states}"
            assert self.process.returncode is None or met(self), "watch ended early"
            await asyncio.sleep(0.02)

    async def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), 15)


@asynccontextmanager
async def watching(
    stage: Stage, folder: Path, transport: str, *options: str, **env: str
) -> AsyncIterator[Watch]:
    """Run ``dealflow watch`` on the stage's show; end it on leaving."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "dealflow", "watch", stage.show_url, "--json",
        "--transport", transport, "--data-dir", str(folder), *options,
        stdout=asyncio.subprocess.PIPE,
        limit=2**22,
        env=os.environ | {"DEALFLOW_WHATNOT__BASE_URL": stage.base_url} | env,
    )  # fmt: skip
    watch = Watch(process, time.time())
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(_collect(watch))
        try:
            yield watch
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), 15)
            except TimeoutError:
                process.kill()
                raise
            await reading


async def _collect(watch: Watch) -> None:
    assert watch.process.stdout is not None
    async for line in watch.process.stdout:
        watch.arrivals.append(time.time())
        watch.frames.append(msgspec.json.decode(line))


def pairs(messages: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(message["username"], message["message"]) for message in messages]


def told(said: Sequence[Emitted]) -> list[tuple[str, str]]:
    return [(one.user, one.text) for one in said]


def assert_exactly_once_in_order(watch: Watch, said: Sequence[Emitted]) -> None:
    """Prove that every message came out once, in the order in which it was said."""
    got, wanted = pairs(watch.messages), told(said)
    lost = Counter(wanted) - Counter(got)
    twice = Counter(got) - Counter(wanted)
    assert not lost, f"{lost.total()} of {len(wanted)} lost, such as {list(lost)[:3]}"
    assert not twice, f"{twice.total()} too many, such as {list(twice)[:3]}"
    assert got == wanted, "out of order"
    positions = [frame["seq"] for frame in watch.frames]
    assert positions == list(range(positions[0], positions[0] + len(positions)))

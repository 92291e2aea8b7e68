"""Kills a serving DealFlow at random under load, and proves what became of every message.

The pusher is an independent process's part: it numbers the messages, keeps an fsync'd log of what
was acknowledged, and sends again what was not. The product never marks its own paper.

    python -m tests.chaos.kill_harness --kills 30 --seed 1
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec

BATCH = 20
RATE = 2_000
SESSION = "kill-harness"
READY_SECONDS = 20.0


@dataclass
class Report:
    """What a run showed."""

    seed: int
    kills: int = 0
    acknowledged: int = 0
    stored: int = 0
    lost: int = 0
    twice: int = 0
    captured: int = 0
    captured_twice: int = 0
    buyers_missing: int = 0
    integrity: str = ""
    identity_holds: bool = False
    restarts: list[float] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return (
            self.lost == self.twice == self.captured_twice == self.buyers_missing == 0
            and self.integrity == "ok"
            and self.identity_holds
            and self.acknowledged > 0
        )


class Pusher:
    """Sends numbered messages at a steady rate and remembers what was acknowledged."""

    def __init__(self, log: Path) -> None:
        self.next = 0
        self.acknowledged: set[int] = set()
        self._pending: list[int] = []
        self._log = log.open("a", encoding="ascii")

    async def push(self, url: str, token: str, until: float) -> None:
        """Push until the time comes or the server is gone."""
        headers = {"authorization": f"Bearer {token}"}
        address = f"{url}/api/sessions/{SESSION}/messages"
        async with httpx.AsyncClient(headers=headers, timeout=5.0) as client:
            due = time.monotonic()
            while time.monotonic() < until:
                numbers = self._pending or self._take()
                self._pending = numbers
                try:
                    answer = await client.post(
                        address, json={"messages": [message(number) for number in numbers]}
                    )
                except httpx.HTTPError:
                    return
                if answer.status_code != 200:
                    return
                self._acknowledge(numbers)
                due += BATCH / RATE
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    def close(self) -> None:
        self._log.close()

    def _take(self) -> list[int]:
        numbers = list(range(self.next, self.next + BATCH))
        self.next += BATCH
        return numbers

    def _acknowledge(self, numbers: list[int]) -> None:
        self._log.write("".join(f"{number}\n" for number in numbers))
        self._log.flush()
        os.fsync(self._log.fileno())
        self.acknowledged.update(numbers)
        self._pending = []


def is_buyer(number: int) -> bool:
    """Every tenth message is a claim, each by somebody else."""
    return number % 10 == 0


def message(number: int) -> dict[str, str]:
    text = "mine!" if is_buyer(number) else f"lol {number}"
    return {"platformId": f"n{number}", "username": f"user{number}", "message": text}


class Served:
    """One run of ``dealflow serve`` in a process group of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.process: asyncio.subprocess.Process | None = None
        self.url = ""
        self.ready_in = 0.0

    async def start(self) -> None:
        began = time.monotonic()
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "dealflow", "serve", "--json", "--port", "0",
            "--data-dir", str(self._folder), "--log-level", "warning",
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        async with asyncio.timeout(READY_SECONDS):
            line = await self.process.stdout.readline()
        said = msgspec.json.decode(line)
        assert "url" in said, said
        self.url = said["url"].rstrip("/")
        self.ready_in = time.monotonic() - began

    @property
    def token(self) -> str:
        return (self._folder / "token").read_text().strip()

    async def kill(self) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(15):
            return await self.process.wait()


async def run(kills: int, seed: int, folder: Path) -> Report:
    """Kill ``kills`` times, then stop cleanly, and compare."""
    chance = random.Random(seed)
    report = Report(seed)
    pusher = Pusher(folder / "acknowledged.log")
    data = folder / "data"
    for _ in range(kills):
        served = Served(data)
        await served.start()
        report.restarts.append(served.ready_in)
        alive = chance.uniform(0.25, 1.0)
        pushing = asyncio.create_task(
            pusher.push(served.url, served.token, time.monotonic() + alive + 5)
        )
        await asyncio.sleep(alive)
        await served.kill()
        await pushing
        report.kills += 1
    served = Served(data)
    await served.start()
    await pusher.push(served.url, served.token, time.monotonic() + 1.0)
    assert await served.stop() == 0
    pusher.close()
    _compare(report, pusher, data / "dealflow.db")
    return report


def _compare(report: Report, pusher: Pusher, database: Path) -> None:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        report.integrity = db.execute("PRAGMA integrity_check").fetchone()[0]
        ids = [row[0] for row in db.execute("SELECT platform_id FROM chat_messages")]
        names = [row[0] for row in db.execute("SELECT buyer_username FROM sales_captured")]
        counts = dict(db.execute("SELECT name, value FROM counters"))
    stored = set(ids)
    report.acknowledged = len(pusher.acknowledged)
    report.stored = len(ids)
    report.lost = sum(f"n{number}" not in stored for number in pusher.acknowledged)
    report.twice = len(ids) - len(stored)
    report.captured = len(names)
    report.captured_twice = len(names) - len(set(names))
    report.buyers_missing = sum(
        is_buyer(number) and f"user{number}" not in names for number in pusher.acknowledged
    )
    dropped = sum(value for name, value in counts.items() if name.startswith("dropped"))
    report.identity_holds = counts.get("read", 0) == counts.get("stored", 0) + counts.get(
        "duplicates", 0
    ) + dropped and counts.get("stored", 0) == len(ids)


def main() -> int:
    """Run from the command line and print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(run(options.kills, options.seed, Path(folder)))
    sys.stdout.write(f"{report}\n{'sound' if report.sound else 'NOT SOUND'}\n")
    return 0 if report.sound else 1


if __name__ == "__main__":
    raise SystemExit(main())

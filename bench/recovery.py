"""R5: a Chromium that dies or hangs is replaced, and no message is lost without a word.

    python -m bench.recovery [--quick]

``dealflow serve`` reads a stage by its browser while somebody speaks ten times a second. Chromium's
main process, found among the descendants of the server, is killed or stopped; the clock runs from
that moment to the first frame at a dashboard whose message was said afterwards. The stage's own log
is the judge: each message that was said must have come, or lie in a gap that was recorded. Each
kind of blow has a server of its own, since a Chromium that is lost often is started less often.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect

from bench.processes import Served, served, staged
from bench.promise import Figure, told
from dealflow.clock import from_iso
from dealflow.sources.browser import processes

SESSION = "recovery"
RATE = 10.0
LIMITS = {signal.SIGKILL: 5.0, signal.SIGSTOP: 8.0}
"""Seconds to the first new message, at most."""

STEADY_SECONDS = (5.5, 8.0)
"""How long it reads between two blows: a way that worked for five seconds is opened at once."""

PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.01
SETTLE_SECONDS = 3.0
"""A backlog may take two seconds before a stretch counts as missed."""

BURIAL_SECONDS = 2.0


@dataclass
class Seen:
    """What a dashboard saw: when each message came, by the platform's id."""

    arrivals: dict[str, float] = field(default_factory=dict)
    twice: int = 0
    live: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, socket: ClientConnection) -> None:
        """Take everything that comes."""
        async for data in socket:
            now = time.time() * 1000
            frames = msgspec.json.decode(data)
            for frame in frames if isinstance(frames, list) else [frames]:
                self._take(frame, now)

    def _take(self, frame: dict[str, Any], now: float) -> None:
        if frame["type"] == "source_state" and frame["state"] == "live":
            self.live.set()
        if frame["type"] == "new_message":
            key = frame["message"]["message"]
            self.twice += key in self.arrivals
            self.arrivals.setdefault(key, now)


def chromium(server: int) -> int:
    """Return the main process of the server's Chromium; only the server's descendants count.

    Raises:
        LookupError: there is none.
    """
    for process in processes.family(server):
        arguments = processes.arguments(process.pid)
        is_main = not any(one.startswith("--type=") for one in arguments)
        if "--remote-debugging-pipe" in arguments and is_main and process.state != "Z":
            return process.pid
    raise LookupError("The server has no Chromium.")


def left_over(pids: set[int]) -> list[int]:
    """Return those of these processes that are still there: alive, stopped or zombies."""
    table = processes.table()
    return [
        pid
        for pid in pids & table.keys()
        if table[pid].state == "Z" or "chrom" in " ".join(processes.arguments(pid)[:1])
    ]


class Trial:
    """One server with its stage and its dashboard."""

    def __init__(self, server: Served, stage: dict[str, str], http: httpx.AsyncClient) -> None:
        self.seen = Seen()
        self.pids: set[int] = set()
        self._said: dict[str, float] = {}
        self._server = server
        self._stage = stage
        self._http = http
        self._speaking = True

    async def run(self, blow: signal.Signals, cycles: int) -> list[float]:
        """Strike so often; return the seconds to the first new message after each blow."""
        wish = {"url": self._stage["showUrl"], "sessionId": SESSION, "transport": "browser"}
        answer = await self._http.post(f"{self._server.url}/api/start-monitoring", json=wish)
        answer.raise_for_status()
        async with connect(
            self._server.socket_url, additional_headers=self._server.headers, max_size=None
        ) as socket:
            await socket.send(f'{{"action":"subscribe","sessionId":"{SESSION}","after":0}}')
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(self.seen.read(socket))
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self.seen.live.wait()
                tasks.create_task(self._speak())
                seconds = [await self._strike(blow) for _ in range(cycles)]
                await asyncio.sleep(SETTLE_SECONDS)
                self._speaking = False
                await asyncio.sleep(SETTLE_SECONDS)
                reading.cancel()
        self._meet_chromium()
        return sorted(seconds)

    async def _speak(self) -> None:
        """Say something new ten times a second."""
        number = 0
        began = time.monotonic()
        while self._speaking:
            number += 1
            line = {"user": f"viewer{number % 40}", "text": f"message {number}"}
            answer = await self._http.post(f"{self._stage['baseUrl']}/stage/say", json=line)
            self._said[line["text"]] = answer.json()["at_ms"]
            await asyncio.sleep(max(0.0, began + number / RATE - time.monotonic()))

    async def _strike(self, blow: signal.Signals) -> float:
        await asyncio.sleep(random.uniform(*STEADY_SECONDS))
        root = self._meet_chromium()
        struck_ms = time.time() * 1000
        os.kill(root, blow)
        came = None
        async with asyncio.timeout(PATIENCE_SECONDS):
            while came is None:
                await asyncio.sleep(LOOK_SECONDS)
                came = self._first_after(struck_ms)
        return (came - struck_ms) / 1000

    def _meet_chromium(self) -> int:
        """Remember every process of the Chromium that runs; return the main one."""
        root = chromium(self._server.pid)
        self.pids |= {process.pid for process in processes.family(root)}
        return root

    def _first_after(self, at_ms: float) -> float | None:
        """Return when the first message came that was said after this moment."""
        new = [text for text, said in reversed(self._said.items()) if said > at_ms]
        return min(
            (self.seen.arrivals[one] for one in new if one in self.seen.arrivals), default=None
        )

    async def said(self) -> dict[str, float]:
        """Return, by its text, when each message was said, as the stage's own log has it."""
        log = (await self._http.get(f"{self._stage['baseUrl']}/stage/log")).text
        return {one["text"]: one["at_ms"] for one in map(msgspec.json.decode, log.splitlines())}

    async def gaps(self) -> list[tuple[float, float]]:
        """Return the gaps that the server recorded, in milliseconds since 1970."""
        answer = await self._http.get(f"{self._server.url}/api/sessions/{SESSION}/gaps")
        return [(from_iso(gap["from"]), from_iso(gap["to"])) for gap in answer.json()["gaps"]]


async def measure(blow: signal.Signals, cycles: int) -> list[Figure]:
    """Bring everything up, strike, and return the figures."""
    with tempfile.TemporaryDirectory(prefix="recovery-") as folder:
        async with staged() as stage, httpx.AsyncClient(timeout=30) as http:
            async with served(Path(folder), DEALFLOW_WHATNOT__BASE_URL=stage["baseUrl"]) as server:
                http.headers.update(server.headers)
                trial = Trial(server, stage, http)
                seconds = await trial.run(blow, cycles)
                gaps = await trial.gaps()
            said = await trial.said()
            await asyncio.sleep(BURIAL_SECONDS)
            left = left_over(trial.pids)
    lost = [at for text, at in said.items() if text not in trial.seen.arrivals]
    silent = [at for at in lost if not any(start <= at <= end for start, end in gaps)]
    limit = LIMITS[blow]
    name = "killed" if blow is signal.SIGKILL else "hung"
    middle = statistics.median(seconds)
    return [
        Figure(f"{name}: to the first new message, median of {cycles}", middle, "s", most=limit),
        Figure(f"{name}: max", seconds[-1], "s", most=limit),
        Figure(f"{name}: messages said", len(said)),
        Figure(f"{name}: gaps recorded", len(gaps), most=cycles),
        Figure(f"{name}: messages inside a gap", len(lost) - len(silent)),
        Figure(f"{name}: lost outside every gap", len(silent), most=0),
        Figure(f"{name}: came twice", trial.seen.twice, most=0),
        Figure(f"{name}: processes of Chromium left over, of {len(trial.pids)}", len(left), most=0),
    ]


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one blow of each kind, not five")
    options = parser.parse_args()
    cycles = 1 if options.quick else 5
    codes = [
        told(f"R5: Chromium and {blow.name}", asyncio.run(measure(blow, cycles))) for blow in LIMITS
    ]
    return max(codes)


if __name__ == "__main__":
    raise SystemExit(main())

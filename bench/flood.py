"""A minute at two hundred messages a second, by each way, while the platform's sockets are cut.

    python -m bench.flood [--quick] [--transport socket|browser|auto]

``dealflow watch`` reads a stage in another process. Its sockets are cut after a quarter and after
three quarters of the time; when the browser reads, its sockets also fall silent in the middle for a
sixth of the time (ten seconds of a minute) while the page goes on rendering. The stage's own log
says what was said. Every message carries its number, so each must come out once and in order.

After a cut the platform tells whoever joins the newest messages. How many is not documented; the
stage tells 500 here (``--backlog``), which is two and a half seconds of this chat. With fewer, what
was said between is lost, and must lie in a gap that was recorded.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

from bench.processes import staged
from bench.promise import Figure, quantile, told
from dealflow.clock import from_iso

RATE = 200.0
SECONDS, QUICK_SECONDS = 60.0, 10.0
BACKLOG = 500
WAYS = ("socket", "browser", "auto")

CUTS = (1 / 4, 3 / 4)
SILENCE = (5 / 12, 7 / 12)
"""When the platform fails, as shares of the time."""

PATIENCE_SECONDS = 30.0
SETTLE_SECONDS = 3.0
"""What comes twice may come late; so does a gap."""


@dataclass
class Watched:
    """What ``dealflow watch`` printed."""

    arrivals: list[tuple[str, float, bool]] = field(default_factory=list)
    gaps: list[tuple[float, float]] = field(default_factory=list)
    live: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, lines: asyncio.StreamReader) -> None:
        """Take every frame until the command ends."""
        async for line in lines:
            now = time.time() * 1000
            frame = msgspec.json.decode(line)
            if frame["type"] == "new_message":
                message = frame["message"]
                self.arrivals.append((message["message"], now, message["backlog"]))
            elif frame["type"] == "source_state":
                self._take_state(frame)

    def _take_state(self, frame: dict[str, Any]) -> None:
        if frame["state"] == "live":
            self.live.set()
        if frame["gap"]:
            self.gaps.append((from_iso(frame["gap"]["from"]), from_iso(frame["gap"]["to"])))


@asynccontextmanager
async def watching(stage: dict[str, Any], transport: str) -> AsyncIterator[Watched]:
    """Run ``dealflow watch``; end it on leaving."""
    watched = Watched()
    with tempfile.TemporaryDirectory(prefix="flood-") as folder:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "dealflow", "watch", stage["showUrl"], "--json",
            "--transport", transport, "--data-dir", folder, "--log-level", "error",
            stdout=asyncio.subprocess.PIPE,
            limit=2**22,
            env=os.environ | {"DEALFLOW_WHATNOT__BASE_URL": stage["baseUrl"]},
        )  # fmt: skip
        assert process.stdout is not None
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(watched.read(process.stdout))
            try:
                yield watched
            finally:
                process.send_signal(signal.SIGTERM)
                await process.wait()


class Platform:
    """The stage, by its controls."""

    def __init__(self, address: str, http: httpx.AsyncClient) -> None:
        self._address = address
        self._http = http

    async def do(self, control: str, **arguments: object) -> None:
        """Call one control."""
        url = f"{self._address}/stage/{control}"
        answer = await self._http.post(url, json=arguments, timeout=SECONDS + 60)
        answer.raise_for_status()

    async def said(self) -> dict[str, float]:
        """Return every message by its text, in order, and when it was said in milliseconds."""
        log = (await self._http.get(f"{self._address}/stage/log")).text
        return {one["text"]: one["at_ms"] for one in map(msgspec.json.decode, log.splitlines())}

    async def fail(self, seconds: float, *, silent: bool) -> None:
        """Fail at the moments that are agreed on."""
        began = time.monotonic()
        plan: list[tuple[float, str, str]] = [(share, "fault", "cut_sockets") for share in CUTS]
        if silent:
            start, end = SILENCE
            plan.append((start, "fault", "drop_socket_delivery"))
            plan += [(end, "clear", "silent_chat"), (end, "clear", "feed")]
        for share, control, name in sorted(plan, key=lambda one: one[0]):
            await asyncio.sleep(max(0.0, began + share * seconds - time.monotonic()))
            await self.do(control, name=name)


async def measure(transport: str, seconds: float, backlog: int) -> list[Figure]:
    """Flood, fail, and compare what came with what was said."""
    async with staged() as stage, httpx.AsyncClient() as http:
        platform = Platform(stage["baseUrl"], http)
        await platform.do("fault", name="backlog_size", value=backlog)
        async with watching(stage, transport) as watched:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await watched.live.wait()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(platform.do("flood", rate=RATE, seconds=seconds))
                tasks.create_task(platform.fail(seconds, silent=transport == "browser"))
            said = await platform.said()
            await _until_still(watched)
    return _figures(watched, said)


async def _until_still(watched: Watched) -> None:
    """Wait until nothing has come for a while."""
    known = -1
    while len(watched.arrivals) > known:
        known = len(watched.arrivals)
        await asyncio.sleep(SETTLE_SECONDS)


def _figures(watched: Watched, said: dict[str, float]) -> list[Figure]:
    numbers = {text: number for number, text in enumerate(said)}
    came = Counter(text for text, _, _ in watched.arrivals)
    lost = [at for text, at in said.items() if text not in came]
    silent = [at for at in lost if not any(start <= at <= end for start, end in watched.gaps)]
    reordered, highest = 0, -1
    for text, _, _ in watched.arrivals:
        reordered += numbers[text] < highest
        highest = max(highest, numbers[text])
    late = sorted(arrival - said[text] for text, arrival, _ in watched.arrivals)
    backlog = sum(is_backlog for _, _, is_backlog in watched.arrivals)
    return [
        Figure("messages said", len(said)),
        Figure("lost", len(lost), most=0),
        Figure("lost outside every gap", len(silent), most=0),
        Figure("came twice", came.total() - len(came), most=0),
        Figure("out of order", reordered, most=0),
        Figure("gaps recorded", len(watched.gaps), most=0),
        Figure("told late, as a backlog", backlog),
        Figure("said → printed, median", quantile(late, 0.5), "ms"),
        Figure("p99", quantile(late, 0.99), "ms"),
        Figure("max", late[-1] if late else 0.0, "ms"),
    ]


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10 s instead of a minute")
    parser.add_argument("--transport", choices=WAYS, help="one way only")
    parser.add_argument("--backlog", type=int, default=BACKLOG, help="messages told on joining")
    options = parser.parse_args()
    seconds = QUICK_SECONDS if options.quick else SECONDS
    codes = [
        told(
            f"Flood of {RATE:.0f}/s for {seconds:.0f} s by {way}",
            asyncio.run(measure(way, seconds, options.backlog)),
        )
        for way in ([options.transport] if options.transport else WAYS)
    ]
    return max(codes)


if __name__ == "__main__":
    raise SystemExit(main())

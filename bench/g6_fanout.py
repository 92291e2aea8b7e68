"""G6 and G7: how much reaches 500 dashboards, and what it costs, against Node with ``ws``.

Both sides get 1,000 messages a second and encode each once. The clients are the same for both: they
count positions in whatever bytes arrive, so that they are never the slower part; five of them keep
everything, to prove that nothing was lost or reordered and to tell how late it came.

    python -m bench.g6_fanout
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench.g6_server import TOKEN
from bench.result import Result, compared

CLIENTS = 500
RATE = 1_000
KEEPERS = 5
NODE = Path(__file__).parent / "node"
QUIET_SECONDS = 3.0
"""A run is over when nothing has arrived for this long."""

OVERTIME_SECONDS = 5.0
"""A side that cannot keep up is measured by what it delivered until then."""

_MARK = b'"seq":'
_SEQ = re.compile(rb'"seq":(\d+)')
_SENT = re.compile(rb"t=(\d+);")


@dataclass(frozen=True)
class Run:
    """What one side delivered; times in seconds, ``cpu`` of the server's process."""

    delivered: int
    seconds: float
    cpu: float
    whole: bool
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        return self.delivered / self.seconds

    @property
    def cost(self) -> float:
        """Return microseconds of CPU for each delivered message."""
        return 1e6 * self.cpu / self.delivered


class Dashboard(asyncio.Protocol):
    """A client that reads as fast as it can."""

    def __init__(self, request: bytes, *, keeps: bool) -> None:
        self._request = request
        self._tail = b""
        self._keeps = keeps
        self.count = 0
        self.last = time.perf_counter()
        self.first: float | None = None
        self.kept: list[bytes] = []
        self.late: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        joined = self._tail + data
        found = joined.count(_MARK)
        self._tail = joined[-len(_MARK) + 1 :]
        if found:
            self.count += found
            self.last = time.perf_counter()
            if self.first is None:
                self.first = self.last
        if self._keeps:
            now = time.monotonic_ns()
            self.kept.append(data)
            self.late += [(now - int(sent)) / 1e9 for sent in _SENT.findall(data)]


def _request(port: int, path: str) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        f"Authorization: Bearer {TOKEN}\r\n\r\n"
    ).encode()


def _cpu(pid: int) -> float:
    """Return the seconds of CPU that a process has used, in its own code and in the kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def _server(*command: str) -> AsyncIterator[tuple[int, int]]:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 30)
        yield msgspec.json.decode(line)["port"], process.pid
    finally:
        process.kill()
        await process.wait()


async def measure(side: str, mode: str, seconds: float) -> Run:
    """Run one side (``ours`` or ``node``) in one mode, with clients of this process."""
    sizes = (str(CLIENTS), str(RATE), str(seconds))
    if side == "ours":
        command: tuple[str, ...] = (sys.executable, "-m", "bench.g6_server", *sizes)
        path = "/ws?batch=1" if mode == "batch" else "/ws"
    else:
        command, path = ("node", str(NODE / "fanout.js"), mode, *sizes), "/"
    loop = asyncio.get_running_loop()
    async with _server(*command) as (port, pid):
        boards: list[Dashboard] = []
        transports = []
        for number in range(CLIENTS):
            board = Dashboard(_request(port, path), keeps=number < KEEPERS)
            transport, _ = await loop.create_connection(lambda b=board: b, "127.0.0.1", port)  # type: ignore[misc]
            boards.append(board)
            transports.append(transport)
        # Handshakes are not what is measured: the count begins with the first message.
        while all(board.first is None for board in boards):  # noqa: ASYNC110 - 500 of them
            await asyncio.sleep(0.005)
        before, begun = _cpu(pid), time.perf_counter()
        total = CLIENTS * int(RATE * seconds)
        while sum(board.count for board in boards) < total:
            await asyncio.sleep(0.05)
            now = time.perf_counter()
            silent = now - max(board.last for board in boards) > QUIET_SECONDS
            if silent or now - begun > seconds + OVERTIME_SECONDS:
                break
        after = _cpu(pid)
        for transport in transports:
            transport.abort()
    return _run(boards, after - before, seconds)


def _run(boards: list[Dashboard], cpu: float, seconds: float) -> Run:
    expected = list(range(1, int(RATE * seconds) + 1))
    whole = all(
        [int(seq) for seq in _SEQ.findall(b"".join(board.kept))] == expected
        for board in boards[:KEEPERS]
    ) and all(board.count == len(expected) for board in boards)
    late = sorted(moment for board in boards[:KEEPERS] for moment in board.late) or [0.0]
    first = min(board.first for board in boards if board.first is not None)
    return Run(
        delivered=sum(board.count for board in boards),
        seconds=max(board.last for board in boards) - first,
        cpu=cpu,
        whole=whole,
        p50=late[len(late) // 2],
        p99=late[len(late) * 99 // 100],
    )


def install() -> None:
    """Fetch ``ws`` once, with npm."""
    if not (NODE / "node_modules" / "ws").is_dir():
        npm = ("npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent")
        subprocess.run(npm, cwd=NODE, check=True)


async def _rounds(count: int, seconds: float) -> dict[tuple[str, str], list[Run]]:
    sides = (("node", "message"), ("ours", "batch"), ("node", "batch"), ("ours", "single"))
    found: dict[tuple[str, str], list[Run]] = {side: [] for side in sides}
    for _ in range(count):
        for side in sides:
            found[side].append(await measure(*side, seconds))
    return found


def run(quick: bool = False) -> tuple[Result, Result]:
    """Measure G6 and G7; ``quick`` makes one short round."""
    install()
    rounds = asyncio.run(_rounds(1 if quick else 3, 3.0 if quick else 8.0))
    ours, single = rounds["ours", "batch"], rounds["ours", "single"]
    node, batched = rounds["node", "message"], rounds["node", "batch"]
    lost = "none" if all(one.whole for one in (*ours, *single)) else "SOME"
    fan_out = compared(
        "G6",
        f"delivered to {CLIENTS} dashboards at {RATE:,} messages/s, against ws a message at a time",
        ours=_middle([one.rate for one in ours]),
        theirs=_middle([one.rate for one in node]),
        ratio=_paired([one.rate for one in ours], [one.rate for one in node]),
        unit="messages/s",
        gate=2.0,
        target=2.5,
        note=(
            f"Lost or reordered by ours: {lost}. p50 and p99: ours {_late(ours)}, theirs "
            f"{_late(node)}. Ours without batches, one object a message: "
            f"{_middle([one.rate for one in single]):,.0f} messages/s, {_late(single)}."
        ),
    )
    cost = compared(
        "G7",
        "CPU for each delivered message, against ws with the same 20 ms batches",
        ours=_middle([one.cost for one in ours]),
        theirs=_middle([one.cost for one in batched]),
        ratio=_paired([one.cost for one in ours], [one.cost for one in batched]),
        unit="µs",
        gate=1.5,
        target=1.1,
        higher_is_better=False,
        note=f"p50 and p99: ours {_late(ours)}, theirs {_late(batched)}.",
    )
    return fan_out, cost


def _middle(values: list[float]) -> float:
    return statistics.median(values)


def _paired(ours: list[float], theirs: list[float]) -> float:
    """Return the median of the ratios of each round."""
    return _middle([mine / other for mine, other in zip(ours, theirs, strict=True)])


def _late(runs: list[Run]) -> str:
    p50, p99 = _middle([one.p50 for one in runs]), _middle([one.p99 for one in runs])
    return f"{1000 * p50:.0f} and {1000 * p99:.0f} ms"


if __name__ == "__main__":
    for result in run():
        print(result.lines())

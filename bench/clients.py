"""Dashboards, many in one process, that check what they are sent and how late it is.

A measured message carries its number, from 1, and the time at which it was due, as its id (see
`mark_of`), so the same clients serve every server whatever its frames look like, single or several
in one. Each client notes every number: what never came is lost, what came again is repeated, what
came after a higher one is out of order.

A frame that went to many clients is searched once, so that the clients are never the slower part;
a client whose frame differs by a byte has it searched anew.

Run as ``python -m bench.clients``: prints a line once all are connected, and one with what was
found when every client has the last message, or the time is over.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import re
import struct
import sys
import time
from array import array
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

MEASURED = re.compile(rb"bench:([0-9]{1,12}):([0-9]{1,20})")

STEP_NS = 100_000
"""Latencies are counted in steps of 0.1 ms …"""

STEPS = 600_000
"""… up to a minute."""

CONNECT_AT_ONCE = 50
"""Handshakes at the same time; a server's backlog is not what is measured."""

_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10


MAX_KNOWN = 64
"""Frames that are remembered; clients of one server are less than that apart."""


def mark_of(number: int, due_ns: int) -> str:
    """Return the id of a measured message."""
    return f"bench:{number}:{due_ns}"


class Marks(NamedTuple):
    """The measured messages of one frame.

    ``first`` is 0 when their numbers are not each the one before plus one. ``times`` holds, for
    those whose latency counts, each moment and how many were due then.
    """

    numbers: tuple[int, ...]
    first: int
    times: tuple[tuple[int, int], ...]
    due_ns: int


def marks_in(body: bytes, expected: int, since: int) -> Marks:
    """Return the marks of a frame; numbers that are not of this measurement are left out."""
    found = [(int(number), int(due)) for number, due in MEASURED.findall(body)]
    found = [(number, due) for number, due in found if 1 <= number <= expected]
    numbers = tuple(number for number, _ in found)
    times = Counter(due for number, due in found if number >= since)
    first = numbers[0] if numbers else 0
    rises = numbers == tuple(range(first, first + len(numbers)))
    return Marks(numbers, first if rises else 0, tuple(times.items()), found[0][1] if found else 0)


@dataclass
class Tally:
    """What all clients of a process found."""

    clients: int
    expected: int
    since: int = 1
    delivered: int = 0
    repeated: int = 0
    reordered: int = 0
    frames: int = 0
    closed: int = 0
    finished: int = 0
    first_ns: int = 0
    last_ns: int = 0
    late: array[int] = field(default_factory=lambda: array("Q", bytes(8 * (STEPS + 1))))
    done: asyncio.Event = field(default_factory=asyncio.Event)

    known: dict[bytes, Marks] = field(default_factory=dict)

    def marks_of(self, body: bytes) -> Marks:
        """Return the marks of a frame, found once for all clients that get the same bytes."""
        marks = self.known.get(body)
        if marks is None:
            marks = self.known[body] = marks_in(body, self.expected, self.since)
            if len(self.known) > MAX_KNOWN:
                del self.known[next(iter(self.known))]
        return marks

    def count(self, marks: Marks, now_ns: int) -> None:
        """Count deliveries; messages before ``since`` only warm the server up."""
        self.delivered += len(marks.numbers)
        self.last_ns = now_ns
        if not self.first_ns:
            self.first_ns = marks.due_ns
        for due_ns, count in marks.times:
            self.late[min(max(now_ns - due_ns, 0) // STEP_NS, STEPS)] += count

    def finish(self) -> None:
        """Note that one client has its last message, or was closed."""
        self.finished += 1
        if self.finished >= self.clients:
            self.done.set()

    def percentile(self, share: float) -> float:
        """Return the latency, in milliseconds, that this share of the deliveries did not exceed."""
        wanted = share * sum(self.late)
        passed = 0
        for step, count in enumerate(self.late):
            passed += count
            if count and passed >= wanted:
                return (step + 1) * STEP_NS / 1e6
        return 0.0

    def summary(self) -> dict[str, float]:
        """Return everything for the one who started this process."""
        return {
            "clients": self.clients,
            "delivered": self.delivered,
            "lost": self.clients * self.expected - (self.delivered - self.repeated),
            "repeated": self.repeated,
            "reordered": self.reordered,
            "closed": self.closed,
            "frames": self.frames,
            "seconds": max(0.0, (self.last_ns - self.first_ns) / 1e9),
            "p50": self.percentile(0.50),
            "p95": self.percentile(0.95),
            "p99": self.percentile(0.99),
            "max": self.percentile(1.0),
        }


class Dashboard(asyncio.Protocol):
    """One WebSocket client that costs as little as it can: no masking, no objects per frame."""

    def __init__(self, tally: Tally, request: bytes, hello: bytes, awaited: bytes) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tally = tally
        self._request = request
        self._hello = hello
        self._awaited = awaited
        self._buffer = bytearray()
        self._is_open = False
        self._seen = bytearray(tally.expected + 1)
        self._seen_count = 0
        self._last = 0
        self._is_done = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(f"The server closed the connection: {exc}"))
        elif self._seen_count < self._tally.expected:
            self._tally.closed += 1
            self._tally.finish()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._is_open and not self._shake_hands():
            return
        while (end := self._read_frame()) > 0:
            del self._buffer[:end]

    def _shake_hands(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        status = bytes(self._buffer[:end]).split(b"\r\n", 1)[0]
        del self._buffer[: end + 4]
        if b" 101 " not in status:
            self.ready.set_exception(ConnectionError(status.decode("latin-1")))
            return False
        self._is_open = True
        if self._hello:
            self._write(_TEXT, self._hello)
        if not self._awaited:
            self.ready.set_result(None)
        return True

    def _read_frame(self) -> int:
        """Take in the frame at the buffer's start; return where it ends, 0 if it is not whole."""
        buffer = self._buffer
        if len(buffer) < 2:
            return 0
        size, at = buffer[1] & 0x7F, 2
        if size == 126:
            at = 4
            size = int.from_bytes(buffer[2:4], "big")
        elif size == 127:
            at = 10
            size = int.from_bytes(buffer[2:10], "big")
        if len(buffer) < at + size:
            return 0
        with memoryview(buffer) as view:
            body = bytes(view[at : at + size])
        self._take(buffer[0] & 0x0F, body)
        return at + size

    def _take(self, kind: int, body: bytes) -> None:
        if kind == _PING:
            self._write(_PONG, body)
        elif kind == _CLOSE and self._transport is not None:
            self._transport.close()
        elif kind in (_TEXT, _BINARY):
            self._tally.frames += 1
            if self._awaited and self._awaited in body and not self.ready.done():
                self.ready.set_result(None)
            marks = self._tally.marks_of(body)
            if marks.numbers:
                self._tally.count(marks, time.time_ns())
                self._check(marks)

    def _check(self, marks: Marks) -> None:
        count = len(marks.numbers)
        if marks.first == self._last + 1:
            # The next ones, in order: none of them can have come before.
            self._seen[marks.first : marks.first + count] = b"\1" * count
            self._seen_count += count
            self._last += count
        else:
            for number in marks.numbers:
                self._check_one(number)
        if self._seen_count == self._tally.expected and not self._is_done:
            self._is_done = True
            self._tally.finish()

    def _check_one(self, number: int) -> None:
        if self._seen[number]:
            self._tally.repeated += 1
            return
        self._seen[number] = 1
        self._seen_count += 1
        if number < self._last:
            self._tally.reordered += 1
        self._last = max(self._last, number)

    def _write(self, kind: int, body: bytes) -> None:
        assert self._transport is not None
        assert len(body) < 2**16
        length = len(body)
        size = bytes([0x80 | length]) if length < 126 else b"\xfe" + struct.pack("!H", length)
        # A mask of zeros is a mask: the body stays as it is.
        self._transport.write(bytes([0x80 | kind]) + size + bytes(4) + body)


def handshake(url: str, headers: list[str]) -> bytes:
    """Return the HTTP request that asks for a WebSocket."""
    parts = urlsplit(url)
    key = base64.b64encode(os.urandom(16)).decode()
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {parts.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _itself(dashboard: Dashboard) -> Dashboard:
    return dashboard


async def connect(
    tally: Tally, url: str, *, headers: list[str], hello: str, awaited: str
) -> list[Dashboard]:
    """Connect all clients; return once each is ready.

    Args:
        tally: where they count; it says how many they are.
        headers: further lines of the handshake.
        hello: what each says first, or ``""``.
        awaited: a text in a frame that says that it listens now, or ``""``.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    loop = asyncio.get_running_loop()
    dashboards: list[Dashboard] = []
    while len(dashboards) < tally.clients:
        some = [
            Dashboard(tally, handshake(url, headers), hello.encode(), awaited.encode())
            for _ in range(min(CONNECT_AT_ONCE, tally.clients - len(dashboards)))
        ]
        for dashboard in some:
            await loop.create_connection(partial(_itself, dashboard), host, port)
        await asyncio.gather(*(dashboard.ready for dashboard in some))
        dashboards += some
    return dashboards


async def watch(arguments: argparse.Namespace) -> dict[str, float]:
    """Connect, say that we are ready, and return what was found."""
    tally = Tally(arguments.count, arguments.expect, arguments.since)
    await connect(
        tally,
        arguments.url,
        headers=arguments.header,
        hello=arguments.hello,
        awaited=arguments.awaited,
    )
    print(json.dumps({"ready": True}), flush=True)
    try:
        await asyncio.wait_for(tally.done.wait(), arguments.seconds)
    except TimeoutError:
        print("Not every client has the last message.", file=sys.stderr)
    return tally.summary()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="ws://host:port/path")
    parser.add_argument("--count", type=int, required=True, help="clients")
    parser.add_argument("--expect", type=int, required=True, help="the last message's number")
    parser.add_argument("--since", type=int, default=1, help="first number whose latency counts")
    parser.add_argument("--seconds", type=float, default=60.0, help="the longest to wait")
    parser.add_argument("--header", action="append", default=[], help="'Name: value'")
    parser.add_argument("--hello", default="", help="the first thing each client says")
    parser.add_argument("--awaited", default="", help="text of the frame that says it is heard")
    print(json.dumps(asyncio.run(watch(parser.parse_args()))), flush=True)


if __name__ == "__main__":
    main()

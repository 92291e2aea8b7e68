"""R13: clients that stop reading cost the others nothing.

    python -m bench.slow_clients [--quick]

Fifty dashboards read what two thousand pushed messages a second become; twenty more subscribe and
never read again. The healthy ones are a process of their own, which decodes no more than the mark
in each message (`bench.clients`). The stalled ones live here, with a receive buffer of 4 KiB that
is set before they connect, so that the kernel does not hide for long that nobody reads.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bench.posting import Post
from bench.processes import Served, last_line, served, started
from bench.promise import Figure, told

SESSION = "slow"
HEALTHY, STALLED = 50, 20
RATE = 2_000
RECEIVE_BUFFER = 4096

P99_MS, MAX_MS = 100.0, 250.0
CLOSED_SECONDS = 60.0
CLOSE_STALLED = 4408
LOOK_SECONDS = 0.25
DRAIN_SECONDS = 8.0
"""The server waits ten seconds for a client to see why it is closed."""


async def stalled_client(server: Served) -> ClientConnection:
    """Connect and subscribe; nothing is read afterwards."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    line.setblocking(False)
    port = int(server.url.rpartition(":")[2])
    await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", port))
    client = await connect(
        server.socket_url,
        additional_headers=server.headers,
        sock=line,
        max_queue=1,
        max_size=None,
        ping_interval=None,
        compression=None,
    )
    await client.send(msgspec.json.encode(_wish()).decode())
    while b"subscribed" not in await client.recv(decode=False):
        pass
    client.transport.pause_reading()
    return client


def _wish() -> dict[str, Any]:
    return {"action": "subscribe", "sessionId": SESSION, "batch": True}


async def code_of_end(client: ClientConnection) -> int:
    """Read again until the server closes; return its code, 0 for a line that was only cut."""
    client.transport.resume_reading()
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while True:
                await client.recv(decode=False)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 0
    except TimeoutError:
        return 0


async def until_dropped(server: Served) -> float:
    """Wait until the server serves nobody any more, the healthy ones being gone; return when."""
    left = await dashboards(server)
    async with asyncio.timeout(CLOSED_SECONDS + 10):
        while left:
            await asyncio.sleep(LOOK_SECONDS)
            left = await dashboards(server)
    return time.monotonic()


async def dashboards(server: Served) -> int:
    """Return how many dashboards the server says it has."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.split(":")[-1]))
    head = "".join(f"{name}: {value}\r\n" for name, value in server.headers.items())
    host = server.url.removeprefix("http://")
    writer.write(f"GET /metrics HTTP/1.1\r\nHost: {host}\r\n{head}\r\n".encode())
    try:
        text = await reader.readuntil(b"\ndealflow_clients ")
        assert text.startswith(b"HTTP/1.1 200"), text[:100]
        return int(float(await reader.readline()))
    finally:
        writer.close()


def memory(pid: int, field: str) -> float:
    """Return ``VmRSS`` (now) or ``VmHWM`` (the most so far) of a process, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(rf"^{field}:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


async def measure(seconds: float) -> list[Figure]:
    """Run server, sender and both kinds of dashboards; return the figures."""
    count = round(RATE * seconds)
    with tempfile.TemporaryDirectory(prefix="slow-") as folder:
        async with served(Path(folder)) as server:
            headers = [f"Authorization: Bearer {server.token}"]
            url = f"{server.url}/api/sessions/{SESSION}/messages"
            async with Post(url, headers) as post:  # opens the show, so that it can be watched
                await post.send({"messages": [{"username": "host", "message": "welcome"}]})
            lines = [word for line in headers for word in ("--header", line)]
            hello = msgspec.json.encode(_wish()).decode()
            watching = [
                server.socket_url, *lines, "--hello", hello, "--awaited", '"subscribed"',
                "--count", str(HEALTHY), "--expect", str(count), "--seconds", str(seconds + 90),
            ]  # fmt: skip
            sending = [url, *lines, "--count", str(count), "--per-second", str(RATE)]
            async with started("bench.clients", *watching) as (healthy, _):
                stalled = await asyncio.gather(*(stalled_client(server) for _ in range(STALLED)))
                rested = memory(server.pid, "VmRSS")
                began = time.monotonic()
                async with started("bench.posting", *sending) as (_, posted), asyncio.timeout(120):
                    seen = await last_line(healthy)
                dropped = await until_dropped(server) - began
                codes = await asyncio.gather(*map(code_of_end, stalled))
            most = memory(server.pid, "VmHWM")
    return _figures(seen, posted["seconds"], count, dropped, codes, (rested, most))


def _figures(
    seen: dict[str, Any],
    took: float,
    count: int,
    dropped: float,
    codes: list[int],
    rss: tuple[float, float],
) -> list[Figure]:
    rested, most = rss
    named = sum(code == CLOSE_STALLED for code in codes)
    return [
        Figure("messages pushed", count / took, "/s", least=0.95 * RATE),
        Figure("healthy: message due → frame, p50", seen["p50"], "ms"),
        Figure("healthy: p99", seen["p99"], "ms", most=P99_MS),
        Figure("healthy: max", seen["max"], "ms", most=MAX_MS),
        Figure(f"healthy: lost, all {HEALTHY} clients", seen["lost"], most=0),
        Figure("healthy: repeated", seen["repeated"], most=0),
        Figure("healthy: out of order", seen["reordered"], most=0),
        Figure("healthy: closed", seen["closed"], most=0),
        Figure(f"stalled: closed with {CLOSE_STALLED}, of {STALLED}", named, least=STALLED),
        Figure("stalled: the last one closed after", dropped, "s", most=CLOSED_SECONDS),
        Figure("server: RSS before the load", rested, "MiB"),
        Figure("server: most RSS", most, "MiB"),
    ]


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="8 s instead of 20")
    options = parser.parse_args()
    figures = asyncio.run(measure(8.0 if options.quick else 20.0))
    return told(f"R13: {HEALTHY} healthy and {STALLED} stalled dashboards", figures)


if __name__ == "__main__":
    raise SystemExit(main())

"""Sends measured messages over HTTP, as fast as asked or as fast as they are answered.

Written on bare streams: the general HTTP client of this project costs more for each request than
the server that is measured.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Self
from urllib.parse import urlsplit


class Post:
    """One kept-alive connection that posts JSON bodies."""

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        lines = [f"POST {parts.path} HTTP/1.1", f"Host: {parts.netloc}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self._head = "\r\n".join([*lines, "Content-Type: application/json", "Content-Length: "])
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._writer is not None:
            self._writer.close()

    async def send(self, body: bytes) -> bytes:
        """Post one body and return the answer's.

        Raises:
            ConnectionError: the answer is no success.
        """
        assert self._reader is not None
        assert self._writer is not None
        self._writer.write(f"{self._head}{len(body)}\r\n\r\n".encode() + body)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        size = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        answer = await self._reader.readexactly(size)
        if not head.startswith(b"http/1.1 2"):
            raise ConnectionError(f"{head.splitlines()[0]!r}: {answer[:200]!r}")
        return answer


async def post_all(
    url: str,
    bodies: Iterator[Callable[[], bytes]],
    *,
    in_flight: int,
    per_second: float | None = None,
    headers: dict[str, str] | None = None,
) -> None:
    """Post everything over ``in_flight`` connections.

    Args:
        url: where to.
        bodies: makes each body at the moment at which it is sent, so that it can hold the time.
        in_flight: requests that may wait for their answer at once.
        per_second: the pace, or ``None`` to send whenever a connection is free.
        headers: beside those that every request has.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    taken = 0

    async def work() -> None:
        nonlocal taken
        async with Post(url, headers) as post:
            for body in bodies:
                due = began + taken / per_second if per_second else 0.0
                taken += 1
                if (left := due - loop.time()) > 0:
                    await asyncio.sleep(left)
                await post.send(body())

    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(work())

"""Sends measured messages over HTTP, as fast as they are answered or at a pace.

Written on bare streams: the general HTTP client of this project costs more for each request than
the server that is measured. A message's mark holds the moment at which it was due, so a sender
that is held up by a slow server makes its messages late and does not hide it.

Run as ``python -m bench.posting``: prints one line once everything is answered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from typing import Any, Self
from urllib.parse import urlsplit

import msgspec

from bench.chat import said
from bench.clients import mark_of

Said = tuple[str, str]


class Post:
    """One kept-alive connection that posts JSON bodies."""

    def __init__(self, url: str, headers: Sequence[str] = ()) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        lines = [f"POST {parts.path} HTTP/1.1", f"Host: {parts.netloc}", *headers]
        self._head = "\r\n".join([*lines, "Content-Type: application/json", "Content-Length: "])
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._writer is not None:
            self._writer.close()

    async def send(self, body: Any) -> bytes:
        """Post one object as JSON and return the answer's body.

        Raises:
            ConnectionError: the answer is no success.
        """
        assert self._reader is not None
        assert self._writer is not None
        data = msgspec.json.encode(body)
        self._writer.write(f"{self._head}{len(data)}\r\n\r\n".encode() + data)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        size = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        answer = await self._reader.readexactly(size)
        if not head.startswith(b"http/1.1 2"):
            raise ConnectionError(f"{head.splitlines()[0]!r}: {answer[:200]!r}")
        return answer


class Pace:
    """Says when each message is due: at once, or evenly spread."""

    def __init__(self, per_second: float | None) -> None:
        self._gap_ns = 1e9 / per_second if per_second else 0.0
        self._began_ns = time.time_ns()

    def due_ns(self, number: int) -> int:
        """Return when the message of this number, from 1, is due; without a pace, now."""
        if not self._gap_ns:
            return time.time_ns()
        return self._began_ns + int((number - 1) * self._gap_ns)

    async def wait(self, number: int) -> None:
        """Wait until a message is due."""
        left = (self.due_ns(number) - time.time_ns()) / 1e9
        if left > 0:
            await asyncio.sleep(left)


def message_of(number: int, who: Said, due_ns: int) -> dict[str, str]:
    """Return a measured message as both designs take it."""
    return {"platformId": mark_of(number, due_ns), "username": who[0], "message": who[1]}


async def post_batches(
    post: Post, chat: Sequence[Said], *, size: int, per_second: float | None
) -> None:
    """Post over one connection: each request carries all that is due, ``size`` at most."""
    pace = Pace(per_second)
    done = 0
    while done < len(chat):
        await pace.wait(done + 1)
        now = time.time_ns()
        batch: list[dict[str, str]] = []
        for number in range(done + 1, min(done + size, len(chat)) + 1):
            due = pace.due_ns(number) if per_second else now
            if due > now:
                break
            batch.append(message_of(number, chat[number - 1], due))
        if batch:
            await post.send({"messages": batch})
            done += len(batch)


async def post_singles(
    url: str, headers: Sequence[str], chat: Sequence[Said], *, in_flight: int, pace: Pace
) -> None:
    """Post one message a request over ``in_flight`` connections."""
    numbered: Iterator[tuple[int, Said]] = enumerate(chat, 1)

    async def work() -> None:
        async with Post(url, headers) as post:
            for number, who in numbered:
                await pace.wait(number)
                await post.send(message_of(number, who, pace.due_ns(number)))

    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(work())


async def post_all(arguments: argparse.Namespace) -> None:
    """Post as the arguments say."""
    chat = said(arguments.count)
    if arguments.in_flight:
        pace = Pace(arguments.per_second)
        await post_singles(
            arguments.url, arguments.header, chat, in_flight=arguments.in_flight, pace=pace
        )
        return
    async with Post(arguments.url, arguments.header) as post:
        await post_batches(post, chat, size=arguments.size, per_second=arguments.per_second)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="where to")
    parser.add_argument("--count", type=int, required=True, help="messages")
    parser.add_argument("--per-second", type=float, help="the pace; none: as fast as answered")
    parser.add_argument("--size", type=int, default=500, help="most messages in one request")
    parser.add_argument(
        "--in-flight", type=int, default=0, help="post one a request, over so many connections"
    )
    parser.add_argument("--header", action="append", default=[], help="'Name: value'")
    arguments = parser.parse_args()
    began = time.monotonic()
    asyncio.run(post_all(arguments))
    print(json.dumps({"seconds": time.monotonic() - began}), flush=True)


if __name__ == "__main__":
    main()

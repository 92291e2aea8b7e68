"""R24: trouble with the model costs a message nothing.

    python -m bench.second_trouble [--quick]

Two servers take the same messages in turn, one by one: one asks nobody, the other believes every
message to be doubtful and asks a model that is in trouble. What counts is the time from a push to
its answer, which comes after judgement and COMMIT.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.chat import said
from bench.posting import Post
from bench.processes import Served, served
from bench.promise import Figure, quantile, told

MESSAGES = 500
PACE_SECONDS = 0.01
ROUNDS = 3
P99_MS = 100.0
WORSE = 1.1
BODY = 50 * 1024 * 1024

TROUBLES = ("hangs", "drops", "fails", "trickles", "floods")


class Troubled:
    """An endpoint that never gives a proper answer."""

    def __init__(self, trouble: str) -> None:
        self.trouble = trouble
        self.asked = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            self.asked += 1
            await self._answer(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        match self.trouble:
            case "hangs":
                await asyncio.sleep(3600)
            case "drops":
                writer.transport.abort()
            case "fails":
                writer.write(b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
            case "trickles":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
                while True:
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.sleep(1)
            case "floods":
                writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for _ in range(BODY // 65536):
                    writer.write(b"10000\r\n" + b" " * 65536 + b"\r\n")
                    await writer.drain()


@asynccontextmanager
async def troubled(trouble: str) -> AsyncIterator[tuple[Troubled, str]]:
    """Run such an endpoint; yield it and its base URL."""
    endpoint = Troubled(trouble)
    talks: set[asyncio.Task[None]] = set()
    server = await asyncio.start_server(
        lambda reader, writer: talks.add(asyncio.create_task(endpoint.talk(reader, writer))),
        "127.0.0.1",
        0,
    )
    try:
        yield endpoint, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()
        for talk in talks:
            talk.cancel()


def asking(url: str) -> dict[str, str]:
    """Return the settings under which everything is doubtful and nothing is too much."""
    settings = {
        "BASE_URL": url, "MODEL": "m", "LOW": "0", "HIGH": "1", "CALLS_PER_MINUTE": "100000",
        "TOKENS_PER_MINUTE": "1000000000",
    }  # fmt: skip
    return {f"DEALFLOW_LLM__{name}": value for name, value in settings.items()}


async def in_turn(servers: list[Served], count: int) -> list[list[float]]:
    """Push so many messages to each server in turn; return the milliseconds of each."""
    times: list[list[float]] = [[] for _ in servers]
    posts = [
        Post(f"{one.url}/api/sessions/s/messages", [f"Authorization: Bearer {one.token}"])
        for one in servers
    ]
    async with posts[0], posts[1]:
        for name, text in said(count):
            body = {"messages": [{"username": name, "message": text}]}
            for post, found in zip(posts, times, strict=True):
                began = time.perf_counter()
                await post.send(body)
                found.append((time.perf_counter() - began) * 1000)
                await asyncio.sleep(PACE_SECONDS)
    return times


async def measure(trouble: str, count: int, rounds: int) -> list[Figure]:
    """Return the figures of one kind of trouble."""
    p99s: list[float] = []
    ratios: list[float] = []
    asked = 0
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            async with (
                troubled(trouble) as (endpoint, url),
                served(Path(folder) / "off") as off,
                served(Path(folder) / "on", **asking(url)) as on,
            ):
                without, with_trouble = map(sorted, await in_turn([off, on], count))
                asked += endpoint.asked
        p99s.append(quantile(with_trouble, 0.99))
        ratios.append(quantile(with_trouble, 0.99) / quantile(without, 0.99))
    return [
        Figure(f"{trouble}: p99 of a push", statistics.median(p99s), "ms", most=P99_MS),
        Figure(f"{trouble}: p99 against nobody asked", statistics.median(ratios), "×", most=WORSE),
        Figure(f"{trouble}: times that the model was asked", asked, least=1),
    ]


async def everything(quick: bool) -> list[Figure]:
    figures: list[Figure] = []
    for trouble in TROUBLES:
        figures += await measure(trouble, 100 if quick else MESSAGES, 1 if quick else ROUNDS)
    return figures


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.second_trouble", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a look, not a figure to quote")
    options = parser.parse_args()
    return told("R24  a model in trouble", asyncio.run(everything(options.quick)))


if __name__ == "__main__":
    raise SystemExit(main())

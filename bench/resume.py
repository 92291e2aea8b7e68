"""R14: whoever comes back with its last position misses nothing and sees nothing twice.

    python -m bench.resume [--quick]

Twelve clients follow a show into which two thousand messages a second are pushed. Each loses its
connection at random moments, some of them before it was caught up, stays away for a moment and
subscribes again with the ``seq`` and ``epoch`` of the last frame that it took. What a client saw in
all its connections must be every position once and in order, and so every pushed message.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from bench.clients import MEASURED
from bench.posting import Post
from bench.processes import Served, served, started
from bench.promise import Figure, told

SESSION = "resume"
CLIENTS = 12
RATE = 2_000
STAY_SECONDS = 1.0
AWAY_SECONDS = 0.3
"""The longest that a client stays and is away; each time is taken at random below it."""

PATIENCE_SECONDS = 30.0


class Said(msgspec.Struct, rename="camel"):
    """The part of a message that is looked at."""

    platform_id: str | None = None


class Seen(msgspec.Struct):
    """The part of a frame that is looked at."""

    type: str
    seq: int = 0
    epoch: int = 0
    recovered: bool = False
    message: Said | None = None


FRAMES = msgspec.json.Decoder(list[Seen])


@dataclass
class Budget:
    """How many disconnects are still to be made, by all clients together."""

    left: int


class Follower:
    """One client and all that it saw, over all its connections."""

    def __init__(self, server: Served, budget: Budget, last: int, seed: int) -> None:
        self.cuts = self.refused = self.gaps = self.repeated = self.missed = 0
        self._server = server
        self._budget = budget
        self._last = last
        self._chance = random.Random(seed)
        self._seq = self._epoch = self._number = 0
        self._connected = False

    @property
    def unseen(self) -> int:
        """Return how many pushed messages never came."""
        return self.missed + self._last - self._number

    async def follow(self) -> None:
        """Read until the last message, with cuts as long as there are some to be made."""
        while self._number < self._last:
            if self._budget.left <= 0:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    return await self._stay()
            self._budget.left -= 1
            self._connected = False
            try:
                async with asyncio.timeout(self._chance.uniform(0.0, STAY_SECONDS)):
                    await self._stay()
            except TimeoutError:
                self.cuts += self._connected
                self._budget.left += not self._connected
            await asyncio.sleep(self._chance.uniform(0.0, AWAY_SECONDS))
        return None

    async def _stay(self) -> None:
        """Read over one connection; when that is cancelled, the line is cut without a word."""
        socket = await connect(
            self._server.socket_url,
            additional_headers=self._server.headers,
            max_size=None,
            compression=None,
        )
        self._connected = True
        try:
            place = {"after": self._seq} | ({"epoch": self._epoch} if self._epoch else {})
            wish = {"action": "subscribe", "sessionId": SESSION, "batch": True, **place}
            await socket.send(msgspec.json.encode(wish).decode())
            listening = False
            while self._number < self._last:
                for seen in _frames(await socket.recv(decode=False)):
                    if seen.type == "subscribed":
                        listening = True
                        self.refused += not seen.recovered
                    elif listening and seen.seq:
                        self._take(seen)
        except ConnectionClosed as closed:
            raise ConnectionError(f"The server closed: {closed}") from closed
        finally:
            socket.transport.abort()

    def _take(self, seen: Seen) -> None:
        if seen.type == "lagged":
            return
        if seen.seq <= self._seq:
            self.repeated += 1
            return
        self.gaps += seen.seq > self._seq + 1
        self._seq, self._epoch = seen.seq, seen.epoch
        mark = MEASURED.match((seen.message.platform_id or "").encode() if seen.message else b"")
        if mark is not None:
            number = int(mark[1])
            self.missed += number - self._number - 1
            self._number = number


def _frames(data: bytes) -> list[Seen]:
    """Read a frame; the first ones come alone, before batches were asked for."""
    return FRAMES.decode(data if data.startswith(b"[") else b"[%b]" % data)


async def measure(disconnects: int, seconds: float) -> list[Figure]:
    """Push for so many seconds, and cut so often meanwhile."""
    count = round(RATE * seconds)
    budget = Budget(disconnects)
    with tempfile.TemporaryDirectory(prefix="resume-") as folder:
        async with served(Path(folder)) as server:
            headers = [f"Authorization: Bearer {server.token}"]
            url = f"{server.url}/api/sessions/{SESSION}/messages"
            async with Post(url, headers) as post:  # opens the show, so that it can be followed
                await post.send({"messages": [{"username": "host", "message": "welcome"}]})
            followers = [Follower(server, budget, count, seed) for seed in range(CLIENTS)]
            sending = [
                url,
                "--header",
                headers[0],
                "--count",
                str(count),
                "--per-second",
                str(RATE),
            ]
            async with asyncio.TaskGroup() as tasks:
                for follower in followers:
                    tasks.create_task(follower.follow())
                async with started("bench.posting", *sending) as (_, posted):
                    pass
    return _figures(followers, disconnects, count / posted["seconds"])


def _figures(followers: list[Follower], disconnects: int, rate: float) -> list[Figure]:
    def total(name: str) -> int:
        return sum(getattr(follower, name) for follower in followers)

    return [
        Figure("messages pushed", rate, "/s", least=0.95 * RATE),
        Figure(f"disconnects of {CLIENTS} clients", total("cuts"), least=disconnects),
        Figure("subscriptions that were not recovered", total("refused"), most=0),
        Figure("gaps in what a client saw", total("gaps"), most=0),
        Figure("frames seen twice or out of order", total("repeated"), most=0),
        Figure("pushed messages that a client never saw", total("unseen"), most=0),
    ]


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="60 disconnects instead of 300")
    options = parser.parse_args()
    figures = asyncio.run(measure(60, 6.0) if options.quick else measure(300, 20.0))
    return told("R14: resuming under load", figures)


if __name__ == "__main__":
    raise SystemExit(main())

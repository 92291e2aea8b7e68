"""G1, G3, G4, G5 and G15: from a posted message to a hundred dashboards, against one at a time.

    python -m bench.g1_end_to_end [--quick] [--dashboards 100]

Ours is ``dealflow serve`` as a user starts it: pushed chat, judged, booked, committed, sent. Theirs
is the per-message design (`bench.per_message`). Server, sender and dashboards are processes of
their own; both sides get the same chat from the same sender and are checked by the same
dashboards. Ours is sent batches over one connection, as a reader of one show sends them; theirs
one message a request, over as many connections as make it quickest.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec

from bench.posting import Post
from bench.processes import last_line, served, started
from bench.result import Result, compared

DASHBOARDS = 100
SESSION = "bench"
STUB_MS = 300.0
"""What a small model of a cloud takes for one message."""

IN_FLIGHT = 256
IN_FLIGHT_AT_ONCE = 128
"""Connections to the per-message design with a model and with one that takes no time: what made it
quickest among 4 to 800."""

BATCH = 250
"""Messages in one request to ours, when it is sent all that it takes."""

PACE = 200.0
P99_MS = 250.0
"""G1 counts only while ours is still live: above this a dashboard is late."""

WARM_SHARE = 0.1
"""The first messages fill caches on both sides; their latency does not count, their order does."""


@dataclass(frozen=True)
class Found:
    """What the dashboards of one run saw; times in milliseconds."""

    rate: float
    p50: float
    p99: float
    lost: int
    repeated: int
    reordered: int

    @property
    def whole(self) -> bool:
        return not (self.lost or self.repeated or self.reordered)


Figure = Callable[[Found], float]
RATE: Figure = attrgetter("rate")
P50: Figure = attrgetter("p50")
P99: Figure = attrgetter("p99")


@dataclass(frozen=True)
class Load:
    """How many messages to how many dashboards, and at which pace; none: all that is taken."""

    count: int
    dashboards: int = DASHBOARDS
    per_second: float | None = None


async def ours(load: Load) -> Found:
    """Measure ``dealflow serve``."""
    with tempfile.TemporaryDirectory(prefix="g1-") as folder:
        async with served(Path(folder)) as server:
            headers = [f"Authorization: Bearer {server.token}"]
            url = f"{server.url}/api/sessions/{SESSION}/messages"
            async with Post(url, headers) as post:  # opens the show, so that it can be watched
                await post.send({"messages": [{"username": "host", "message": "welcome"}]})
            wish = {"action": "subscribe", "sessionId": SESSION, "batch": True}
            watching = [
                server.socket_url,
                *("--hello", msgspec.json.encode(wish).decode(), "--awaited", '"subscribed"'),
            ]
            return await _measure(load, url, headers, watching, ["--size", str(BATCH)])


async def theirs(load: Load, stub_ms: float) -> Found:
    """Measure the per-message design with a model that answers after ``stub_ms``."""
    async with started("bench.per_message", "--stub-ms", str(stub_ms)) as (_, ready):
        url = f"{ready['url']}/messages"
        watching = [f"{ready['url'].replace('http://', 'ws://')}/ws"]
        in_flight = IN_FLIGHT if stub_ms else IN_FLIGHT_AT_ONCE
        return await _measure(load, url, [], watching, ["--in-flight", str(in_flight)])


async def _measure(
    load: Load, url: str, headers: Sequence[str], watching: Sequence[str], posting: Sequence[str]
) -> Found:
    lines = [word for line in headers for word in ("--header", line)]
    pace = [] if load.per_second is None else ["--per-second", str(load.per_second)]
    since = 1 + int(load.count * WARM_SHARE)
    clients = ["--count", str(load.dashboards), "--expect", str(load.count), "--since", str(since)]
    sender = ["--count", str(load.count), *pace, *posting]
    async with (
        started("bench.clients", *watching, *lines, *clients) as (dashboards, _),
        started("bench.posting", url, *lines, *sender),
    ):
        return _found(await last_line(dashboards), load)


def _found(seen: dict[str, Any], load: Load) -> Found:
    return Found(
        rate=seen["delivered"] / load.dashboards / seen["seconds"],
        p50=seen["p50"],
        p99=seen["p99"],
        lost=seen["lost"],
        repeated=seen["repeated"],
        reordered=seen["reordered"],
    )


async def measure(rounds: int, seconds: float, dashboards: int) -> dict[str, list[Found]]:
    """Let both sides take turns; each run takes about so many seconds."""
    fast = Load(round(5_000 * seconds), dashboards)
    slow = Load(round(250 * seconds), dashboards)
    paced = Load(round(PACE * seconds), dashboards, PACE)
    sides = {
        "theirs": partial(theirs, slow, STUB_MS),
        "ours": partial(ours, fast),
        "theirs at once": partial(theirs, slow, 0.0),
        "theirs paced": partial(theirs, paced, STUB_MS),
        "ours paced": partial(ours, paced),
    }
    found: dict[str, list[Found]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            found[name].append(await side())
    return found


def run(quick: bool = False, *, dashboards: int = DASHBOARDS) -> list[Result]:
    """Measure; ``quick`` makes one short round."""
    found = asyncio.run(measure(1 if quick else 3, 2.0 if quick else 5.0, dashboards))
    return [*_rates(found, dashboards), *_latencies(found, dashboards), _faults(found["ours"])]


def _rates(found: dict[str, list[Found]], dashboards: int) -> list[Result]:
    whole = all(one.whole for one in found["ours"])
    p99 = _middle(found["ours"], P99)
    note = (
        f"Ours: p50 {_middle(found['ours'], P50):.0f} ms, p99 {p99:.0f} ms (must be below "
        f"{P99_MS:.0f}), {'nothing' if whole else 'SOMETHING'} lost, repeated or out of order."
    )
    return [
        compared(
            id,
            f"messages/s to {dashboards} dashboards; theirs has a model of {model}",
            ours=_middle(found["ours"], RATE),
            theirs=_middle(found[side], RATE),
            ratio=_paired(found["ours"], found[side], RATE),
            unit="messages/s",
            gate=gate,
            target=target,
            note=note,
            also=whole and p99 < P99_MS,
        )
        for id, side, model, gate, target in (
            ("G1", "theirs", f"{STUB_MS:.0f} ms", 10.0, 30.0),
            ("G5", "theirs at once", "0 ms", 8.0, 25.0),
        )
    ]


def _latencies(found: dict[str, list[Found]], dashboards: int) -> list[Result]:
    mine, other = found["ours paced"], found["theirs paced"]
    note = (
        "The per-message design keeps up."
        if _middle(other, P99) < 2 * STUB_MS
        else "The per-message design cannot keep up: its messages come later and later."
    )
    return [
        compared(
            id,
            f"{name} to {dashboards} dashboards at {PACE:.0f} messages/s; theirs / ours",
            ours=_middle(mine, figure),
            theirs=_middle(other, figure),
            ratio=_paired(other, mine, figure),
            unit="ms",
            gate=gate,
            target=target,
            note=note,
            also=all(one.whole for one in mine),
        )
        for id, name, figure, gate, target in (
            ("G3", "p50", P50, 5.0, 15.0),
            ("G4", "p99", P99, 3.0, 8.0),
        )
    ]


def _faults(runs: Sequence[Found]) -> Result:
    faults = sum(one.lost + one.repeated + one.reordered for one in runs)
    return compared(
        "G15",
        "lost, repeated or out of order under G1's load, all dashboards",
        ours=faults,
        theirs=0.0,
        ratio=faults,
        unit="messages",
        gate=0.0,
        target=0.0,
        higher_is_better=False,
    )


def _middle(runs: Sequence[Found], figure: Figure) -> float:
    return statistics.median(map(figure, runs))


def _paired(above: Sequence[Found], below: Sequence[Found], figure: Figure) -> float:
    """Return the median of the ratios of each round."""
    pairs = zip(above, below, strict=True)
    return statistics.median(figure(one) / figure(other) for one, other in pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--dashboards", type=int, default=DASHBOARDS)
    options = parser.parse_args()
    for result in run(options.quick, dashboards=options.dashboards):
        sys.stdout.write(f"{result.lines()}\n")


if __name__ == "__main__":
    main()

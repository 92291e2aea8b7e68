"""G16: from a message in the page to its frame at a client, one show in a real browser.

    python -m bench.g16_browser [--transport browser|socket] [--rate 20] [--seconds 20]

The stage's clock marks when a message was emitted, the client's when its frame came; both are this
machine's. What is measured is everything between: socket, page, driver, pipeline, commit, live
channel. Absolute figures of a noisy machine: the median of three runs is quoted.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx
import msgspec
from websockets.asyncio.client import connect

from bench.processes import Served, served, staged
from bench.result import Result, limited

GATE_MS, TARGET_MS = 15.0, 8.0
GATE_P99_MS, TARGET_P99_MS = 80.0, 40.0


async def measure(transport: str, rate: float, seconds: float) -> list[float]:
    """Return one latency in milliseconds for each message, sorted."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            staged() as stage,
            served(Path(folder), DEALFLOW_WHATNOT__BASE_URL=stage["baseUrl"]) as server,
        ):
            arrivals = await _listen(server, stage, transport, rate, seconds)
            async with httpx.AsyncClient() as client:
                log = (await client.get(f"{stage['baseUrl']}/stage/log")).text.splitlines()
    emitted = {entry["id"]: entry["at_ms"] for entry in map(msgspec.json.decode, log)}
    return sorted(arrivals[one] - at for one, at in emitted.items() if one in arrivals)


async def _listen(
    server: Served, stage: dict[str, str], transport: str, rate: float, seconds: float
) -> dict[str, float]:
    arrivals: dict[str, float] = {}
    total = round(rate * seconds)
    async with httpx.AsyncClient(headers=server.headers, timeout=60) as client:
        answer = await client.post(
            f"{server.url}/api/start-monitoring",
            json={"url": stage["showUrl"], "sessionId": "g16", "transport": transport},
        )
        answer.raise_for_status()
        async with connect(server.socket_url, additional_headers=server.headers) as socket:
            await socket.send('{"action":"subscribe","sessionId":"g16","after":0}')
            async with asyncio.timeout(30 + seconds), asyncio.TaskGroup() as tasks:
                async for data in socket:
                    frame = msgspec.json.decode(data)
                    if frame["type"] == "source_state" and frame["state"] == "live":
                        flood = {"rate": rate, "seconds": seconds}
                        tasks.create_task(
                            client.post(f"{stage['baseUrl']}/stage/flood", json=flood)
                        )
                    if frame["type"] == "new_message":
                        arrivals[frame["message"]["platformId"]] = time.time() * 1000
                        if len(arrivals) == total:
                            break
    return arrivals


def quantile(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))]


def run(quick: bool = False) -> list[Result]:
    """Measure and return the medians over the runs."""
    runs, seconds = (1, 5.0) if quick else (3, 20.0)
    found = [asyncio.run(measure("browser", 20.0, seconds)) for _ in range(runs)]
    middle = statistics.median(statistics.median(values) for values in found)
    late = statistics.median(quantile(values, 0.99) for values in found)
    return [
        _figure("median", middle, GATE_MS, TARGET_MS),
        _figure("p99", late, GATE_P99_MS, TARGET_P99_MS),
    ]


def _figure(name: str, ours: float, gate: float, target: float) -> Result:
    title = f"{name} from a message in a real browser's page to a dashboard"
    return limited("G16", title, ours=ours, unit="ms", gate=gate, target=target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transport", default="browser")
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    found = asyncio.run(measure(options.transport, options.rate, options.seconds))
    sys.stdout.write(
        f"{options.transport}: {len(found)} messages, median {statistics.median(found):.1f} ms, "
        f"p99 {quantile(found, 0.99):.1f} ms, max {found[-1]:.1f} ms\n"
    )


if __name__ == "__main__":
    main()

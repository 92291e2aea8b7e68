"""How soon a command is of use: `serve` ready, `watch` with its first message.

    python -m bench.starts

Whole processes, started as a user starts them, medians of five with a warm cache. There is nothing
to compare with, so each has a limit; the aim is half of it.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx

from bench.processes import served, staged
from bench.result import Result, limited

RUNS = 5
LIMITS = {"serve ready": 2.0, "watch by socket": 0.5, "watch by browser": 3.0}


async def serve_ready() -> float:
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        async with served(Path(folder)):
            return time.monotonic() - began


async def first_message(transport: str) -> float:
    """Return the seconds from the start of ``watch`` to its first message."""
    async with staged() as stage:
        async with httpx.AsyncClient() as client:
            await client.post(f"{stage['baseUrl']}/stage/say", json={"user": "amy", "text": "hi"})
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "dealflow", "watch", stage["showUrl"], "--json",
                "--transport", transport, "--data-dir", folder,
                stdout=asyncio.subprocess.PIPE,
                env=os.environ | {"DEALFLOW_WHATNOT__BASE_URL": stage["baseUrl"]},
            )  # fmt: skip
            assert process.stdout is not None
            async for line in process.stdout:
                if b'"new_message"' in line:
                    break
            elapsed = time.monotonic() - began
            process.terminate()
            await process.communicate()
    return elapsed


async def measure(runs: int) -> dict[str, float]:
    """Return the median seconds of each start; a first one warms the disk's cache."""
    found: dict[str, list[float]] = {name: [] for name in LIMITS}
    for _ in range(runs + 1):
        found["serve ready"].append(await serve_ready())
        found["watch by socket"].append(await first_message("socket"))
        found["watch by browser"].append(await first_message("browser"))
    return {name: statistics.median(values[1:]) for name, values in found.items()}


def run(quick: bool = False) -> list[Result]:
    """Measure; ``quick`` starts everything twice."""
    found = asyncio.run(measure(1 if quick else RUNS))
    return [
        limited("starts", name, ours=seconds, unit="s", gate=LIMITS[name], target=LIMITS[name] / 2)
        for name, seconds in found.items()
    ]


if __name__ == "__main__":
    for result in run():
        print(result.lines())

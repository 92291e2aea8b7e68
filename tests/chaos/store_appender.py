"""Appends as fast as it can until it is killed, and keeps an fsync'd log of what was acknowledged.

python -m tests.chaos.store_appender STORE LOG RUN
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

from dealflow.clock import SystemClock
from dealflow.store.base import Store
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics
from tests.fakes.batches import a_batch, a_capture, a_message, a_show

SHOWS = 3


async def fill(store: Store, session_id: str, run: str, log: int) -> None:
    show = await a_show(store, session_id)
    number = show.total_sales_caught
    chance = random.Random(f"{run}{session_id}")
    for part in range(10**9):
        keys = [f"{run}/{part}/{n}" for n in range(chance.randrange(1, 40))]
        number += 1
        batch = a_batch(
            show,
            [a_message(key, platform_id=f"id-{key}") for key in keys],
            captures=(a_capture(number),),
        )
        await store.append(batch)
        os.write(log, "".join(f"{session_id} {key}\n" for key in keys).encode())
        os.fsync(log)


async def main(path: str, acknowledged: str, run: str) -> None:
    store = await SqliteStore.open(Path(path), clock=SystemClock(), metrics=Metrics())
    log = os.open(acknowledged, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    async with asyncio.TaskGroup() as tasks:
        for n in range(SHOWS):
            tasks.create_task(fill(store, f"show-{n}", run, log))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

"""Pushes messages and corrects them as fast as it can, until it is killed.

Keeps an fsync'd log of each correction that was acknowledged: message id and word.

    python -m tests.chaos.corrector FOLDER LOG SEED
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

from dealflow.bus.memory import MemoryBus
from dealflow.clock import SystemClock
from dealflow.model.correction import Correction
from dealflow.pipeline.base import PushedMessage
from dealflow.pipeline.monitor import ShowMonitor
from dealflow.settings import Settings
from dealflow.sources.registry import Platforms
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics
from tests.fakes.classifier import WordClassifier

SESSION = "corrected"
WORDS = (Correction.NOT_BUYER, Correction.MISSED_BUYER, None)
TEXTS = ("mine", "hello", "next", "pass", "how big?")


async def work(monitor: ShowMonitor, log: int, chance: random.Random) -> None:
    known: list[str] = []
    while True:
        said = [
            PushedMessage(username=f"u{chance.randrange(12)}", text=chance.choice(TEXTS))
            for _ in range(chance.randrange(1, 5))
        ]
        outcomes = await monitor.push(SESSION, said)
        known += [one.message_id for one in outcomes if one.message_id is not None]
        for message_id in chance.sample(known, min(3, len(known))):
            word = chance.choice(WORDS)
            await monitor.correct(SESSION, message_id, word)
            os.write(log, f"{message_id} {word or 'none'}\n".encode())
            os.fsync(log)


async def main(folder: str, acknowledged: str, seed: str) -> None:
    clock, metrics = SystemClock(), Metrics()
    store = await SqliteStore.open(Path(folder) / "dealflow.db", clock=clock, metrics=metrics)
    log = os.open(acknowledged, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    async with ShowMonitor(
        settings=Settings(),
        platforms=Platforms([]),
        store=store,
        bus=MemoryBus(),
        classifier=WordClassifier(),
        clock=clock,
        metrics=metrics,
    ) as monitor:
        await work(monitor, log, random.Random(seed))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

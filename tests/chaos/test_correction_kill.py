"""`kill -9` loses no acknowledged correction, and books, rows and frames agree after it."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dealflow.clock import SystemClock
from dealflow.model.claim import ClaimState
from dealflow.model.events import decode
from dealflow.model.revision import VerdictSource
from dealflow.model.view import ShowView, apply
from dealflow.pipeline.restore import restore
from dealflow.store.base import Show, Store
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics
from tests.chaos.corrector import SESSION

ROOT = Path(__file__).parents[2]
STARTS_WITHIN = 10.0
EVERY = 100_000


@pytest.mark.parametrize(
    "kills", [3, pytest.param(30, marks=[pytest.mark.slow, pytest.mark.timeout(300)])]
)
def test_kills_between_corrections(tmp_path: Path, kills: int) -> None:
    log = tmp_path / "acknowledged"
    log.touch()
    chance = random.Random(kills)
    for run in range(kills):
        _correct_and_kill(tmp_path, log, f"{kills}-{run}", chance.uniform(0.1, 0.5))
        asyncio.run(_examine(tmp_path, log.read_bytes()))
    assert log.read_bytes().count(b"\n") > kills * 5


def _correct_and_kill(folder: Path, log: Path, seed: str, after: float) -> None:
    """Let the child correct for some seconds from its first acknowledgement on, then kill it."""
    command = [sys.executable, "-m", "tests.chaos.corrector", str(folder), str(log), seed]
    before = log.stat().st_size
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as child:
        deadline = time.monotonic() + STARTS_WITHIN
        while log.stat().st_size == before:
            assert child.poll() is None, child.stderr and child.stderr.read().decode()
            assert time.monotonic() < deadline, "the child acknowledged nothing"
            time.sleep(0.005)
        time.sleep(after)
        child.kill()


async def _examine(folder: Path, log: bytes) -> None:
    # A line that was cut off by the kill was never acknowledged.
    words = [line.decode().split(" ") for line in log.split(b"\n")[:-1]]
    store = await SqliteStore.open(folder / "dealflow.db", clock=SystemClock(), metrics=Metrics())
    try:
        show = await store.show_of(SESSION)
        assert show is not None
        await _holds_what_was_acknowledged(store, show, words)
        await _agrees(store, show)
    finally:
        await store.aclose()


async def _holds_what_was_acknowledged(store: Store, show: Show, words: list[list[str]]) -> None:
    said: dict[str, list[str]] = {}
    for message_id, word in words:
        said.setdefault(message_id, []).append(word)
    for message_id, given in list(said.items())[-300:]:
        verdicts = await store.verdicts(show.id, message_id)
        kept = [
            "none"
            if one.withdrawn
            else ("missed_buyer" if one.verdict.confidence > 0.5 else "not_buyer")
            for one in verdicts
            if one.source is VerdictSource.SELLER
        ]
        # Taking nothing back is no verdict, and one more may have been committed unacknowledged.
        wanted = _counted(given)
        assert kept[: len(wanted)] == wanted
        assert len(kept) <= len(wanted) + 1


def _counted(given: list[str]) -> list[str]:
    kept: list[str] = []
    for word in given:
        if word != "none" or (kept and kept[-1] != "none"):
            kept.append(word)
    return kept


async def _agrees(store: Store, show: Show) -> None:
    rows = await store.captures(show.id, limit=EVERY)
    assert show.total_sales_caught == len(rows) == show.counters.buyers
    counters = show.counters
    assert counters.read == counters.stored + counters.duplicates + sum(counters.dropped.values())
    view = ShowView()
    detected: list[str] = []
    for frame in await store.frames(show.id, after=0, limit=EVERY):
        event = decode(frame.data)
        view = apply(view, frame.seq, event)
        if frame.kind == "buyer_detected":
            detected.append(event.buyer.capture_id)  # type: ignore[union-attr]  # by its kind
    assert len(set(detected)) == len(detected)
    assert {buyer.capture_id for buyer in view.buyers} <= {row.id for row in rows}
    assert view.stats.total_buyers == len(rows)
    _, record, _ = await restore(store, show, 0.7)
    stored = {claim.key: claim for claim in await store.claims(show.id)}
    folded = {claim.key: claim for claim in record.books.claims()}
    assert {key: stored[key] for key in folded} == folded
    assert all(stored[key].state is ClaimState.VOID for key in stored.keys() - folded.keys())

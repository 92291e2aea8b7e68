"""How fast messages are judged, and what judging adds to a message in a calm show.

Speed is CPU time on one core over the chat of the corpus's shows: batches of 64 and one by one by
the linear model, and by the encoder for comparison. What is added to a message is wall time from
its arrival to its verdict at fifty messages a second, encoder included, as a running show judges.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.result import Result, limited
from dealflow.cli.process import settle
from dealflow.intents.base import Classifier
from dealflow.intents.compiled import is_compiled
from dealflow.intents.ensemble import EnsembleClassifier
from dealflow.intents.training.dataset import read_file
from dealflow.model.intent import Utterance

SHOWS = Path(__file__).parent.parent / "corpus" / "shows"
BATCH = 64
ROUNDS = 5
PER_SECOND = 50
SECONDS = 40


def run(quick: bool) -> list[Result]:
    """Measure and judge."""
    said = utterances()[: 1_000 if quick else None]
    linear = EnsembleClassifier.load(encoder=False)
    settle()  # as `dealflow serve` does; a show does not hold a hundred thousand messages either
    rounds = 1 if quick else ROUNDS
    how = "compiled" if is_compiled() else "from source"
    results = [
        limited(
            "speed64",
            f"messages judged a second of one core, batches of {BATCH}, linear",
            ours=rate(linear, said, BATCH, rounds),
            unit="messages/s",
            gate=10_000,
            target=50_000,
            note=f"the judge runs {how}",
            higher_is_better=True,
        ),
        limited(
            "speed1",
            "messages judged a second of one core, one by one, linear",
            ours=rate(linear, said, 1, rounds),
            unit="messages/s",
            gate=1_000,
            target=2_000,
            note=f"the judge runs {how}",
            higher_is_better=True,
        ),
    ]
    whole = EnsembleClassifier.load()
    settle()
    waits = asyncio.run(arrivals(whole, said, 4 if quick else SECONDS))
    added = statistics.quantiles([wait for wait, _ in waits], n=100)
    refined = sum(is_refined for _, is_refined in waits) / len(waits)
    note = (
        f"median {added[49]:.1f} ms; the encoder judged {refined:.0%} of the messages; "
        f"judging everything at leisure: {rate(whole, said[:2_000], BATCH, 1):,.0f} messages/s"
    )
    results.append(
        limited(
            "added",
            f"p99 added to a message at {PER_SECOND} a second, encoder included",
            ours=added[98],
            unit="ms",
            gate=40,
            target=15,
            note=note,
        )
    )
    gc.unfreeze()
    return results


def utterances() -> list[Utterance]:
    """Return the chat of all shows of the corpus, in context."""
    return [
        example.utterance for path in sorted(SHOWS.glob("*.jsonl")) for example in read_file(path)
    ]


def rate(judge: Classifier, said: Sequence[Utterance], size: int, rounds: int) -> float:
    """Return messages a second of CPU time, the median of some rounds."""
    return statistics.median(_rates(judge, said, size, rounds))


def _rates(judge: Classifier, said: Sequence[Utterance], size: int, rounds: int) -> Iterator[float]:
    for _ in range(rounds):
        began = time.process_time()
        for start in range(0, len(said), size):
            judge.judge(said[start : start + size])
        yield len(said) / (time.process_time() - began)


async def arrivals(
    judge: Classifier, said: Sequence[Utterance], seconds: float
) -> list[tuple[float, bool]]:
    """Judge messages as they arrive; return each one's wait in ms and whether it was refined."""
    waits: list[tuple[float, bool]] = []
    began = time.perf_counter()
    for at in range(int(seconds * PER_SECOND)):
        due = began + at / PER_SECOND
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        verdict = (await judge.judge_live([said[at % len(said)]]))[0]
        waits.append(((time.perf_counter() - due) * 1000, verdict.model == judge.name))
    return waits

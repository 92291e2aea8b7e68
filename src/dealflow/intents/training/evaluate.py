"""Measures a classifier on labelled lines; ``dealflow evaluate`` prints what it finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from dealflow.intents.base import Classifier
from dealflow.intents.training.dataset import Example
from dealflow.model.intent import Intent, Slots, Verdict

THRESHOLD = 0.7
"""The confidence from which on an author counts as a buyer unless a seller sets another."""

BINS = 10
"""Bins of the reliability table."""

BATCH = 64
"""Messages that are judged at once."""

Pair = tuple[Example, Verdict]


class Rate(msgspec.Struct, frozen=True):
    """Counts of a yes-or-no decision."""

    right: int = 0
    extra: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """Return the part of what was found that is right; 0 when nothing was found."""
        return self.right / (self.right + self.extra) if self.right + self.extra else 0.0

    @property
    def recall(self) -> float:
        """Return the part of what is there that was found; 0 when nothing is there."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 0.0

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall."""
        both = 2 * self.right + self.extra + self.missed
        return 2 * self.right / both if both else 0.0


class Bin(msgspec.Struct, frozen=True):
    """One row of the reliability table: how sure, and how often right."""

    count: int
    confidence: float
    buyers: float


class Report(msgspec.Struct, frozen=True):
    """All figures of one set."""

    messages: int
    buyers: Rate
    accuracy: float
    calibration_error: float
    bins: tuple[Bin, ...]
    slots: Rate
    slot_kinds: dict[str, Rate]
    languages: dict[str, Rate]
    intents: dict[Intent, Rate]


def judge_all(classifier: Classifier, examples: Sequence[Example]) -> list[Pair]:
    """Judge every example, in batches as a show would."""
    pairs: list[Pair] = []
    for start in range(0, len(examples), BATCH):
        batch = examples[start : start + BATCH]
        pairs += zip(batch, classifier.judge([example.utterance for example in batch]), strict=True)
    return pairs


def measure(pairs: Sequence[Pair], threshold: float = THRESHOLD) -> Report:
    """Return the figures for verdicts on labelled messages."""
    languages = sorted({example.lang for example, _ in pairs})
    right = sum(verdict.intent is example.intent for example, verdict in pairs)
    bins = reliability(pairs)
    return Report(
        messages=len(pairs),
        buyers=buyer_rate(pairs, threshold),
        accuracy=right / len(pairs) if pairs else 0.0,
        calibration_error=_gap(bins, len(pairs)),
        bins=bins,
        slots=slot_rate(pairs),
        slot_kinds={
            name: slot_rate(pairs, name)
            for name in sorted({name for one, _ in pairs for name, _ in _filled(one.slots)})
        },
        languages={
            language: buyer_rate([p for p in pairs if p[0].lang == language], threshold)
            for language in languages
        },
        intents={intent: _intent_rate(pairs, intent) for intent in Intent},
    )


def buyer_rate(pairs: Iterable[Pair], threshold: float = THRESHOLD) -> Rate:
    """Count found, false and missed buyers at a threshold."""
    seen = Counter(
        (example.intent.is_buyer, verdict.confidence >= threshold) for example, verdict in pairs
    )
    return Rate(seen[True, True], seen[False, True], seen[True, False])


def _intent_rate(pairs: Iterable[Pair], intent: Intent) -> Rate:
    seen = Counter(
        (example.intent is intent, verdict.intent is intent) for example, verdict in pairs
    )
    return Rate(seen[True, True], seen[False, True], seen[True, False])


def slot_rate(pairs: Iterable[Pair], kind: str | None = None) -> Rate:
    """Count slots, each with its value, over the messages of true buyers; of one kind or of all."""
    right = extra = missed = 0
    for example, verdict in pairs:
        if example.intent.is_buyer:
            said, found = (
                {slot for slot in _filled(slots) if kind in (None, slot[0])}
                for slots in (example.slots, verdict.slots)
            )
            right += len(said & found)
            extra += len(found - said)
            missed += len(said - found)
    return Rate(right, extra, missed)


def _filled(slots: Slots) -> set[tuple[str, object]]:
    values = msgspec.structs.asdict(slots).items()
    return {
        (name, value.casefold().lstrip("#") if isinstance(value, str) else value)
        for name, value in values
        if value is not None
    }


def reliability(pairs: Sequence[Pair]) -> tuple[Bin, ...]:
    """Return the reliability table of the confidence, in `BINS` equal bins."""
    rows: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for example, verdict in pairs:
        at = min(int(verdict.confidence * BINS), BINS - 1)
        rows[at].append((verdict.confidence, example.intent.is_buyer))
    return tuple(
        Bin(
            len(row),
            sum(confidence for confidence, _ in row) / len(row) if row else 0.0,
            sum(buyer for _, buyer in row) / len(row) if row else 0.0,
        )
        for row in rows
    )


def _gap(bins: Iterable[Bin], total: int) -> float:
    """Return the mean distance between confidence and truth, each bin by its weight."""
    if not total:
        return 0.0
    return sum(row.count * abs(row.confidence - row.buyers) for row in bins) / total


class Goal(msgspec.Struct, frozen=True):
    """What a figure must reach and what it is meant to reach; ``least`` or at most."""

    gate: float
    target: float
    least: bool = True

    def is_met(self, value: float) -> bool:
        """Say whether the gate is passed."""
        return value >= self.gate if self.least else value <= self.gate


GOALS_OF_LINES = {
    "precision": Goal(0.93, 0.97),
    "recall": Goal(0.85, 0.95),
    "F1": Goal(0.89, 0.96),
    "intent accuracy": Goal(0.82, 0.93),
    "calibration error": Goal(0.04, 0.02, least=False),
    "slot F1 of buyers": Goal(0.88, 0.95),
}
"""Goals for hard single lines."""

GOALS_OF_SHOWS = {
    "precision": Goal(0.93, 0.97),
    "recall": Goal(0.88, 0.96),
    "F1": Goal(0.90, 0.96),
    "calibration error": Goal(0.04, 0.02, least=False),
    "slot F1 of buyers": Goal(0.88, 0.95),
}
"""Goals for whole shows, where buyers are as rare as they are."""

LANGUAGE_GOAL = Goal(0.80, 0.92)
LEAST_LINES = 30
"""Lines of a language from which on its F1 is held to a goal."""


def headline(report: Report) -> dict[str, float]:
    """Return the figures that have goals, by name."""
    return {
        "precision": report.buyers.precision,
        "recall": report.buyers.recall,
        "F1": report.buyers.f1,
        "intent accuracy": report.accuracy,
        "calibration error": report.calibration_error,
        "slot F1 of buyers": report.slots.f1,
    }


class Point(msgspec.Struct, frozen=True):
    """What a threshold costs: buyers that are missed, and false alarms."""

    threshold: float
    buyers: Rate


THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


def curve(pairs: Sequence[Pair], thresholds: Sequence[float] = THRESHOLDS) -> list[Point]:
    """Return what each threshold finds, misses and gets wrong."""
    return [Point(threshold, buyer_rate(pairs, threshold)) for threshold in thresholds]


def at_prevalence(rate: Rate, others: int, share: float) -> float:
    """Return the precision if buyers were this share of all messages.

    Args:
        rate: what was found among lines where buyers are commoner or rarer.
        others: how many of those lines were no buyers'.
        share: the share of buyers at which the precision is asked for.
    """
    false = rate.extra / others if others else 0.0
    found = rate.recall * share
    return found / (found + false * (1 - share)) if found else 0.0

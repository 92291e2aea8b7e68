"""Measures a classifier on labelled lines.

Run it: ``python -m dealflow.intents.training.evaluate FILE``.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from dealflow.intents.base import Classifier
from dealflow.intents.grammar import GrammarClassifier
from dealflow.intents.training.dataset import Example, read_file
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


def slot_rate(pairs: Iterable[Pair]) -> Rate:
    """Count slots, each with its value, over the messages of true buyers."""
    right = extra = missed = 0
    for example, verdict in pairs:
        if example.intent.is_buyer:
            said, found = _filled(example.slots), _filled(verdict.slots)
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


def table(report: Report) -> list[str]:
    """Return the figures as lines of text."""
    buyers, slots = report.buyers, report.slots
    lines = [
        f"messages             {report.messages}",
        f"buyers at {THRESHOLD}        precision {buyers.precision:.3f}  "
        f"recall {buyers.recall:.3f}  F1 {buyers.f1:.3f}",
        f"intent accuracy      {report.accuracy:.3f}",
        f"calibration error    {report.calibration_error:.3f}",
        f"slots of buyers      precision {slots.precision:.3f}  recall {slots.recall:.3f}  "
        f"F1 {slots.f1:.3f}",
        "",
        "language   buyers  precision  recall     F1",
    ]
    lines += [
        f"{language:<10} {rate.right + rate.missed:>6} {rate.precision:>10.3f} "
        f"{rate.recall:>7.3f} {rate.f1:>6.3f}"
        for language, rate in report.languages.items()
    ]
    lines += ["", "intent             lines  precision  recall     F1"]
    lines += [
        f"{intent:<18} {rate.right + rate.missed:>5} {rate.precision:>10.3f} "
        f"{rate.recall:>7.3f} {rate.f1:>6.3f}"
        for intent, rate in report.intents.items()
    ]
    lines += ["", "confidence   lines   said  buyers"]
    lines += [
        f"{at / BINS:.1f}–{(at + 1) / BINS:.1f}     {row.count:>6} {row.confidence:>6.2f} "
        f"{row.buyers:>7.2f}"
        for at, row in enumerate(report.bins)
    ]
    return lines


def main(arguments: Sequence[str]) -> int:
    """Print the figures of each file named."""
    if not arguments:
        sys.stderr.write("usage: python -m dealflow.intents.training.evaluate FILE…\n")
        return 2
    classifier = GrammarClassifier()
    for name in arguments:
        report = measure(judge_all(classifier, read_file(Path(name))))
        sys.stdout.write("\n".join([f"== {name}", *table(report), ""]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

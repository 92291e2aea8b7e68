"""Counts how often each kind of evidence is right, and writes the calibration table.

Run it: ``python -m dealflow.intents.training.calibrate``, in the root of the repository.

Two files are counted. The words of the lexicon were chosen with ``grammar-dev.jsonl`` in sight, so
that its lines look easier than chat is. ``grammar-fresh.jsonl`` was written later, judged as it
was, and never used to choose a word; each of its lines therefore counts `FRESH_WEIGHT` times. The
table holds counts and nothing else, sorted, so that the same lines give the same bytes.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from dealflow.intents.calibration import Calibration, Counts
from dealflow.intents.grammar import GrammarClassifier
from dealflow.intents.training.dataset import Example, read_file
from dealflow.intents.training.evaluate import Pair, headline, judge_all, measure

DEVELOPMENT = Path("corpus/lines/grammar-dev.jsonl")
FRESH = Path("corpus/lines/grammar-fresh.jsonl")
TABLE = Path(__file__).parents[1] / "calibration.json"

FRESH_WEIGHT = 3
"""How often a line counts that was never in sight. There are eight times fewer of them."""

FOLDS = 5
"""Parts of the fresh lines; each is judged by a table that was counted without it."""


def count(
    classifier: GrammarClassifier, known: Sequence[Example], fresh: Sequence[Example]
) -> Counts:
    """Return, for each tier and the intent it concludes, how often each intent was right."""
    rows: dict[str, Counter[str]] = {}
    for examples, weight in ((known, 1), (fresh, FRESH_WEIGHT)):
        for example in examples:
            finding = classifier.find(example.utterance)
            if finding.tier == "firm":
                continue  # without lot and mode, the corpus plays a chat where nothing is sold
            row = rows.setdefault(f"{finding.tier}>{finding.intent}", Counter())
            row[example.intent] += weight
    return {tier: dict(sorted(rows[tier].items())) for tier in sorted(rows)}


def held_out(
    classifier: GrammarClassifier, known: Sequence[Example], fresh: Sequence[Example]
) -> list[str]:
    """Return the figures of the fresh lines when none helped to calibrate its own verdict."""
    pairs: list[Pair] = []
    for fold in range(FOLDS):
        others = [example for at, example in enumerate(fresh) if at % FOLDS != fold]
        own = [example for at, example in enumerate(fresh) if at % FOLDS == fold]
        calibration = Calibration(count(classifier, known, others))
        pairs += judge_all(GrammarClassifier(classifier.lexicon, calibration), own)
    return [f"{name:<20} {value:.3f}" for name, value in headline(measure(pairs)).items()]


def main(arguments: Sequence[str]) -> int:
    """Write the table and print the figures of the fresh lines."""
    if arguments:
        sys.stderr.write("usage: python -m dealflow.intents.training.calibrate\n")
        return 2
    known, fresh = read_file(DEVELOPMENT), read_file(FRESH)
    classifier = GrammarClassifier()
    counts = count(classifier, known, fresh)
    TABLE.write_bytes(msgspec.json.format(msgspec.json.encode(counts), indent=1) + b"\n")
    sys.stdout.write("\n".join(held_out(classifier, known, fresh)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

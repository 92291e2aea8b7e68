"""Counts how often each kind of evidence is right, and writes the calibration table.

Run it: ``python -m dealflow.intents.training.calibrate [FILE]``; FILE is ``corpus/dev.jsonl`` if none is
named.
The table holds counts and nothing else, sorted, so that the same lines give the same bytes.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from dealflow.intents.calibration import Calibration, Counts
from dealflow.intents.grammar import GrammarClassifier
from dealflow.intents.training.dataset import Example, read_file
from dealflow.intents.training.evaluate import judge_all, measure, table

CORPUS = Path("corpus/dev.jsonl")
TABLE = Path(__file__).parents[1] / "calibration.json"

FOLDS = 5
"""Parts of the corpus; each is judged by a table that was counted on the others."""


def count(classifier: GrammarClassifier, examples: Iterable[Example]) -> Counts:
    """Return, for each tier and the intent it concludes, how often each intent was right."""
    table: dict[str, Counter[str]] = {}
    for example in examples:
        finding = classifier.find(example.utterance)
        row = table.setdefault(f"{finding.tier}>{finding.intent}", Counter())
        row[example.intent] += 1
    return {tier: dict(sorted(table[tier].items())) for tier in sorted(table)}


def held_out(classifier: GrammarClassifier, examples: Sequence[Example]) -> list[str]:
    """Return the figures when no line helped to calibrate its own verdict."""
    pairs = []
    for fold in range(FOLDS):
        others = [example for at, example in enumerate(examples) if at % FOLDS != fold]
        own = [example for at, example in enumerate(examples) if at % FOLDS == fold]
        judge = GrammarClassifier(classifier.lexicon, Calibration(count(classifier, others)))
        pairs += judge_all(judge, own)
    return table(measure(pairs))


def main(arguments: Sequence[str]) -> int:
    """Write the table and print the figures of the cross-validation."""
    examples = read_file(Path(arguments[0]) if arguments else CORPUS)
    classifier = GrammarClassifier()
    counts = count(classifier, examples)
    TABLE.write_bytes(msgspec.json.format(msgspec.json.encode(counts), indent=1) + b"\n")
    sys.stdout.write("\n".join(held_out(classifier, examples)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Judges lines of the corpus, for `test_verdicts`: python -m tests.integration.compiling.verdicts.

Prints how the judge runs, then the verdicts of the grammar and of all three readers, a message a
line.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from dealflow.intents.compiled import is_compiled
from dealflow.intents.ensemble import EnsembleClassifier
from dealflow.intents.grammar import GrammarClassifier
from dealflow.intents.training.dataset import read_file
from dealflow.model.intent import Utterance

CORPUS = Path(__file__).resolve().parents[3] / "corpus"
FILES = 40
"""Of `corpus/lines` and `corpus/shows`, one in so many is opened."""
LINES = 9
"""And of its messages, one in so many is judged."""


def utterances() -> list[Utterance]:
    """Return some hundred messages in context, of many languages."""
    files = [path for kind in ("lines", "shows") for path in sorted((CORPUS / kind).iterdir())]
    return [example.utterance for path in files[::FILES] for example in read_file(path)[::LINES]]


def main() -> None:
    said = utterances()
    sys.stdout.write(f"{is_compiled()}\n")
    grammar, whole = GrammarClassifier().judge(said), EnsembleClassifier.load().judge(said)
    for utterance, *verdicts in zip(said, grammar, whole, strict=True):
        sys.stdout.buffer.write(msgspec.json.encode([utterance, verdicts]) + b"\n")


if __name__ == "__main__":
    main()

"""The table of the grammar's probabilities is what its lines give, and nothing else."""

from __future__ import annotations

import json

import pytest

from dealflow.intents.calibration import Calibration
from dealflow.intents.grammar import GrammarClassifier
from dealflow.intents.training import calibrate
from dealflow.intents.training.dataset import Example, read_file
from dealflow.model.intent import Intent
from tests.corpus.shapes import ROOT


@pytest.fixture(scope="module")
def classifier() -> GrammarClassifier:
    """The grammar as it is shipped."""
    return GrammarClassifier()


@pytest.fixture(scope="module")
def known() -> list[Example]:
    """The lines that were in sight when words were chosen."""
    return read_file(ROOT / calibrate.DEVELOPMENT)


@pytest.fixture(scope="module")
def fresh() -> list[Example]:
    """The lines that were not."""
    return read_file(ROOT / calibrate.FRESH)


def test_the_shipped_table_is_what_the_corpus_gives(
    classifier: GrammarClassifier, known: list[Example], fresh: list[Example]
) -> None:
    counts = calibrate.count(classifier, known, fresh)
    assert json.loads(calibrate.TABLE.read_text()) == counts


def test_fresh_lines_count_more(classifier: GrammarClassifier, known: list[Example]) -> None:
    some = known[:50]
    once, thrice = calibrate.count(classifier, some, []), calibrate.count(classifier, [], some)
    assert thrice == {
        tier: {intent: seen * calibrate.FRESH_WEIGHT for intent, seen in row.items()}
        for tier, row in once.items()
    }
    reading = Calibration(once).read("quiet", Intent.CHATTER)
    assert sum(reading.scores.values()) == pytest.approx(1.0)


def test_no_line_is_in_both(known: list[Example], fresh: list[Example]) -> None:
    assert len(known) > 800
    assert len(fresh) > 100
    assert {example.id for example in known}.isdisjoint(example.id for example in fresh)


def test_figures_of_lines_that_calibrated_nothing(
    classifier: GrammarClassifier, known: list[Example], fresh: list[Example]
) -> None:
    told = dict(
        line.rsplit(maxsplit=1) for line in calibrate.held_out(classifier, known, fresh)
    )  # fmt: skip
    assert {"precision", "recall", "F1"} <= set(told)
    assert all(0 <= float(value) <= 1 for value in told.values())


def test_the_command_takes_no_arguments() -> None:
    assert calibrate.main(["more"]) == 2

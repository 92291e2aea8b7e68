from __future__ import annotations

import pytest

from dealflow.intents import calibration
from dealflow.intents.calibration import Calibration
from dealflow.model.intent import Intent


def test_an_empty_table_is_unsure_and_sound() -> None:
    reading = Calibration({}).read("word_bare", Intent.CLAIM)
    assert sum(reading.scores.values()) == pytest.approx(1.0)
    assert reading.intent is Intent.CLAIM
    assert reading.confidence < 0.9


def test_a_tier_that_is_often_right_is_trusted() -> None:
    counts = {"word_bare>claim": {"claim": 98, "chatter": 2}, "loose>claim": {"chatter": 30}}
    table = Calibration(counts)
    assert table.read("word_bare", Intent.CLAIM).confidence > 0.9
    loose = table.read("loose", Intent.CLAIM)
    assert loose.confidence < 0.2
    assert loose.intent is Intent.CHATTER


def test_a_rare_tier_leans_on_its_intent() -> None:
    counts = {"often>bid": {"bid": 100}, "rare>bid": {"bid": 1}}
    assert Calibration(counts).read("rare", Intent.BID).confidence > 0.9


def test_a_claim_with_nothing_on_screen_is_unsure_from_the_start() -> None:
    reading = Calibration({"word_bare>claim": {"claim": 100}}).read("word_bare@void", Intent.CLAIM)
    assert reading.confidence < 0.5


def test_the_shipped_table_names_only_intents() -> None:
    table = calibration.load()
    assert table.read("word_bare", Intent.CLAIM).confidence >= 0.7
    assert table.read("quiet", Intent.CHATTER).confidence < 0.1

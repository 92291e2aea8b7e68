from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dealflow.intents.blend import BUYERS, Mixture, confidences, probabilities, raised
from dealflow.intents.linear.table import INTENTS, Scores
from dealflow.model.intent import Intent

COLUMNS = len(INTENTS)
ROUNDING = 1e-6
"""Chances nearer to each other than this are one in 32-bit numbers."""
CLAIM, CHATTER = INTENTS.index(Intent.CLAIM), INTENTS.index(Intent.CHATTER)

SCORES = st.lists(
    st.lists(st.floats(-300, 300, width=32), min_size=COLUMNS, max_size=COLUMNS),
    min_size=1,
    max_size=5,
).map(lambda rows: np.array(rows, np.float32))
MIXTURES = st.builds(
    Mixture,
    linear=st.floats(0, 3),
    encoder=st.floats(0, 3),
    bias=st.lists(st.floats(-4, 4), min_size=COLUMNS, max_size=COLUMNS).map(tuple),
    slope=st.floats(0.1, 3),
    shift=st.floats(-4, 4),
)


def one(**scores: float) -> Scores:
    """Return the scores of one message; intents that are not named have none."""
    row = np.zeros((1, COLUMNS), np.float32)
    for name, score in scores.items():
        row[0, INTENTS.index(Intent(name))] = score
    return row


def odds(score: float, mixture: Mixture) -> float:
    sure = float(confidences(probabilities(mixture, one(claim=score)))[0])
    return float(np.log(sure / (1 - sure)))


@settings(max_examples=150, deadline=None)
@given(mixture=MIXTURES, linear=SCORES, with_encoder=st.booleans())
def test_rows_are_probabilities(mixture: Mixture, linear: Scores, with_encoder: bool) -> None:
    shares = probabilities(mixture, linear, linear[::-1] if with_encoder else None)
    assert shares.shape == linear.shape
    assert shares.dtype == np.float32
    assert (shares >= 0).all()
    assert shares.sum(axis=1) == pytest.approx(1.0, abs=1e-6)
    assert confidences(shares) == pytest.approx(shares[:, BUYERS].sum(axis=1), abs=1e-6)


@settings(max_examples=150, deadline=None)
@given(mixture=MIXTURES, linear=SCORES, more=st.floats(0.01, 50))
def test_more_for_a_buyer_is_never_less_sure(mixture: Mixture, linear: Scores, more: float) -> None:
    keener = linear.copy()
    keener[:, CLAIM] += np.float32(more)
    before, after = (confidences(probabilities(mixture, one)) for one in (linear, keener))
    assert (after >= before - 1e-6).all()


@settings(max_examples=100, deadline=None)
@given(linear=SCORES, slope=st.floats(0.1, 3), shift=st.floats(-4, 4))
def test_the_curve_keeps_the_order_of_messages(linear: Scores, slope: float, shift: float) -> None:
    raw = confidences(probabilities(Mixture(linear=0.1), linear))
    curved = confidences(probabilities(Mixture(linear=0.1, slope=slope, shift=shift), linear))
    order = np.argsort(raw, kind="stable")
    apart = np.diff(raw[order]) > ROUNDING
    assert (np.diff(curved[order])[apart] >= 0).all()


@settings(max_examples=100, deadline=None)
@given(linear=SCORES, mixture=MIXTURES)
def test_the_curve_keeps_the_order_within_each_side(linear: Scores, mixture: Mixture) -> None:
    plain = Mixture(linear=mixture.linear, bias=mixture.bias)
    before, after = (probabilities(one, linear) for one in (plain, mixture))
    for side in (BUYERS, ~BUYERS):
        best = before[:, side].argmax(axis=1)
        rows = np.arange(len(linear))
        assert after[:, side][rows, best] == pytest.approx(after[:, side].max(axis=1), abs=1e-6)


def test_slope_and_shift_act_on_the_log_odds() -> None:
    plain = odds(1.5, Mixture(linear=1.0))
    assert odds(1.5, Mixture(linear=1.0, shift=0.7)) == pytest.approx(plain + 0.7, abs=1e-3)
    assert odds(1.5, Mixture(linear=1.0, slope=0.5)) == pytest.approx(plain / 2, abs=1e-3)


def test_the_curve_holds_where_one_side_is_out_of_sight() -> None:
    sure, never = one(chatter=80), one(claim=80)
    mixture = Mixture(linear=1.0, slope=0.5, shift=1.0)
    for scores in (sure, never):
        assert probabilities(mixture, scores).sum() == pytest.approx(1.0, abs=1e-6)
    assert 0 < confidences(probabilities(mixture, sure))[0] < 0.05
    assert 0.95 < confidences(probabilities(mixture, never))[0] < 1


def test_weights_and_biases_count() -> None:
    linear, encoder = one(claim=2), one(chatter=2)
    trusting = Mixture(linear=1.0, encoder=0.0)
    doubting = Mixture(linear=0.0, encoder=1.0)
    assert probabilities(trusting, linear, encoder).argmax() == CLAIM
    assert probabilities(doubting, linear, encoder).argmax() == CHATTER
    bias = tuple(9.0 if intent is Intent.BID else 0.0 for intent in INTENTS)
    shares = probabilities(Mixture(linear=1.0, bias=bias), linear)
    assert INTENTS[int(shares.argmax())] is Intent.BID


def test_no_messages_have_no_rows() -> None:
    assert probabilities(Mixture(linear=1.0), np.empty((0, COLUMNS), np.float32)).shape[0] == 0


@settings(max_examples=100, deadline=None)
@given(mixture=MIXTURES, linear=SCORES, more=st.floats(0, 5))
def test_raised_rows_are_surer_of_a_buyer_and_rank_as_before(
    mixture: Mixture, linear: Scores, more: float
) -> None:
    before = probabilities(mixture, linear)
    after = raised(before, np.full(len(before), more))
    assert after.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    assert (confidences(after) >= confidences(before) - 1e-6).all()
    for side in (BUYERS, ~BUYERS):
        assert after[:, side].argmax(axis=1).tolist() == before[:, side].argmax(axis=1).tolist()


def test_odds_are_raised_by_what_is_said() -> None:
    even = np.array([[0.5 if one in (CLAIM, CHATTER) else 0.0 for one in range(COLUMNS)]])
    shares = raised(even.astype(np.float32), np.array([np.log(4)]))
    assert shares[0, CLAIM] == pytest.approx(0.8)
    assert shares[0, CHATTER] == pytest.approx(0.2)

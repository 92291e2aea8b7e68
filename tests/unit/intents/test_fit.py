from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dealflow.intents.blend import BUYERS, Mixture, confidences, probabilities
from dealflow.intents.linear.table import INTENTS, Scores
from dealflow.intents.training import fit
from dealflow.intents.training.fit import Targets

COLUMNS = len(INTENTS)


def told(seed: int, *, lines: int = 600, sharp: float = 1.0) -> tuple[Scores, Targets]:
    """Return scores whose softmax, sharpened so much, tells how often each intent is right."""
    random = np.random.default_rng(seed)
    scores = random.normal(0, 2, (lines, COLUMNS)).astype(np.float32)
    chances = np.exp(scores * sharp)
    chances /= chances.sum(axis=1, keepdims=True)
    wanted = np.array([random.choice(COLUMNS, p=row) for row in chances], np.intp)
    return scores, wanted


def loss(mixture: Mixture, linear: Scores, encoder: Scores | None, wanted: Targets) -> float:
    shares = probabilities(mixture, linear, encoder)[np.arange(len(wanted)), wanted]
    return float(-np.log(np.maximum(shares, 1e-9)).mean())


def buyer_loss(mixture: Mixture, linear: Scores, wanted: Targets) -> float:
    sure = np.clip(confidences(probabilities(mixture, linear)), 1e-6, 1 - 1e-6)
    return float(-np.log(np.where(BUYERS[wanted], sure, 1 - sure)).mean())


@pytest.mark.parametrize(("slope", "shift"), [(1.0, 0.0), (0.5, 0.8), (1.8, -1.2), (0.9, -3.0)])
def test_a_known_curve_is_found_again(slope: float, shift: float) -> None:
    random = np.random.default_rng(5)
    odds = random.normal(0, 2, 40_000)
    buyers = random.random(len(odds)) < 1 / (1 + np.exp(-(slope * odds + shift)))
    found = fit.curve(odds, buyers)
    assert found == pytest.approx((slope, shift), abs=0.08)


@pytest.mark.parametrize("buyers", [True, False])
def test_a_curve_of_one_side_alone_is_a_number(buyers: bool) -> None:
    slope, shift = fit.curve(np.linspace(-3, 3, 50), np.full(50, buyers))
    assert np.isfinite([slope, shift]).all()
    assert (shift > 0) is buyers


def test_a_known_sharpness_is_found_again() -> None:
    scores, wanted = told(3, lines=4_000, sharp=0.5)
    found = fit.mixture(scores, None, wanted)
    assert found.linear == pytest.approx(0.5, abs=0.06)
    assert found.bias == pytest.approx([0.0] * COLUMNS, abs=0.4)
    assert found.slope == pytest.approx(1.0, abs=0.15)
    assert found.encoder == 0.0


def test_the_model_that_knows_more_weighs_more() -> None:
    scores, wanted = told(4, lines=1_500)
    noise = np.random.default_rng(9).normal(0, 2, scores.shape).astype(np.float32)
    found = fit.mixture(noise, scores, wanted)
    assert found.encoder > 0.7
    assert abs(found.linear) < 0.2


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), sharp=st.floats(0.2, 2), both=st.booleans())
def test_what_is_fitted_is_better_than_the_start(seed: int, sharp: float, both: bool) -> None:
    linear, wanted = told(seed, lines=300, sharp=sharp)
    encoder = linear + np.float32(1.0) if both else None
    start = Mixture(linear=0.5 if both else 1.0, encoder=0.5 if both else 0.0)
    found = fit.mixture(linear, encoder, wanted)
    assert loss(found, linear, encoder, wanted) <= loss(start, linear, encoder, wanted) + 0.01


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), sharp=st.floats(0.2, 2))
def test_the_curve_tells_buyers_no_worse_than_none(seed: int, sharp: float) -> None:
    linear, wanted = told(seed, lines=300, sharp=sharp)
    found = fit.mixture(linear, None, wanted)
    plain = msgspec.structs.replace(found, slope=1.0, shift=0.0)
    assert buyer_loss(found, linear, wanted) <= buyer_loss(plain, linear, wanted) + 1e-4


def test_an_intent_without_lines_keeps_a_modest_bias() -> None:
    scores, wanted = told(6)
    wanted[wanted == 3] = 0
    found = fit.mixture(scores, None, wanted)
    assert np.isfinite(found.bias).all()
    assert -8 < found.bias[3] < 0


def test_the_same_lines_give_the_same_mixture() -> None:
    assert fit.mixture(*_with_none(told(8))) == fit.mixture(*_with_none(told(8)))


def _with_none(lines: tuple[Scores, Targets]) -> tuple[Scores, None, Targets]:
    return lines[0], None, lines[1]

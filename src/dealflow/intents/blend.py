"""From the scores of the models to probabilities that mean what they say.

The numbers here were fitted on lines that trained neither model (`training/fit.py`).
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from dealflow.intents.linear.table import INTENTS, Scores

BUYERS = np.array([intent.is_buyer for intent in INTENTS])
_FAINT = 1e-6
"""Part that every intent has at least, so that log-odds stay finite."""

Confidences = NDArray[np.float32]


class Mixture(msgspec.Struct, frozen=True, kw_only=True):
    """How scores become probabilities: each model's weight, a bias for each intent, and a curve.

    ``linear_more`` and ``encoder_more`` add to a model's weight for each intent: one model knows
    bids best, the other questions. ``slope`` and ``shift`` map the log-odds of "is a buyer" to
    calibrated ones.
    """

    linear: float
    encoder: float = 0.0
    linear_more: tuple[float, ...] = (0.0,) * len(INTENTS)
    encoder_more: tuple[float, ...] = (0.0,) * len(INTENTS)
    bias: tuple[float, ...] = (0.0,) * len(INTENTS)
    slope: float = 1.0
    shift: float = 0.0


class Blend(msgspec.Struct, frozen=True, kw_only=True):
    """The mixture for the linear model alone, and the one for both."""

    quick: Mixture
    full: Mixture


def probabilities(mixture: Mixture, linear: Scores, encoder: Scores | None = None) -> Scores:
    """Return ``float32[messages, intents]``; each row adds up to 1.

    The buyers' share of a row is the calibrated probability that the author is a buyer.
    """
    scores = logs(linear) * (mixture.linear + np.array(mixture.linear_more))
    scores = scores + np.array(mixture.bias)
    if encoder is not None:
        scores = scores + logs(encoder) * (mixture.encoder + np.array(mixture.encoder_more))
    shares = np.exp((scores - scores.max(axis=1, keepdims=True)).astype(np.float64))
    shares = shares / shares.sum(axis=1, keepdims=True) + _FAINT  # no side is ever empty
    raw, other = shares[:, BUYERS].sum(axis=1), shares[:, ~BUYERS].sum(axis=1)
    odds = np.log(raw / other) * mixture.slope + mixture.shift
    buyers = 1 / (1 + np.exp(-odds))
    factors = np.where(BUYERS, (buyers / raw)[:, None], ((1 - buyers) / other)[:, None])
    return np.asarray(shares * factors, np.float32)


def raised(shares: Scores, odds: NDArray[np.float64]) -> Scores:
    """Return the rows with so much added to the log-odds of a buyer; each still adds up to 1."""
    raw, other = shares[:, BUYERS].sum(axis=1), shares[:, ~BUYERS].sum(axis=1)
    weight = np.exp(odds)
    total = raw * weight + other
    factors = np.where(BUYERS, (weight / total)[:, None], (1 / total)[:, None])
    return np.asarray(shares * factors, np.float32)


def logs(scores: Scores) -> NDArray[np.float64]:
    """Return the logarithms of the probabilities that scores stand for."""
    high = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(
        high - np.log(np.exp(high, dtype=np.float64).sum(axis=1, keepdims=True)), np.float64
    )


def confidences(shares: Scores) -> Confidences:
    """Return the probability that each author is a buyer."""
    return np.asarray(shares[:, BUYERS].sum(axis=1), np.float32)

"""Fits how the models' scores become probabilities, on lines that trained neither of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dealflow.intents.blend import BUYERS, Mixture, probabilities
from dealflow.intents.linear.table import INTENTS, Scores

Targets = NDArray[np.intp]

STEPS = 400
RATE = 0.05
PULL = 0.02
"""How strongly biases are drawn to nothing: rare intents have few lines to learn one from."""


def mixture(linear: Scores, encoder: Scores | None, wanted: Targets) -> Mixture:
    """Return the mixture under which the wanted intents are the likeliest, then calibrated."""
    chosen = _experts(linear, encoder, wanted)
    slope, shift = _curve(chosen, linear, encoder, wanted)
    return Mixture(
        linear=chosen.linear,
        encoder=chosen.encoder,
        bias=chosen.bias,
        slope=slope,
        shift=shift,
    )


def _experts(linear: Scores, encoder: Scores | None, wanted: Targets) -> Mixture:
    """Find the weights of the two models and the biases, by Adam on the log loss."""
    experts = [linear.astype(np.float64)]
    if encoder is not None:
        experts.append(encoder.astype(np.float64))
    size = len(experts) + len(INTENTS)
    point = np.zeros(size)
    point[: len(experts)] = 1.0 / len(experts)
    mean, square = np.zeros(size), np.zeros(size)
    true = np.eye(len(INTENTS))[wanted]
    for step in range(1, STEPS + 1):
        scores = sum(weight * one for weight, one in zip(point, experts, strict=False))
        scores = scores + point[len(experts) :]
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        error = (chances - true) / len(wanted)
        slope = np.concatenate(
            [
                [float((error * one).sum()) for one in experts],
                error.sum(axis=0) + PULL * point[len(experts) :] / len(INTENTS),
            ]
        )
        mean = 0.9 * mean + 0.1 * slope
        square = 0.99 * square + 0.01 * slope * slope
        point -= (RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-9)) * (
            1 - step / (STEPS + 1)
        )
    return Mixture(
        linear=round(float(point[0]), 4),
        encoder=round(float(point[1]), 4) if encoder is not None else 0.0,
        bias=tuple(round(float(one), 4) for one in point[len(experts) :]),
    )


def _curve(
    chosen: Mixture, linear: Scores, encoder: Scores | None, wanted: Targets
) -> tuple[float, float]:
    """Return slope and shift of the log-odds of "is a buyer", by Newton's method."""
    raw = np.clip(
        probabilities(chosen, linear, encoder)[:, BUYERS].sum(axis=1).astype(np.float64),
        1e-5,
        1 - 1e-5,
    )
    return curve(np.log(raw / (1 - raw)), BUYERS[wanted])


def curve(odds: NDArray[np.float64], buyers: NDArray[np.bool_]) -> tuple[float, float]:
    """Return slope and shift under which the log-odds tell how often somebody is a buyer."""
    slope, shift = 1.0, 0.0
    for _ in range(50):
        chances = 1 / (1 + np.exp(-(slope * odds + shift)))
        error, weight = chances - buyers, chances * (1 - chances) + 1e-9
        gradient = np.array([(error * odds).sum() + 1e-3 * (slope - 1), error.sum()])
        matrix = np.array(
            [
                [(weight * odds * odds).sum() + 1e-3, (weight * odds).sum()],
                [(weight * odds).sum(), weight.sum()],
            ]
        )
        move = np.linalg.solve(matrix, gradient)
        slope, shift = slope - float(move[0]), shift - float(move[1])
        if abs(move).max() < 1e-7:
            break
    return round(slope, 4), round(shift, 4)

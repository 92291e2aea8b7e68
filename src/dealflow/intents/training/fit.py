"""Fits how the models' scores become probabilities, on lines that trained neither of them."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from dealflow.intents.blend import BUYERS, Mixture, logs, probabilities
from dealflow.intents.linear.table import INTENTS, Scores

Targets = NDArray[np.intp]

STEPS = 600
RATE = 0.03
PULL = 0.02
"""How strongly biases are drawn to nothing and an intent's weights to their mean: rare intents have
few lines to learn their own from."""


def mixture(
    linear: Scores,
    encoder: Scores | None,
    wanted: Targets,
    fresh: NDArray[np.bool_] | None = None,
) -> Mixture:
    """Return the mixture under which the wanted intents are the likeliest, then calibrated.

    ``fresh`` marks the lines whose writers wrote none that trained; the curve is fitted to them
    alone, since it is there that a probability must mean what it says. Without it to all.
    """
    chosen = _experts(linear, encoder, wanted)
    if fresh is not None and fresh.any():
        linear, wanted = linear[fresh], wanted[fresh]
        encoder = None if encoder is None else encoder[fresh]
    slope, shift = _curve(chosen, linear, encoder, wanted)
    return msgspec.structs.replace(chosen, slope=slope, shift=shift)


def _experts(linear: Scores, encoder: Scores | None, wanted: Targets) -> Mixture:
    """Find the weights of the two models and the biases, by Adam on the log loss."""
    experts = [logs(linear)] if encoder is None else [logs(linear), logs(encoder)]
    columns, count = len(INTENTS), len(experts)
    # A row for each model: its weight for each intent. The last row are the biases.
    point = np.zeros((count + 1, columns))
    point[:count] = 1.0 / count
    mean, square = np.zeros_like(point), np.zeros_like(point)
    true = np.eye(columns)[wanted]
    for step in range(1, STEPS + 1):
        scores = sum(weights * one for weights, one in zip(point, experts, strict=False))
        scores = scores + point[count]
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        error = (chances - true) / len(wanted)
        slope = np.stack([(error * one).sum(axis=0) for one in experts] + [error.sum(axis=0)])
        pulled = point.copy()
        pulled[:count] -= point[:count].mean(axis=1, keepdims=True)
        slope += PULL * pulled / columns
        mean = 0.9 * mean + 0.1 * slope
        square = 0.99 * square + 0.01 * slope * slope
        move = (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-9)
        point -= RATE * (1 - step / (STEPS + 1)) * move
    means = [float(round(weight, 4)) for weight in point[:count].mean(axis=1)]
    more = [_rounded(row - mean) for row, mean in zip(point[:count], means, strict=True)]
    nothing = _rounded(np.zeros(columns))
    return Mixture(
        linear=means[0],
        encoder=means[1] if count == 2 else 0.0,
        linear_more=more[0],
        encoder_more=more[1] if count == 2 else nothing,
        bias=_rounded(point[count]),
    )


def _rounded(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)


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

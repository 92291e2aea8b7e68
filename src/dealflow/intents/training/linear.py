"""Trains the linear model: softmax regression by Adagrad, in numpy alone.

A part of each message's features is left out at random at every step, so that no single word is
ever enough. The same lines in the same order give the same weights, bit for bit, on one machine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from dealflow.intents.blend import BUYERS
from dealflow.intents.grammar import GrammarClassifier
from dealflow.intents.linear.features import SIZE, Features, Rows
from dealflow.intents.linear.table import INTENTS, SCALE, LinearTable, Scores
from dealflow.intents.normalise import normalise
from dealflow.intents.training.dataset import Example

EPOCHS = 12
BATCH = 64
RATE = 0.05
LEFT_OUT = 0.3
"""Part of the features that is left out at each step."""

SIDES = 2.5
"""What telling buyers from others weighs beside telling the intent."""

SEED = 20261126

Targets = NDArray[np.intp]
Progress = Callable[[str, int, int], None]


def read(examples: Sequence[Example], grammar: GrammarClassifier) -> tuple[Rows, NDArray[np.int64]]:
    """Return the rows of all examples and where each begins."""
    features = Features()
    return features.rows(
        [
            (*grammar.read(example.utterance), normalise(example.utterance.text))
            for example in examples
        ]
    )


def targets(examples: Sequence[Example]) -> Targets:
    """Return the column of each example's intent."""
    columns = {intent: at for at, intent in enumerate(INTENTS)}
    return np.array([columns[example.intent] for example in examples], np.intp)


def train(
    rows: Rows,
    starts: NDArray[np.int64],
    wanted: Targets,
    chosen: NDArray[np.intp],
    progress: Progress | None = None,
) -> LinearTable:
    """Return the weights that fit the chosen examples."""
    weights = np.zeros((SIZE, len(INTENTS)), np.float32)
    squares = np.full(SIZE, 1e-8, np.float32)
    ends = np.append(starts[1:], len(rows))
    random = np.random.default_rng(SEED)
    order = chosen.copy()
    for epoch in range(EPOCHS):
        random.shuffle(order)
        for at in range(0, len(order), BATCH):
            batch = order[at : at + BATCH]
            parts = [rows[starts[one] : ends[one]] for one in batch]
            _step(weights, squares, parts, wanted[batch], random)
        if progress is not None:
            progress("linear", epoch + 1, EPOCHS)
    return LinearTable(weights)


def _step(
    weights: Scores,
    squares: NDArray[np.float32],
    parts: Sequence[Rows],
    wanted: Targets,
    random: np.random.Generator,
) -> None:
    sizes = np.array([len(part) for part in parts])
    rows = np.concatenate(parts)
    owner = np.repeat(np.arange(len(parts)), sizes)
    kept = random.random(len(rows), np.float32) >= LEFT_OUT
    shares = (SCALE / np.sqrt(sizes) / (1 - LEFT_OUT)).astype(np.float32)[owner] * kept
    used, place = np.unique(rows, return_inverse=True)
    scores = np.zeros((len(parts), len(INTENTS)), np.float32)
    np.add.at(scores, owner, weights[rows] * shares[:, None])
    chances = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    slopes = errors(chances, wanted) / len(parts)
    slope = np.zeros((len(used), len(INTENTS)), np.float32)
    np.add.at(slope, place, slopes[owner] * shares[:, None])
    squares[used] += (slope * slope).mean(axis=1)
    weights[used] -= RATE * slope / np.sqrt(squares[used])[:, None]


def errors(chances: Scores, wanted: Targets) -> Scores:
    """Return the slope of the loss at each score: of the intent, and of its side, buyer or not."""
    told = (1 + SIDES) * chances - SIDES * _within(chances, BUYERS[wanted])
    told[np.arange(len(wanted)), wanted] -= 1
    return told


def _within(chances: Scores, buyers: NDArray[np.bool_]) -> Scores:
    """Return the chances of the intents of each line's side, as they would be without the other."""
    own = np.where(buyers[:, None] == BUYERS, chances, 0)
    least = np.finfo(np.float32).tiny  # a side may be as good as ruled out
    return np.asarray(own / np.maximum(own.sum(axis=1, keepdims=True), least), np.float32)

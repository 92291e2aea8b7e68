"""The weights of the linear model, and the sums that they make."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from dealflow.errors import ModelDamaged
from dealflow.intents.linear.features import SIZE, VERSION, Rows
from dealflow.model.intent import Intent

INTENTS: tuple[Intent, ...] = tuple(Intent)
"""The order of the columns of every array of scores in this room."""

STEPS = 127
"""Weights are stored as whole steps of their column's scale, so that one byte holds each."""

SCALE = 3.0
"""What a sum of weights is multiplied by, after it is divided by the root of how many there are:
long messages have many features, and would else be the surest for no reason."""

Scores = NDArray[np.float32]


class LinearTable:
    """A weight for each row of features and each intent: ``float32[SIZE, len(INTENTS)]``."""

    def __init__(self, weights: Scores) -> None:
        self.weights = weights

    def logits(self, rows: Rows, starts: NDArray[np.int64]) -> Scores:
        """Return ``float32[messages, intents]`` for the rows of some messages."""
        # No row lies outside the table, so that nothing is ever clipped: this is the quick `take`.
        chosen = self.weights.take(rows, axis=0, mode="clip")
        return np.add.reduceat(chosen, starts, axis=0) * scale_of(rows, starts)[:, None]

    def to_bytes(self) -> bytes:
        """Return the weights as an ``.npz`` file; equal weights give equal bytes."""
        scales = np.abs(self.weights).max(axis=0) / STEPS
        scales[scales == 0] = 1.0
        steps = np.rint(self.weights / scales).astype(np.int8)
        file = io.BytesIO()
        np.savez_compressed(
            file, version=np.array([VERSION]), scales=scales.astype(np.float32), steps=steps
        )
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> LinearTable:
        """Read what `to_bytes` wrote.

        Raises:
            ModelDamaged: it is something else, or was made for other features.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                version = int(arrays["version"][0])
                steps, scales = arrays["steps"], arrays["scales"]
        except Exception as error:  # a damaged archive makes its readers raise almost anything
            raise ModelDamaged(f"The linear model cannot be read: {error}.") from error
        if version != VERSION or steps.shape != (SIZE, len(INTENTS)):
            raise ModelDamaged("The linear model was trained for other features.")
        return cls(steps.astype(np.float32) * scales)


def scale_of(rows: Rows, starts: NDArray[np.int64]) -> Scores:
    """Return what each message's sum of weights is multiplied by."""
    counts = np.diff(starts, append=len(rows))
    return (SCALE / np.sqrt(counts)).astype(np.float32)

"""Learns from a seller's corrections: how the models' scores become probabilities, and no more.

The weights stay. What is fitted anew are the few numbers of the blend, on the lines that the model
was calibrated with and on the corrections, which count more. Half of those lines take no part and
guard the floor: a blend that finds fewer buyers there, or raises more false alarms, is thrown away.
"""

from __future__ import annotations

import io

import msgspec
import numpy as np
from numpy.typing import NDArray

from dealflow.intents.blend import BUYERS, Blend, Mixture, confidences, probabilities
from dealflow.intents.linear.table import Scores
from dealflow.intents.training import fit

Targets = NDArray[np.intp]

WEIGHTS = (8, 4, 2, 1)
"""How many calibration lines one correction may weigh, tried from the most."""

MOST_LINES = 8_000
"""Calibration lines that take part, evenly chosen: a seller waits for the fits, some forty."""

FOLDS = 5
LEAST = 5
"""Corrections below which nothing is learned: fewer say more about the day than about the show."""


class Scored(msgspec.Struct, frozen=True):
    """What both models say of some messages, and the column of each one's intent.

    ``fresh`` marks those to which the confidence is fitted; ``None`` marks them all.
    """

    linear: Scores
    encoder: Scores
    wanted: Targets
    fresh: NDArray[np.bool_] | None = None

    @property
    def marked(self) -> NDArray[np.bool_]:
        """Return for each message whether the confidence is fitted to it."""
        return np.ones(len(self.wanted), np.bool_) if self.fresh is None else self.fresh

    def at(self, places: NDArray[np.intp] | NDArray[np.bool_]) -> Scored:
        """Return some of them."""
        return Scored(
            self.linear[places], self.encoder[places], self.wanted[places], self.marked[places]
        )

    def with_others(self, others: Scored, times: int) -> Scored:
        """Return these and the others, each of those so many times."""
        return Scored(
            np.concatenate([self.linear, np.repeat(others.linear, times, axis=0)]),
            np.concatenate([self.encoder, np.repeat(others.encoder, times, axis=0)]),
            np.concatenate([self.wanted, np.repeat(others.wanted, times)]),
            np.concatenate([self.marked, np.repeat(others.marked, times)]),
        )

    def to_bytes(self) -> bytes:
        """Return them as an ``.npz`` file."""
        file = io.BytesIO()
        np.savez_compressed(
            file,
            linear=self.linear.astype(np.float16),
            encoder=self.encoder.astype(np.float16),
            wanted=self.wanted.astype(np.uint8),
            fresh=self.marked,
        )
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Scored:
        """Read what `to_bytes` wrote."""
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return cls(
                arrays["linear"].astype(np.float32),
                arrays["encoder"].astype(np.float32),
                arrays["wanted"].astype(np.intp),
                arrays["fresh"].astype(np.bool_),
            )


class Tally(msgspec.Struct, frozen=True, rename="camel"):
    """How many of some messages are told rightly as buyer or not, and the F1 of buyers."""

    messages: int
    right: int
    f1: float


class Lesson(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What corrections taught.

    ``floor`` are held-out lines of the corpus, ``corrections`` the seller's own, each judged by a
    blend that was fitted without it. ``weight`` is 0 when nothing was learned, and ``reason`` says
    why.
    """

    floor_before: Tally
    floor_after: Tally
    corrections_before: Tally
    corrections_after: Tally
    weight: int = 0
    reason: str = ""


def learn(
    blend: Blend, base: Scored, corrections: Scored, *, threshold: float
) -> tuple[Blend, Lesson]:
    """Return the blend that serves best, and what it is better at.

    Args:
        blend: the one that is shipped.
        base: the calibration lines; every second one guards the floor.
        corrections: the seller's.
        threshold: the confidence from which a message counts as a buyer's.
    """
    every = max(1, -(-len(base.wanted) // MOST_LINES))
    base = base.at(np.arange(0, len(base.wanted), every))
    guard = np.arange(len(base.wanted)) % 2 == 1
    known, floor = base.at(~guard), base.at(guard)
    before = _tally(blend.full, floor, threshold), _tally(blend.full, corrections, threshold)
    kept = Lesson(
        floor_before=before[0],
        floor_after=before[0],
        corrections_before=before[1],
        corrections_after=before[1],
    )
    if len(corrections.wanted) < LEAST:
        return blend, msgspec.structs.replace(
            kept, reason=f"fewer than {LEAST} corrections teach nothing yet"
        )
    for weight in WEIGHTS:
        fresh = _fitted(known.with_others(corrections, weight))
        after = _tally(fresh.full, floor, threshold)
        quick = _tally(fresh.quick, floor, threshold, quick=True)
        if (
            after.f1 < before[0].f1
            or quick.f1 < _tally(blend.quick, floor, threshold, quick=True).f1
        ):
            continue
        told = _held_out(known, corrections, weight, threshold)
        if told.right > before[1].right:
            return fresh, msgspec.structs.replace(
                kept, floor_after=after, corrections_after=told, weight=weight
            )
    return blend, msgspec.structs.replace(
        kept, reason="no blend told the corrections better without making the floor worse"
    )


def _fitted(scored: Scored) -> Blend:
    return Blend(
        quick=fit.mixture(scored.linear, None, scored.wanted, scored.marked),
        full=fit.mixture(scored.linear, scored.encoder, scored.wanted, scored.marked),
    )


def _held_out(known: Scored, corrections: Scored, weight: int, threshold: float) -> Tally:
    """Judge each fifth of the corrections by a blend that was fitted to the other four."""
    places = np.arange(len(corrections.wanted))
    sure = np.empty(len(places), np.float32)
    for fold in range(FOLDS):
        own = places % FOLDS == fold
        if not own.any():
            continue
        blend = _fitted(known.with_others(corrections.at(~own), weight))
        sure[own] = _sure(blend.full, corrections.at(own), quick=False)
    return _count(sure, corrections.wanted, threshold)


def _tally(mixture: Mixture, scored: Scored, threshold: float, *, quick: bool = False) -> Tally:
    return _count(_sure(mixture, scored, quick=quick), scored.wanted, threshold)


def _sure(mixture: Mixture, scored: Scored, *, quick: bool) -> NDArray[np.float32]:
    encoder = None if quick else scored.encoder
    return confidences(probabilities(mixture, scored.linear, encoder))


def _count(sure: NDArray[np.float32], wanted: Targets, threshold: float) -> Tally:
    said, true = sure >= threshold, BUYERS[wanted]
    found = int((said & true).sum())
    wrong = int((said != true).sum())
    total = 2 * found + wrong
    return Tally(len(wanted), len(wanted) - wrong, 2 * found / total if total else 0.0)

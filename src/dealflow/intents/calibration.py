"""How often each kind of evidence is right, counted on labelled lines.

The table is a data file that ``python -m dealflow.intents.training.calibrate`` writes. A tier
that was seen often speaks for itself; a rare one leans on how its intent does on the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from math import fsum

import msgspec

from dealflow.errors import SettingsInvalid
from dealflow.model.intent import BUYER_INTENTS, Intent

PRIOR_WEIGHT = 5.0
"""Imagined lines behind a tier's prior; a tier needs more real ones to outweigh them."""

VOID = 0.3
"""How sure any evidence is while nothing is on screen: most such words speak of something else."""

FIRM = 0.8
"""How sure a plain commitment is while neither lot nor mode is known. A guess, until there are
shows that were read so: it counts at the usual threshold, and a stricter seller excludes it."""

_DOUBT = 0.5
"""Imagined lines of every intent behind each row, so that nothing is ever certain or impossible."""

Counts = Mapping[str, Mapping[str, int]]
"""For each tier and the intent it concludes ("word_bare>claim"), how often each was right."""


class Reading(msgspec.Struct, frozen=True):
    """What a tier means: the likeliest intent, a probability for each, and the buyers' share."""

    intent: Intent
    scores: dict[Intent, float]
    confidence: float


class Calibration:
    """Turns a tier into probabilities; what was computed once is remembered."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._readings: dict[tuple[str, Intent], Reading] = {}
        self._priors = _priors(counts)

    def read(self, tier: str, intent: Intent) -> Reading:
        """Return the probabilities for a finding of this tier and intent."""
        reading = self._readings.get((tier, intent))
        if reading is None:
            reading = self._readings[tier, intent] = self._compute(tier, intent)
        return reading

    def _compute(self, tier: str, intent: Intent) -> Reading:
        counts = self._counts.get(f"{tier}>{intent}", {})
        if tier.endswith("@void"):
            prior = _between(intent, VOID)
        elif tier == "firm":
            prior = _between(intent, FIRM)
        else:
            prior = self._priors[intent]
        weights = {other: PRIOR_WEIGHT * prior[other] + counts.get(other, 0) for other in Intent}
        total = sum(weights.values())
        scores = {other: weight / total for other, weight in weights.items()}
        best = max(scores, key=lambda other: (scores[other], other is intent))
        return Reading(best, scores, fsum(scores[buyer] for buyer in BUYER_INTENTS))


def _priors(counts: Counts) -> dict[Intent, dict[Intent, float]]:
    """Return for each concluded intent how often each intent was right, over all its tiers."""
    rows = {intent: dict.fromkeys(Intent, _DOUBT / len(Intent)) for intent in Intent}
    for name, row in counts.items():
        tier, _, concluded = name.rpartition(">")
        if tier != "firm" and not tier.endswith("@void"):
            for other, seen in row.items():
                rows[Intent(concluded)][Intent(other)] += seen
    for intent, row_of in rows.items():
        row_of[intent] += _DOUBT
        total = sum(row_of.values())
        rows[intent] = {other: weight / total for other, weight in row_of.items()}
    return rows


def _between(intent: Intent, sure: float) -> dict[Intent, float]:
    """Share the probability between an intent and idle talk."""
    prior = dict.fromkeys(Intent, 0.0)
    prior[Intent.CHATTER] = 1.0 - sure
    prior[intent] += sure
    return prior


def load() -> Calibration:
    """Read the table that is shipped with the package.

    Raises:
        SettingsInvalid: the file is damaged.
    """
    data = files(__package__).joinpath("calibration.json").read_bytes()
    try:
        return Calibration(msgspec.json.decode(data, type=dict[str, dict[str, int]]))
    except (msgspec.DecodeError, ValueError) as error:
        raise SettingsInvalid(
            f"The calibration table is damaged: {error}",
            hint="Write it again: python -m dealflow.intents.training.calibrate",
        ) from error

"""How often each kind of evidence is right, counted on the development set.

The table is a data file that ``python -m dealflow.intents.training.calibrate`` writes. A tier
that was seen often speaks for itself; a rare one leans on what its intent does on the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

import msgspec

from dealflow.errors import SettingsInvalid
from dealflow.model.intent import BUYER_INTENTS, Intent

PRIOR_WEIGHT = 4.0
"""Imagined observations behind a tier's prior; a tier needs more real ones to outweigh them."""

Counts = Mapping[str, Mapping[str, int]]
"""For each tier, how often each intent was the right one."""


class Reading(msgspec.Struct, frozen=True):
    """What a tier means: a probability for each intent, and the buyer's share of them."""

    scores: dict[Intent, float]
    confidence: float


class Calibration:
    """Turns a tier into probabilities."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._readings: dict[tuple[str, Intent], Reading] = {}
        self._sure = _reliability(counts)

    def read(self, tier: str, intent: Intent) -> Reading:
        """Return the probabilities for a finding of this tier and intent."""
        reading = self._readings.get((tier, intent))
        if reading is None:
            reading = self._readings[tier, intent] = self._compute(tier, intent)
        return reading

    def _compute(self, tier: str, intent: Intent) -> Reading:
        counts = self._counts.get(f"{tier}>{intent}", {})
        sure = _VOID if tier.endswith("@void") else self._sure.get(intent, _UNSEEN)
        others = (1.0 - sure) / (len(Intent) - 1)
        weights = {
            other: PRIOR_WEIGHT * (sure if other is intent else others) + counts.get(other, 0)
            for other in Intent
        }
        # The grammar's word stands: a table of few lines may doubt it, but not replace it.
        weights[intent] = max(weights[intent], *(weights.values()))
        total = sum(weights.values())
        scores = {other: weight / total for other, weight in weights.items()}
        return Reading(scores, sum(scores[buyer] for buyer in BUYER_INTENTS))


_UNSEEN = 0.8
"""How sure an intent is that the table does not know."""

_VOID = 0.4
"""How sure any evidence is while nothing is on screen: most such words are about something else."""


def _reliability(counts: Counts) -> dict[Intent, float]:
    """Return how often each intent was right over all of its tiers."""
    right: dict[Intent, float] = dict.fromkeys(Intent, 0.0)
    seen: dict[Intent, float] = dict.fromkeys(Intent, 0.0)
    for name, row in counts.items():
        intent = Intent(name.rpartition(">")[2])
        right[intent] += row.get(intent, 0)
        seen[intent] += sum(row.values())
    return {
        intent: (right[intent] + PRIOR_WEIGHT * _UNSEEN) / (seen[intent] + PRIOR_WEIGHT)
        for intent in Intent
    }


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

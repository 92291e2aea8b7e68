"""What the grammar concludes about one message, before it becomes a verdict."""

from __future__ import annotations

from typing import NamedTuple

from dealflow.intents.lexicon.reader import Hit
from dealflow.model.intent import Intent


class Finding(NamedTuple):
    """A conclusion.

    ``tier`` names the kind of evidence, for which the calibration knows how often it is right.
    ``hit`` is the phrase that decided, where there is one.
    """

    intent: Intent
    tier: str
    hit: Hit | None = None

    @property
    def is_ruled(self) -> bool:
        """Say whether a rule of this show explains the message."""
        return self.tier in RULED


RULED = frozenset({"number_by_rule", "plus_by_rule", "size_by_rule", "own_word"})
"""The tiers in which a seller's rule, or one that the shop announced, explains what was said."""

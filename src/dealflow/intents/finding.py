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

"""The port of this room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from dealflow.model.intent import Utterance, Verdict


class Classifier(Protocol):
    """Judges messages in batches."""

    name: str
    """The classifier and its version, as it is written beside each verdict: ``grammar-1``."""

    def judge(self, batch: Sequence[Utterance]) -> list[Verdict]:
        """Return one verdict for each utterance, in the same order.

        Never raises for what a message says: any text, of any length, gets a verdict.
        """
        ...

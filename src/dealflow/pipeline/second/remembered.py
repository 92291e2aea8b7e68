"""Answers that were given before, by what was asked; bounded, and pure but for its memory."""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from dealflow.model.ids import fingerprint
from dealflow.model.intent import Room, Utterance, Verdict
from dealflow.model.text import folded

CAPACITY = 10_000
"""Answers that are kept, some hundred bytes each; the one unused for longest goes first."""


class Remembered:
    """Finds the answer to the same words in the same context."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._answers: OrderedDict[str, Verdict] = OrderedDict()

    def find(self, utterance: Utterance) -> Verdict | None:
        """Return what was answered, or ``None``; its slots are those of another message."""
        key = _key(utterance)
        answer = self._answers.get(key)
        if answer is not None:
            self._answers.move_to_end(key)
        return answer

    def keep(self, utterance: Utterance, answer: Verdict) -> None:
        """Keep an answer."""
        self._answers[_key(utterance)] = answer
        if len(self._answers) > self._capacity:
            self._answers.popitem(last=False)


def _key(utterance: Utterance) -> str:
    # How long the lot has been on screen is not asked, nor what others said around the message.
    context = msgspec.structs.replace(utterance.context, lot_age=None, room=Room())
    return fingerprint(folded(utterance.text).casefold(), repr(context))

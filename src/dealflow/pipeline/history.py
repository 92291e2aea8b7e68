"""What each author said before, for whoever judges what they say now."""

from __future__ import annotations

from collections import deque

from dealflow.model.message import Message

HISTORY = 5
"""Messages of one author that a classifier gets as context."""

AUTHORS = 2_000
"""Authors whose history is remembered in one show; the one silent for longest goes first."""


class Histories:
    """The latest messages of the authors of one show."""

    def __init__(self) -> None:
        self._said: dict[str, deque[str]] = {}

    def note(self, message: Message) -> tuple[str, ...]:
        """Return what the author said before, and note what they say now."""
        person = message.person
        said = self._said.pop(person, None)
        before = () if said is None else tuple(said)
        if said is None:
            said = deque(maxlen=HISTORY)
        said.append(message.text)
        self._said[person] = said
        if len(self._said) > AUTHORS:
            del self._said[next(iter(self._said))]
        return before

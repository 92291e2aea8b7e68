"""The doubts that are in memory, waiting for a call; bounded, the least valuable go first.

What does not fit is not lost: every doubt stands in the store until it is settled.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection

import msgspec

from dealflow.model.revision import Doubt

CAPACITY = 2_000
"""Doubts in memory: an hour of calls at the usual budget."""

EACH = 16
"""Doubts of one person in memory: as many as one call may hold."""

Author = tuple[str, str]
"""A show and a person in it."""


class Entry(msgspec.Struct, frozen=True):
    """A doubt that waits; ``distance`` is how far it is from the threshold, ``since`` when it came.

    ``since`` is on the monotonic clock.
    """

    doubt: Doubt
    author: Author
    distance: float
    since: float


class Waiting:
    """Holds entries; pure."""

    def __init__(self, capacity: int = CAPACITY, each: int = EACH) -> None:
        self._capacity = capacity
        self._each = each
        self._entries: dict[str, Entry] = {}
        self._of: Counter[Author] = Counter()
        self._worst: list[tuple[float, str]] = []  # what lies farthest from the threshold, first

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, message_id: str) -> bool:
        return message_id in self._entries

    def add(self, entry: Entry) -> bool:
        """Take an entry in; say whether it is held, rather than left to the store."""
        message_id = entry.doubt.message_id
        if message_id in self._entries or self._of[entry.author] >= self._each:
            return message_id in self._entries
        self._entries[message_id] = entry
        self._of[entry.author] += 1
        heapq.heappush(self._worst, (-entry.distance, message_id))
        if len(self._entries) > self._capacity:
            self._drop_worst()
        if len(self._worst) > 4 * self._capacity:
            self._worst = [(-one.distance, id) for id, one in self._entries.items()]
            heapq.heapify(self._worst)
        return message_id in self._entries

    def remove(self, message_ids: Collection[str]) -> None:
        """Let entries go, those that are not held passed over."""
        for message_id in message_ids:
            entry = self._entries.pop(message_id, None)
            if entry is not None:
                self._of[entry.author] -= 1
                if not self._of[entry.author]:
                    del self._of[entry.author]

    def ranked(self) -> dict[Author, list[Entry]]:
        """Return all entries by author, the most valuable first, older before newer."""
        ranked: dict[Author, list[Entry]] = {}
        for entry in sorted(self._entries.values(), key=lambda one: (one.distance, one.since)):
            ranked.setdefault(entry.author, []).append(entry)
        return ranked

    def _drop_worst(self) -> None:
        while self._worst:
            _, message_id = heapq.heappop(self._worst)
            if message_id in self._entries:
                self.remove([message_id])
                return

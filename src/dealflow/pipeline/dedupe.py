"""Tells a message that was seen before from one that only looks like it.

Pure. Two equal messages by one person are two messages ("mine" on one lot and "mine" on the next),
so text alone never decides:

- a message with a platform id is known by that id;
- a row that was read from a page has no id. Live, it is new, because the page reader has dealt
  with re-rendered rows. As part of a backlog it is lined up with what was read before, in order,
  by the longest common subsequence: a new "mine" after known neighbours is not an old one;
- an id that arrives later for a row that was stored without one is learned, not stored again.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence

import msgspec

from dealflow.model.facts import ChatSeen
from dealflow.model.text import folded

RING_SIZE = 5_000
"""Messages remembered for each show: more than any backlog that a platform is known to send
(50–200), and about ten minutes of the busiest chat on record (8 messages/s)."""

ALIGN_DEPTH = 300
ALIGN_MOST = 700
"""How far back a backlog is lined up: as far as it is long, within these bounds. The cost is this
times the backlog's length: 3 ms for 50 messages, about 50 ms for 500."""

TWIN_MS = 5_000
"""A socket may tell a row that the page already showed this much later, and still mean that row."""


class Remembered(msgspec.Struct):
    """One message in the ring; ``platform_id`` may be learned later."""

    key: str
    platform_id: str | None
    pair: tuple[str, str]
    at: int


class Sighting(msgspec.Struct, frozen=True):
    """What the ring says of one chat fact.

    ``known`` is the message that it is, when it is not new. ``learned`` says that the fact told
    that message's platform id for the first time.
    """

    fact: ChatSeen
    known: Remembered | None = None
    learned: bool = False


def pair_of(username: str, text: str) -> tuple[str, str]:
    """Return what two sightings of one message have in common."""
    return (username, folded(text))


class DedupeRing:
    """The memory of one show."""

    def __init__(self, size: int = RING_SIZE) -> None:
        self._size = size
        self._entries: OrderedDict[str, Remembered] = OrderedDict()
        self._by_id: dict[str, Remembered] = {}
        self._without_id: dict[tuple[str, str], deque[Remembered]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def remember(
        self, key: str, platform_id: str | None, username: str, text: str, at: int
    ) -> None:
        """Take in a message that was admitted, or that the store holds."""
        entry = Remembered(key, platform_id, pair_of(username, text), at)
        self._entries[key] = entry
        if platform_id is not None:
            self._by_id[platform_id] = entry
        else:
            self._without_id.setdefault(entry.pair, deque()).append(entry)
        while len(self._entries) > self._size:
            self.forget(next(iter(self._entries)))

    def forget(self, key: str) -> None:
        """Drop a message, because it was not stored after all or is too old; unknown keys pass."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        if entry.platform_id is not None:
            self._by_id.pop(entry.platform_id, None)
        self._drop_idless(entry)

    def knows(self, platform_id: str) -> bool:
        """Say whether this id was seen."""
        return platform_id in self._by_id

    def look(self, fact: ChatSeen) -> Sighting:
        """Judge one live message. The caller calls `remember` for what is new."""
        if fact.platform_id is None:
            return Sighting(fact)
        known = self._by_id.get(fact.platform_id)
        if known is not None:
            return Sighting(fact, known)
        waiting = self._without_id.get(pair_of(fact.username, fact.text))
        if waiting and fact.at - waiting[0].at <= TWIN_MS:
            return self._learn(waiting[0], fact)
        return Sighting(fact)

    def look_back(self, facts: Sequence[ChatSeen]) -> list[Sighting]:
        """Judge a backlog as a whole: what was there before we came, oldest first."""
        depth = min(max(len(facts), ALIGN_DEPTH), ALIGN_MOST)
        tail = list(self._entries.values())[-depth:]
        matches = _line_up(tail, facts)
        return [self._judge_old(fact, matches.get(place)) for place, fact in enumerate(facts)]

    def _judge_old(self, fact: ChatSeen, match: Remembered | None) -> Sighting:
        if fact.platform_id is not None and fact.platform_id in self._by_id:
            return Sighting(fact, self._by_id[fact.platform_id])
        if match is None:
            return Sighting(fact)
        if fact.platform_id is not None and match.platform_id is None:
            return self._learn(match, fact)
        return Sighting(fact, match)

    def _learn(self, entry: Remembered, fact: ChatSeen) -> Sighting:
        assert fact.platform_id is not None
        self._drop_idless(entry)
        entry.platform_id = fact.platform_id
        self._by_id[fact.platform_id] = entry
        return Sighting(fact, entry, learned=True)

    def _drop_idless(self, entry: Remembered) -> None:
        waiting = self._without_id.get(entry.pair)
        if waiting is not None and entry in waiting:
            waiting.remove(entry)
            if not waiting:
                del self._without_id[entry.pair]


def _line_up(known: Sequence[Remembered], facts: Sequence[ChatSeen]) -> dict[int, Remembered]:
    """Return, by place in ``facts``, the known message that each one is (longest common run)."""
    if not known or not facts:
        return {}
    pairs = [pair_of(fact.username, fact.text) for fact in facts]
    lengths = _common_lengths(known, facts, pairs)
    matches: dict[int, Remembered] = {}
    row, column = 0, 0
    while row < len(known) and column < len(facts):
        if lengths[row][column] == lengths[row + 1][column]:
            row += 1  # the newest reading of an ambiguous row is taken: a backlog is recent
        elif _same(known[row], facts[column], pairs[column]):
            matches[column] = known[row]
            row, column = row + 1, column + 1
        else:
            column += 1
    return matches


def _common_lengths(
    known: Sequence[Remembered], facts: Sequence[ChatSeen], pairs: Iterable[tuple[str, str]]
) -> list[list[int]]:
    pairs = list(pairs)
    width = len(facts)
    lengths = [[0] * (width + 1) for _ in range(len(known) + 1)]
    for row in range(len(known) - 1, -1, -1):
        below, here, entry = lengths[row + 1], lengths[row], known[row]
        for column in range(width - 1, -1, -1):
            if _same(entry, facts[column], pairs[column]):
                here[column] = below[column + 1] + 1
            else:
                here[column] = max(below[column], here[column + 1])
    return lengths


def _same(entry: Remembered, fact: ChatSeen, pair: tuple[str, str]) -> bool:
    if entry.platform_id is not None and fact.platform_id is not None:
        return entry.platform_id == fact.platform_id
    return entry.pair == pair

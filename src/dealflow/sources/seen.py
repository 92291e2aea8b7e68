"""Remembers which messages were read, to prove that a reconnection missed none; pure.

A platform that tells its latest messages to whoever joins proves it by itself: once one of them
was read before, everything after it is there. Rows without an id prove it by two neighbours, since
one text alone ("mine") says nothing; where both sides have ids, what people say again proves
nothing at all.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from dealflow.model.facts import ChatSeen, Fact
from dealflow.model.text import folded

MAX_IDS: Final = 5_000
"""As many as the pipeline's dedupe ring: more than any backlog that a platform is known to send."""

Row = tuple[str, str, str | None]
"""Who, what, and the platform's id where there is one."""


class Seen:
    """The messages of one show, in eras: a new one begins whenever reading is interrupted."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, int] = OrderedDict()
        self._era = 0
        self._latest: deque[Row] = deque(maxlen=2)
        self._before: tuple[Row, ...] = ()

    def interrupt(self) -> None:
        """Begin a new era; what was read so far counts as read before."""
        self._era += 1
        self._before = (*self._before, *self._latest)[-2:]
        self._latest.clear()

    def note(self, facts: Iterable[Fact]) -> None:
        """Remember messages as read in this era; an id keeps the era in which it was read first."""
        for fact in facts:
            if not isinstance(fact, ChatSeen):
                continue
            if fact.platform_id is not None:
                self._ids.setdefault(fact.platform_id, self._era)
                if len(self._ids) > MAX_IDS:
                    self._ids.popitem(last=False)
            self._latest.append(_row(fact))

    def joins_up(self, facts: Iterable[Fact]) -> bool:
        """Say whether a backlog reaches back to what was read in an earlier era."""
        return self._reaches(facts, self._era, self._before)

    def knows(self, facts: Iterable[Fact]) -> bool:
        """Say whether a backlog reaches back to anything that was read."""
        return self._reaches(facts, self._era + 1, tuple(self._latest))

    def _reaches(self, facts: Iterable[Fact], era: int, neighbours: tuple[Row, ...]) -> bool:
        backlog = [fact for fact in facts if isinstance(fact, ChatSeen) and fact.backlog]
        ids = (fact.platform_id for fact in backlog if fact.platform_id is not None)
        if any(self._ids.get(each, era) < era for each in ids):
            return True
        if len(neighbours) < 2:
            return False
        first, second = neighbours
        return any(
            _is_same(first, one) and _is_same(second, two)
            for one, two in pairwise(map(_row, backlog))
        )


def _row(fact: ChatSeen) -> Row:
    return (fact.username, folded(fact.text), fact.platform_id)


def _is_same(one: Row, two: Row) -> bool:
    if one[2] is not None and two[2] is not None:
        return one[2] == two[2]
    return one[:2] == two[:2]

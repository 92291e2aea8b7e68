"""How much of the budget one chatter may use; pure but for what it remembers of them."""

from __future__ import annotations

from collections import OrderedDict, deque

from dealflow.pipeline.second.waiting import Author

MINUTE = 60.0

REMEMBERED = 10_000
"""Chatters whose questions are remembered; the one silent for longest goes first."""


class Quota:
    """Counts questions by chatter over the last minute.

    Args:
        most: questions of one chatter in any 60 seconds.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._asked: OrderedDict[Author, deque[float]] = OrderedDict()

    def left(self, author: Author, now: float) -> int:
        """Return how many questions may be asked about this chatter now, on the given clock."""
        times = self._asked.get(author)
        if times is None:
            return self._most
        while times and now - times[0] >= MINUTE:
            times.popleft()
        return self._most - len(times)

    def use(self, author: Author, count: int, now: float) -> None:
        """Count questions."""
        times = self._asked.pop(author, None) or deque()
        times.extend([now] * count)
        self._asked[author] = times
        if len(self._asked) > REMEMBERED:
            self._asked.popitem(last=False)

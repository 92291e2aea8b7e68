"""How much of one core the encoder may have, so that a flood of chat never waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SHARE = 0.25
"""Part of one core. Fifty messages a second, most of them left open, take less."""

MOST_SECONDS = 0.02
"""Time that may be saved up and spent at once: what one batch may wait."""

FIRST_GUESS = 0.005
"""Seconds a message, before any was measured."""

_WEIGHT = 0.1


class Allowance:
    """A bucket of seconds that fills with time."""

    def __init__(
        self,
        *,
        share: float = SHARE,
        most: float = MOST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._share = share
        self._most = most
        self._clock = clock
        self._saved = most
        self._at = clock()
        self._each = FIRST_GUESS

    @classmethod
    def unbounded(cls) -> Allowance:
        """Return an allowance for all that is asked."""
        return cls(most=float("inf"))

    def take(self, wanted: int) -> int:
        """Return how many messages may be judged now, up to those wanted.

        One is allowed whenever anything is saved, so that a slow machine still judges some.
        """
        now = self._clock()
        self._saved = min(self._saved + (now - self._at) * self._share, self._most)
        self._at = now
        if self._saved <= 0:
            return 0
        return int(min(wanted, max(1.0, self._saved / self._each)))

    @contextmanager
    def spending(self, count: int) -> Iterator[None]:
        """Measure what ``count`` messages take, and take it out of the bucket."""
        began = self._clock()
        try:
            yield
        finally:
            spent = self._clock() - began
            self._saved -= spent
            self._each += (spent / max(count, 1) - self._each) * _WEIGHT

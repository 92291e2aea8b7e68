"""How long to wait before a way is tried again; pure but for the dice that it is given."""

from __future__ import annotations

from random import Random
from typing import Final

QUICK: Final = (1.0, 30.0)
"""Seconds, first and most, after a connection was lost: platforms come back within seconds."""

SLOW: Final = (30.0, 300.0)
"""Seconds, first and most, after a refusal or a silence: asking often would look like an attack."""


AT_ONCE: Final = 0.1
"""Seconds, at most, before a connection that had worked is made again. A platform's backlog is
short (50 messages were seen), so in a busy chat every second of waiting is a second lost."""


class Backoff:
    """Waits that double, shortened at random by up to half, so that readers do not march in step.

    Args:
        bounds: the first wait and the longest, in seconds.
    """

    def __init__(self, bounds: tuple[float, float], random: Random) -> None:
        self._first, self._most = bounds
        self._random = random
        self.failures = 0

    def next(self) -> float:
        """Return the next wait, in seconds."""
        wait = min(self._first * 2.0 ** min(self.failures, 16), self._most)
        self.failures += 1
        return wait * (0.5 + self._random.random() / 2)

    def at_once(self) -> float:
        """Return a wait that only keeps readers from coming back all in one moment."""
        return self._random.random() * AT_ONCE

    def reset(self) -> None:
        """Begin again with the shortest wait."""
        self.failures = 0

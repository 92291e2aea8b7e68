"""Stops asking where nobody answers; pure, on a monotonic clock that it is told."""

from __future__ import annotations

from enum import IntEnum

FAILURES = 5
"""Failures in a row after which nobody is asked any more."""

PAUSE_SECONDS = 30.0
"""After this long, one question is let through to see."""

LONGEST_SECONDS = 3_600.0
"""The longest pause that the other side can ask for."""


class Circuit(IntEnum):
    """How the breaker stands; the value is that of the metric."""

    CLOSED = 0
    TRYING = 1
    OPEN = 2


class Breaker:
    """Opens after failures in a row, and tries again every 30 seconds with one question."""

    def __init__(self) -> None:
        self.circuit = Circuit.CLOSED
        self._failures: list[object] = []
        self._until = 0.0

    def may_ask(self, now: float) -> bool:
        """Say whether a call may be made now; it changes nothing."""
        return self.circuit is not Circuit.TRYING and now >= self._until

    def asked(self) -> bool:
        """Note that a call begins; say whether it is the one that tries an open circuit."""
        if self.circuit is not Circuit.OPEN:
            return False
        self.circuit = Circuit.TRYING
        return True

    def succeeded(self) -> bool:
        """Note an answer; say whether it closes the circuit."""
        was_closed = self.circuit is Circuit.CLOSED
        self.circuit = Circuit.CLOSED
        self._failures.clear()
        return not was_closed

    def failed(self, now: float, *, by: object = None, after: float | None = None) -> bool:
        """Note a failure; say whether it opens a circuit that was closed.

        Args:
            now: the time on the monotonic clock.
            by: whose message it was, when the answer was bad: one person's count once, so that
                nobody can close the door for all by making the model talk nonsense.
            after: for how many seconds the other side asks to be left alone.
        """
        is_new = by is None or by not in self._failures
        if is_new and len(self._failures) < FAILURES:
            self._failures.append(by)
        was_closed = self.circuit is Circuit.CLOSED
        if self.circuit is Circuit.TRYING or len(self._failures) >= FAILURES:
            self.circuit = Circuit.OPEN
            self._until = now + PAUSE_SECONDS
        if after is not None:
            self._until = max(self._until, now + min(after, LONGEST_SECONDS))
        return was_closed and self.circuit is Circuit.OPEN

    def interrupted(self) -> None:
        """Note that the call that tried is over, whatever it showed."""
        if self.circuit is Circuit.TRYING:
            self.circuit = Circuit.OPEN

"""When a message that was answered badly may be asked about again; bounded and pure."""

from __future__ import annotations

from collections import OrderedDict

WAITS = (60.0, 600.0, 3_600.0)
"""Seconds until the next attempt, the last one repeating: what was answered badly is likely to be
again, and every attempt costs."""

ATTEMPTS = 3
"""Attempts at a message that the model itself will not judge, after which nobody asks again."""

REMEMBERED = 10_000
"""Messages whose attempts are remembered; a forgotten one begins anew."""


class Patience:
    """Counts bad answers by message, on a monotonic clock that it is told."""

    def __init__(self) -> None:
        self._tries: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def may_ask(self, message_id: str, now: float) -> bool:
        """Say whether enough time has passed since the last bad answer."""
        return now >= self._tries.get(message_id, (0, 0.0))[1]

    def lost(self, message_id: str, now: float, *, about_message: bool) -> bool:
        """Note a bad answer; say whether this message is hopeless.

        Args:
            message_id: the message.
            now: the time.
            about_message: whether the message is to blame, and not the service.
        """
        count = self._tries.pop(message_id, (0, 0.0))[0] + 1
        self._tries[message_id] = (count, now + WAITS[min(count, len(WAITS)) - 1])
        if len(self._tries) > REMEMBERED:
            self._tries.popitem(last=False)
        return about_message and count >= ATTEMPTS

    def forget(self, message_id: str) -> None:
        """Forget a message that was answered."""
        self._tries.pop(message_id, None)

"""Whether a show has ended. Pure.

One sign is not enough: stale data, an error page or one false frame look like the end too. A show
has ended when a sign that says so is joined by a second one of any kind. The page makes its banner
from the status that its socket was told, so those two are one word; silence settles it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

SILENCE_SECONDS: Final = 20.0
"""Chat silence after a telling sign that counts as the second one."""

SHORT_SILENCE_SECONDS: Final = 6.0
"""The same when both the status and the banner say so."""


class EndSign(StrEnum):
    """What can be seen when a show ends."""

    STATUS = "status"
    """A socket said that the show's status is ENDED."""
    BANNER = "banner"
    """The page says that the show has ended."""
    LEFT = "left"
    """The page went from the show to another address."""
    PLAYER_GONE = "player_gone"
    """The player was there and is not any more."""
    ASKED = "asked"
    """The platform was asked, and says so as well."""
    CLOSED = "closed"
    """The show's channel or its socket was closed."""
    SILENCE = "silence"
    """Nobody says anything any more."""


TELLING: Final = frozenset({EndSign.STATUS, EndSign.BANNER, EndSign.LEFT})
_ONE_WORD: Final = frozenset({EndSign.STATUS, EndSign.BANNER})


class EndWatch:
    """The signs that are to be seen now."""

    def __init__(self) -> None:
        self._seen: dict[EndSign, float] = {}
        self._last_chat = 0.0
        self._had_player = False

    def mark(self, sign: EndSign, now: float, *, seen: bool = True) -> None:
        """Take note that a sign is to be seen, or no more."""
        if seen:
            self._seen.setdefault(sign, now)
        else:
            self._seen.pop(sign, None)

    def player(self, now: float, *, seen: bool) -> None:
        """Take note of whether the player is there; one that never was cannot go."""
        self._had_player = self._had_player or seen
        self.mark(EndSign.PLAYER_GONE, now, seen=self._had_player and not seen)

    def chat(self, now: float) -> None:
        """Take note that somebody spoke."""
        self._last_chat = now

    def has_ended(self, now: float) -> bool:
        """Say whether enough signs are to be seen."""
        telling = [since for sign, since in self._seen.items() if sign in TELLING]
        if not telling:
            return False
        if self._seen.keys() - _ONE_WORD and len(self._seen) > 1:
            return True
        limit = SHORT_SILENCE_SECONDS if len(self._seen) > 1 else SILENCE_SECONDS
        return now - max(min(telling), self._last_chat) >= limit

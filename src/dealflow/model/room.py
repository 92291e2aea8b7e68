"""What was said around a message: chat answers chat, and the shop.

"me" takes the item when the host asked who wants it, and greets when the host asked who is new;
"40" in an auction that began at 1 is a bid when "35" and "38" were said before it.
"""

from __future__ import annotations

from collections import deque

import msgspec

from dealflow.model.intent import Role, Room
from dealflow.model.show import Lot

OTHERS = 2
"""Lines of other viewers that a room holds."""

NUMBERS = 4
"""Lines with a number that a room holds, of one lot."""

TOLD = 60_000
"""Milliseconds for which what the shop wrote may still be answered."""

HEARD = 45_000
"""Milliseconds for which viewers answer each other."""

LONGEST = 100
"""Characters of a line that a room holds: the first of a viewer's, the last of the shop's, which
mostly asks at the end."""

LONGEST_NUMBER = 40
"""Characters of a line with a number that may be a bid; a longer one is talk."""

_REMEMBERED = 3 * OTHERS
_SHOP = frozenset({Role.HOST, Role.MOD})


class _Line(msgspec.Struct, frozen=True, gc=False):
    person: str
    text: str
    at: int


class Talk:
    """The latest lines of one show."""

    def __init__(self) -> None:
        self._told: _Line | None = None
        self._lines: deque[_Line] = deque(maxlen=_REMEMBERED)
        self._numbers: deque[str] = deque(maxlen=NUMBERS)
        self._lot: tuple[str | None, str] | None = None

    def note(self, person: str, role: Role, text: str, at: int, lot: Lot | None) -> Room:
        """Return what was said before a message, and note the message.

        Args:
            person: who speaks, by a name that nobody else in the show has.
            role: as what they speak; what bots say is nobody's talk.
            text: what they say.
            at: when, in milliseconds since 1970 or since the show began.
            lot: what was on screen.
        """
        self._look(lot)
        room = Room(
            shop=self._shop(at),
            others=self._others(person, at),
            numbers=tuple(self._numbers),
        )
        if role in _SHOP:
            self._told = _Line(person, text[-LONGEST:], at)
        elif role is Role.VIEWER:
            self._lines.append(_Line(person, text[:LONGEST], at))
            if len(text) <= LONGEST_NUMBER and any(map(str.isdecimal, text)):
                self._numbers.append(text)
        return room

    def _look(self, lot: Lot | None) -> None:
        shown = None if lot is None else (lot.code, lot.title)
        if shown != self._lot:
            self._lot = shown
            self._numbers.clear()

    def _shop(self, at: int) -> str:
        told = self._told
        return told.text if told is not None and at - told.at <= TOLD else ""

    def _others(self, person: str, at: int) -> tuple[str, ...]:
        others = [
            line.text for line in self._lines if line.person != person and at - line.at <= HEARD
        ]
        return tuple(others[-OTHERS:])

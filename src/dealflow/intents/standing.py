"""How an amount stands to what was said last for the same lot.

Lots that open at 1 are bid up in the chat, and the price on screen often stays where it began: what
was said last tells a bid from a number of something else.
"""

from __future__ import annotations

from functools import lru_cache

from dealflow.intents.normalise import normalise
from dealflow.intents.numbers import WRITTEN, amount
from dealflow.model.intent import Room
from dealflow.model.room import NUMBERS

NEXT = frozenset({"same", "step", "over"})
"""Steps that a bid takes from the one before."""

_STEPS = (
    (0.5, "low"), (0.999, "under"), (1.001, "same"), (1.2, "step"), (1.6, "over"), (3.0, "high"),
)  # fmt: skip

_LEFT_OUT = (10, 100, 1_000)
_EVEN, _FURTHEST = 0.999, 1.25
"""Parts of the last amount between which a number without its zeros is the next bid."""


def step(value: float, room: Room) -> str:
    """Return a name for the step from what was said last to an amount.

    It is ``"first"`` where nothing was said before, and ``"short"`` where the amount would be the
    next bid with the zeros that bidders leave out ("2.10" after 200).
    """
    last = _last(room.numbers) if room.numbers else None
    if last is None:
        return "first"
    ratio = value / last
    if any(_EVEN <= ratio * zeros <= _FURTHEST for zeros in _LEFT_OUT):
        return "short"
    return next((name for limit, name in _STEPS if ratio < limit), "far")


@lru_cache(maxsize=256)
def _last(numbers: tuple[str, ...]) -> float | None:
    """Return the amount of the newest line that has just one."""
    for text in reversed(numbers[-NUMBERS:]):
        found = WRITTEN.findall(normalise(text))
        if len(found) == 1 and (value := amount(found[0])):
            return value
    return None

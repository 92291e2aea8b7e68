"""Where the slots of a labelled message stand in its text, for the encoder to learn.

A label gives values ("2", "blue"), not places. Words are found as they are written; a number is
found in digits, in words ("two", "forty-five") or in a counter of a script without spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dealflow.intents.encoder.inputs import plain
from dealflow.intents.encoder.spans import Cut, Tag
from dealflow.intents.normalise import normalise
from dealflow.intents.numbers import amount
from dealflow.intents.slots.counts import CHARS, number_in
from dealflow.model.intent import Slots

LONGEST_NUMBER = 4
"""Words of a number at most: "one hundred and ten"."""

_ZEROS = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
"""What a price may be multiplied by when it leaves its zeros out, or says them in a letter."""

_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_WORDS = re.compile(r"\S+")


def wanted(said: Cut, slots: Slots) -> list[Tag] | None:
    """Return what each piece is part of, or ``None`` where a slot cannot be found in the text."""
    found: list[tuple[Tag, tuple[int, int]]] = []
    for tag, value in _words(slots):
        place = _written(said.text, plain(value))
        if place is None:
            return None
        found.append((tag, place))
    for tag, number in _numbers(slots):
        taken = [place for _, place in found]
        place = _spelled(said.text, number, taken, zeros=tag is Tag.PRICE)
        if place is None:
            return None
        found.append((tag, place))
    tags = [Tag.NONE] * len(said.places)
    for tag, (start, end) in found:
        for at, (first, last) in enumerate(said.places):
            if first < end and last > start and said.text[first:last].strip():
                tags[at] = tag
    return tags


def _words(slots: Slots) -> Iterator[tuple[Tag, str]]:
    for tag, value in ((Tag.SIZE, slots.size), (Tag.COLOR, slots.color), (Tag.ITEM, slots.item)):
        if value:
            yield tag, value


def _numbers(slots: Slots) -> Iterator[tuple[Tag, float]]:
    if slots.price is not None:
        yield Tag.PRICE, slots.price
    if slots.quantity is not None:
        yield Tag.QUANTITY, slots.quantity


def _written(text: str, value: str) -> tuple[int, int] | None:
    """Return where a value stands, as whole words if it stands so anywhere."""
    inside: tuple[int, int] | None = None
    at = text.find(value)
    while value and at >= 0:
        end = at + len(value)
        if not (text[max(0, at - 1) : at].isalnum() or text[end : end + 1].isalnum()):
            return at, end
        inside = inside or (at, end)
        at = text.find(value, at + 1)
    return inside


def _spelled(
    text: str, number: float, taken: Sequence[tuple[int, int]], *, zeros: bool
) -> tuple[int, int] | None:
    for start, end, value in _candidates(text):
        if any(start < last and end > first for first, last in taken):
            continue
        if value == number or (zeros and any(value * factor == number for factor in _ZEROS)):
            return start, end
    return None


def _candidates(text: str) -> Iterator[tuple[int, int, float]]:
    """Yield the numbers of a text with their places: digits, then single words, then several."""
    for found in _DIGITS.finditer(text):
        value = amount(normalise(found[0]))
        if value is not None:
            yield found.start(), found.end(), value
    words = [found.span() for found in _WORDS.finditer(text)]
    for length in range(1, LONGEST_NUMBER + 1):
        for first in range(len(words) - length + 1):
            start, end = words[first][0], words[first + length - 1][1]
            value = number_in(text[start:end])
            if value is not None:
                yield start, end, value
    for at, char in enumerate(text):
        if char in CHARS:
            yield at, at + 1, CHARS[char]

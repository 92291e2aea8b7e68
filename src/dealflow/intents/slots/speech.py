"""How languages put numbers together, as `numerals.toml` tells it.

A number is a stack of parts, each smaller than the step of the one before it; a word that
multiplies takes the parts below it off the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

import msgspec

from dealflow.intents.tokens import is_unspaced

LANGUAGES = (
    "en", "ar", "de", "es", "fil", "fr", "hi", "id", "it", "ja", "ko", "nl", "pl", "pt", "th",
    "tr", "vi", "zh",
)  # fmt: skip
"""The languages of the shipped lexicon in the order of their bits, which a test compares."""

MAX_GLUED = 48
"""Letters of a number in one word; the longest German one below a thousand has thirty."""

MAX_REMEMBERED = 10_000
"""Words whose parts are remembered."""


class Kin(IntEnum):
    """What a part of a number does to what stands before it."""

    ADDS = 0
    MULTIPLIES = 1
    TEEN = 2
    HALF = 3
    MORE = 4
    JOINS = 5
    ZERO = 6


class Part(NamedTuple):
    """A part of a number: its value, and the step below which the next part must stay."""

    kin: Kin
    value: float
    step: float = 1


Stack = tuple[tuple[float, float], ...]
"""The values of the parts so far, each with its step."""

_MORE = 99.5  # the step of "सवा" and its like: any number below a hundred may follow


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    """What `numerals.toml` says of one language; the meanings stand at its head."""

    numbers: str
    times: str
    teens: str = ""
    halves: str = ""
    more: str = ""
    joins: str = ""
    zeros: str = ""
    shared: str = ""
    tails: str = ""
    never: str = ""
    unended: str = ""
    glued: bool = False
    cents: bool = False
    inverted: bool = False
    short: float = 0
    skips: bool = False


class Speech:
    """How one language says numbers."""

    def __init__(self, name: str, table: _Table) -> None:
        self.bit = 1 << LANGUAGES.index(name)
        self.table = table
        self.parts = dict(_parts(table))
        self.shared = frozenset(table.shared.split())
        self.tails = tuple(table.tails.split())
        self.never = tuple(table.never.split())
        self.unended = frozenset(table.unended.split())
        self.joins = frozenset(table.joins.split()) | {"-"}
        self.times = {word: part.value for word, part in self.parts.items() if part.kin == 1}
        self._longest = max(map(len, self.parts))
        self.glued = lru_cache(maxsize=MAX_REMEMBERED)(self._glued)

    def _glued(self, word: str) -> tuple[Part, ...]:
        """Return the parts of a number in one word, the longest first, or nothing."""
        found: list[Part] = []
        at = 0
        while at < len(word) <= MAX_GLUED:
            ends = range(min(len(word), at + self._longest), at, -1)
            end = next((end for end in ends if word[at:end] in self.parts), 0)
            if not end:
                return ()
            found.append(self.parts[word[at:end]])
            at = end
        return tuple(found)


def _parts(table: _Table) -> Iterator[tuple[str, Part]]:
    for values, kin in (
        (table.numbers, Kin.ADDS),
        (table.times, Kin.MULTIPLIES),
        (table.more, Kin.MORE),
    ):
        for entry in filter(None, map(str.split, values.split(","))):
            value, _, step = entry[0].partition("/")
            number = float(value)
            for word in entry[1:]:
                yield word, Part(kin, number, float(step or _step(number)))
    for words, part in (
        (table.teens, Part(Kin.TEEN, 10)),
        (table.halves, Part(Kin.HALF, 0.5)),
        (table.joins, Part(Kin.JOINS, 0)),
        (table.zeros, Part(Kin.ZERO, 0)),
    ):
        yield from ((word, part) for word in words.split())


def _step(value: float) -> float:
    """Return the step below which what follows a number must stay."""
    if value < 20 or value % 10:
        return 1
    return next(step for step in (1_000_000, 1_000, 100, 10) if value % step == 0)


def _load() -> tuple[Speech, ...]:
    raw = resources.files(__package__).joinpath("numerals.toml").read_bytes()
    tables = msgspec.toml.decode(raw, type=dict[str, _Table])
    return tuple(Speech(name, table) for name, table in tables.items())


def _starts(speeches: Iterable[Speech]) -> dict[str, tuple[Speech, ...]]:
    """Return the languages whose numbers may begin with a text of so many letters."""
    found: dict[str, list[Speech]] = {}
    for speech in speeches:
        for word in speech.parts:
            start = word[:1] if is_unspaced(word[0]) else word[:3]
            also = f"ب{word[0]}" if speech.table.joins == "و" else start  # "for" is glued to it
            for text in (start, also):
                known = found.setdefault(text, [])
                if speech not in known:
                    known.append(speech)
    return {start: tuple(known) for start, known in found.items()}


SPEECHES = _load()
_STARTS = _starts(SPEECHES)


@lru_cache(maxsize=20_000)
def beginning(text: str) -> tuple[Speech, ...]:
    """Return the languages whose numbers may begin with a word; nearly all words begin none."""
    if is_unspaced(text[0]):
        return _STARTS.get(text[0], ())
    return tuple(dict.fromkeys((*_STARTS.get(text[:3], ()), *_STARTS.get(text[:2], ()))))


ARABIC = next(speech for speech in SPEECHES if speech.table.joins == "و")


def grown(stack: Stack, parts: Iterable[Part], speech: Speech) -> Stack | None:
    """Return the stack with more parts, or ``None`` when they do not go on the same number."""
    joined = False
    for part in parts:
        if part.kin is Kin.JOINS:
            joined = True
            stack = (*stack, _JOINED) if stack and stack[-1] != _JOINED else stack
            continue
        if stack and stack[-1] == _JOINED:
            stack, joined = stack[:-1], True
        larger = _added(stack, part, joined=joined and speech.table.inverted)
        if larger is None:
            return None
        stack = larger
    return stack


def _added(stack: Stack, part: Part, *, joined: bool) -> Stack | None:
    if part.kin is Kin.ADDS and joined and stack and is_unit(stack[-1]):
        if part.step == 10:
            return (*stack[:-1], (stack[-1][0] + part.value, 1))
        return None
    return _ADDING[part.kin](stack, part)


def _pushed(stack: Stack, part: Part) -> Stack | None:
    if stack and not part.value < stack[-1][1]:
        return None
    return (*stack, (part.value, part.step))


def _multiplied(stack: Stack, part: Part) -> Stack | None:
    kept = len(stack)
    while kept and stack[kept - 1][1] < part.value:
        kept -= 1
    taken = sum(value for value, _ in stack[kept:])
    if abs(taken) < 0.5:
        taken += 1  # nothing before "thousand", or only a part of one: "सवा लाख"
    if part.value == 100 and taken >= 100:
        return None
    return _pushed(stack[:kept], Part(Kin.ADDS, taken * part.value, part.value))


def _teen(stack: Stack, part: Part) -> Stack | None:
    if not stack or not is_unit(stack[-1]):
        return None
    return (*stack[:-1], (stack[-1][0] + part.value, 1))


def _halved(stack: Stack, part: Part) -> Stack | None:
    step = stack[-1][1] if stack else 1
    return (*stack, (step / 2, 0.25)) if step >= 1 else None


def _more(stack: Stack, part: Part) -> Stack | None:
    return _pushed(stack, Part(Kin.MORE, part.value, _MORE))


def _zero(stack: Stack, _: Part) -> Stack | None:
    return (*stack, (0, stack[-1][1] / 10)) if stack and stack[-1][1] >= 100 else None


_ADDING: dict[Kin, Callable[[Stack, Part], Stack | None]] = {
    Kin.ADDS: _pushed,
    Kin.MULTIPLIES: _multiplied,
    Kin.TEEN: _teen,
    Kin.HALF: _halved,
    Kin.MORE: _more,
    Kin.ZERO: _zero,
}


def is_unit(top: tuple[float, float]) -> bool:
    """Say whether the last part of a number is a bare digit."""
    return top[1] == 1 and 0 < top[0] < 10


def total_of(stack: Stack, speech: Speech) -> float:
    """Return the value of a number; what its language leaves unsaid is added."""
    table = speech.table
    total = sum(value for value, _ in stack)
    if len(stack) < 2:
        return total
    before, step = stack[-2]
    if table.short and is_unit(stack[-1]) and step >= table.short and before > 0:
        return total + stack[-1][0] * (step / 10 - 1)
    if table.skips and stack[0][1] >= 1_000_000:
        rest = total - stack[0][0]
        return stack[0][0] + rest * 1_000 if 10 <= rest < 1_000 else total
    return total


_JOINED = (0.0, -1.0)

"""What the linear model sees of a message: numbers of weights to add up.

Three kinds of features share one table by hashing. *Words*: runs of one to four tokens, in which a
number stands for how it relates to the lot ("near the price", "a code in use") and a word of the
lot's title for any title, so that what was learned of plants holds for shoes. *Characters*: runs
of two to five, which carry misspellings and scripts without spaces. *Facts*: what the grammar
found, and the context. The weights were trained for exactly these features: a change here needs
new weights, and `VERSION` with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from dealflow.intents.evidence import SIZES, Evidence
from dealflow.intents.finding import Finding
from dealflow.intents.normalise import normalise
from dealflow.intents.scene import Scene
from dealflow.intents.tokens import Kind, Token
from dealflow.model.show import SaleMode

VERSION = 2

BITS = 18
"""The table has two to this many rows. Twice as many gained nothing that could be measured."""

SIZE = 1 << BITS
_MASK = SIZE - 1

MAX_TOKENS = 48
"""Tokens of a message that become words; nearly all chat is shorter."""

MAX_CHARACTERS = 160
"""Characters of a message that become runs of characters."""

MAX_HISTORY = 2
"""Earlier messages of the author that are looked at, the newest."""

MAX_SAID = 8
"""Words of an earlier message that are read, the first of them."""

MAX_TOLD = 8
"""Words that are read of what the shop said last, the last of them."""

MAX_ANSWER = 6
"""Words of the longest message that is read as an answer to it."""

MAX_WORDS = 100_000
"""Words whose place is remembered before the memory starts afresh."""

MAX_EARLIER = 5_000
"""Earlier messages whose places are remembered before the memory starts afresh."""

MAX_GROUPS = 20_000
"""Groups of facts whose places are remembered before the memory starts afresh."""

LONGEST_RUN = 5
"""Characters of the longest run."""

LONGEST_PHRASE = 4
"""Words of the longest phrase."""

_PRIMES = np.array(
    [0x01000193, 0x85EBCA6B, 0xC2B2AE35, 0x27D4EB2F, 0x165667B1, 0x9E3779B1, 0x7FEB352D], np.uint32
)
_SKIP = 5
_SCENE = 6
_SMALL = 10

Rows = NDArray[np.uint32]
Owners = NDArray[np.int32]
Group = tuple[str | int | None, ...]
"""Facts that are told together: what they are of, and their values."""

Read = tuple[Evidence, Finding, str]
"""A message as it was read: its evidence, the grammar's finding and its normalised text."""


class Features:
    """Turns messages into rows of the table. Not thread-safe: it remembers places."""

    def __init__(self) -> None:
        self._groups: dict[Group, list[int]] = {}
        self._places: dict[str, int] = {}
        self._said: dict[str, list[int]] = {}
        self._told: dict[tuple[str, str], list[int]] = {}

    def rows(self, reads: Sequence[Read]) -> tuple[Rows, NDArray[np.int64]]:
        """Return all rows of all messages, one message after another, and where each begins.

        Every message has at least one row.
        """
        if len(self._places) > MAX_WORDS:
            self._places.clear()
        if len(self._said) > MAX_EARLIER:
            self._said.clear()
        if len(self._told) > MAX_EARLIER:
            self._told.clear()
        if len(self._groups) > MAX_GROUPS:
            self._groups.clear()
        parts = [self._facts(reads), *self._phrases(reads), *_runs([text for _, _, text in reads])]
        owners = np.concatenate([owner for _, owner in parts])
        order = np.argsort(owners, kind="stable")
        starts = np.zeros(len(reads), np.int64)
        np.cumsum(np.bincount(owners, minlength=len(reads))[:-1], out=starts[1:])
        return np.concatenate([rows for rows, _ in parts])[order] & np.uint32(_MASK), starts

    def _facts(self, reads: Sequence[Read]) -> tuple[Rows, Owners]:
        places: list[int] = []
        sizes: list[int] = []
        for evidence, finding, _ in reads:
            before = len(places)
            for group in facts(evidence, finding):
                known = self._groups.get(group)
                if known is None:
                    known = self._groups[group] = [place_of(name) for name in names(group)]
                places += known
            context = evidence.context
            told = context.room.shop, finding.tier
            if context.room.shop and evidence.words <= MAX_ANSWER:
                places += self._told.get(told) or self._answered(told)
            history = context.history[-MAX_HISTORY:]
            places.append(_LENGTHS[len(history)])
            for said in history:
                places += self._said.get(said) or self._earlier(said)
            sizes.append(len(places) - before)
        owner = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        return np.fromiter(places, np.uint32, len(places)), owner

    def _phrases(self, reads: Sequence[Read]) -> list[tuple[Rows, Owners]]:
        words: list[int] = []
        sizes: list[int] = []
        scenes: list[int] = []
        for evidence, _, _ in reads:
            found = self._words(evidence)
            words += found
            sizes.append(len(found))
            scenes.append(_MODES[evidence.scene.mode])
        codes = np.fromiter(words, np.uint32, len(words))
        owner = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        grams = _grams(codes, owner, 1, LONGEST_PHRASE)
        scene = np.array(scenes, np.uint32) * _PRIMES[_SCENE]
        crossed = [(_mix(rows ^ scene[own], _SCENE), own) for rows, own in grams[:2]]
        return [*grams, *crossed, _skips(codes, owner)]

    def _words(self, evidence: Evidence) -> list[int]:
        scene, places = evidence.scene, self._places
        found = [_START]
        for token in evidence.tokens[:MAX_TOKENS]:
            shape = shape_of(token, scene)
            place = places.get(shape)
            if place is None:
                place = places[shape] = place_of(shape)
            found.append(place)
        found.append(_END)
        return found

    def _earlier(self, said: str) -> list[int]:
        """Return the places of the words of an earlier message of the author."""
        words = normalise(said).split()[:MAX_SAID]
        places = self._said[said] = [place_of(word, _HISTORY) for word in words]
        return places

    def _answered(self, told: tuple[str, str]) -> list[int]:
        """Return the places of what the shop said last, beside a tier."""
        places = self._told[told] = [place_of(name) for name in _told(*told)]
        return places


def place_of(name: str, before: int = 0) -> int:
    """Return the place of a feature: a checksum of its name, to be cut to the table's size.

    Args:
        name: the feature, or what follows in it.
        before: the place of what stands before in its name.
    """
    return crc32(name.encode("utf-8", "replace"), before)


_START, _END = place_of("^"), place_of("$")

_HISTORY = place_of("h:")
_LENGTHS = [place_of(f"h:{length}") for length in range(MAX_HISTORY + 1)]

_MODES = {mode: place_of(f"m:{mode or '-'}") for mode in (None, *SaleMode)}


def _grams(codes: Rows, owner: Owners, least: int, most: int) -> list[tuple[Rows, Owners]]:
    """Return the hashes of the runs of each length that lie within one message."""
    parts: list[tuple[Rows, Owners]] = []
    total = codes
    for length in range(1, min(most, len(codes)) + 1):
        if length > 1:
            size = len(codes) - length + 1
            total = (total[:size] * _PRIMES[0]) ^ codes[length - 1 :]
        if length >= least:
            whole = owner[: len(total)] == owner[length - 1 :]
            parts.append((_mix(total[whole], length), owner[: len(total)][whole]))
    return parts


def _skips(codes: Rows, owner: Owners) -> tuple[Rows, Owners]:
    """Return the hashes of the pairs of words that stand around one other word."""
    size = max(len(codes) - 2, 0)
    whole = owner[:size] == owner[2:]
    pairs = (codes[:size] * _PRIMES[1]) ^ codes[2:]
    return _mix(pairs[whole], _SKIP), owner[:size][whole]


def _mix(hashes: Rows, kind: int) -> Rows:
    mixed = (hashes ^ (hashes >> np.uint32(15))) * _PRIMES[kind % len(_PRIMES)]
    return np.asarray(mixed ^ (mixed >> np.uint32(13)), np.uint32)


def _runs(texts: Sequence[str]) -> list[tuple[Rows, Owners]]:
    """Return the hashes of the runs of characters; digits are all alike."""
    padded = [f" {text[:MAX_CHARACTERS]} " for text in texts]
    sizes = [len(text) for text in padded]
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "replace"), np.uint32)
    codes = np.where((codes >= ord("0")) & (codes <= ord("9")), np.uint32(ord("0")), codes)
    owner = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    return _grams(codes, owner, 2, LONGEST_RUN)


def facts(evidence: Evidence, finding: Finding) -> Iterator[Group]:
    """Yield what the grammar found and what the context says, for `names` to spell."""
    scene, context = evidence.scene, evidence.context
    tier, intent = finding.tier, finding.intent
    place = _PLACES[scene.mode, scene.lot is not None]
    rule = scene.rules.number_is or "-"
    words = evidence.words
    yield "f", tier, intent, place, rule, min(words, 12)
    for label, hits in evidence.hits.items():
        first = hits[0]
        sign = f"{'?' * evidence.is_asked(first)}{'!' * evidence.is_negated(first)}"
        yield "l", label, tier, intent, place, sign
    age = None if context.lot_age is None else min(int(context.lot_age) // 10, 6)
    if evidence.asks:
        yield "?", tier, intent, age
    elif age is not None:
        yield "a", age, tier
    ids = " ".join([shape_of(token, scene) for token in evidence.ids[:4]])
    yield "n", ids, place, rule, min(words, 6)
    step = evidence.step
    if step is not None:
        yield "o", step, tier, place


def names(group: Group) -> Iterator[str]:
    """Yield the names of the features that a group of facts stands for."""
    kind, *values = group
    return _NAMES[str(kind)](*values)


def _found(tier: str, intent: str, place: str, rule: str, words: int) -> Iterator[str]:
    yield "*"
    yield f"f:{tier}>{intent}"
    yield f"f:{tier}>{intent}|{place}"
    yield f"p:{place}"
    yield f"r:{rule}|{place}"
    yield f"w:{words}"
    yield f"w:{words}|{tier}>{intent}"


def _label(label: str, tier: str, intent: str, place: str, signs: str) -> Iterator[str]:
    yield f"l:{label}"
    yield f"l:{label}|{place}"
    yield f"l:{label}|{tier}>{intent}"
    yield from (f"l:{label}{sign}" for sign in signs)


def _asking(tier: str, intent: str, age: int | None) -> Iterator[str]:
    yield "?"
    yield f"?|{tier}>{intent}"
    if age is not None:
        yield from _age(age, tier)


def _age(age: int, tier: str) -> Iterator[str]:
    yield f"a:{age}|{tier}"


def _numbers(ids: str, place: str, rule: str, words: int) -> Iterator[str]:
    yield f"n:{ids}"
    if ids:
        yield f"n:{ids}|{place}|{rule}"
        yield f"n:{ids}|{words}"


def _step(step: str, tier: str, place: str) -> Iterator[str]:
    yield f"o:{step}|{place}"
    yield f"o:{step}|{tier}|{place}"


def _told(text: str, tier: str) -> Iterator[str]:
    told = normalise(text).split()[-MAX_TOLD:]
    yield f"t?|{tier}" if "?" in text else f"t.|{tier}"
    yield from (f"t:{word}|{tier}" for word in told)


_NAMES: dict[str, Callable[..., Iterator[str]]] = {
    "f": _found,
    "l": _label,
    "?": _asking,
    "a": _age,
    "n": _numbers,
    "o": _step,
}
"""How each kind of group is spelled."""

_PLACES = {
    (mode, has_lot): f"{mode or '-'}{'+' if has_lot else '0'}"
    for mode in (None, *SaleMode)
    for has_lot in (False, True)
}


def shape_of(token: Token, scene: Scene) -> str:
    """Return what stands for a token among the words."""
    text, kind = token.text, token.kind
    if kind is Kind.WORD:
        if text in SIZES:
            return "<size>"
        return "<title>" if text in scene.words and len(text) > 1 else text
    match kind:
        case Kind.NUMBER | Kind.MONEY | Kind.COUNT:
            return f"<{token.kind.name[0]}{_relation(token, scene)}>"
        case Kind.CODE:
            if scene.knows_code(text):
                return "<code+>"
            return "<code~>" if scene.like_code(text) else "<code>"
        case Kind.MENTION:
            return "<@>"
        case Kind.LINK:
            return "<link>"
        case _:
            return text


def _relation(token: Token, scene: Scene) -> str:
    """Return how a number relates to the lot: its code, its price, a number of its title."""
    if scene.knows_code(token.text):
        return "code"
    if token.text in scene.words:
        return "title"
    value = token.value
    if value is None:
        return "?"
    if scene.price is None or scene.price <= 0:
        return "small" if value <= _SMALL else "big"
    ratio = value / scene.price
    small = "1" if value <= _SMALL else ""
    for limit, name in _RATIOS:
        if ratio < limit:
            return name + small
    return "far" + small


_RATIOS = ((0.05, "nil"), (0.3, "low"), (0.75, "under"), (0.999, "near"), (1.001, "same"),
           (1.35, "over"), (2.1, "high"))  # fmt: skip

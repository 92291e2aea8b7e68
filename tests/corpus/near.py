"""Finds texts that stand too near to each other, exactly and in seconds.

Two texts are near when they share four fifths of their runs of three characters (Jaccard), once
case, width, digits and punctuation are folded away. Such a pair must share two of its rarest runs:
of a text with n runs, n/5 + 2 of the rarest are enough to meet every text that is near in two. So
only the pairs of those are indexed, and only texts that meet in one are compared.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

NEAR = 0.8
"""Part of all runs that two texts may not share."""

LONG = 16
"""Characters from which a text is compared; shorter ones are alike by nature."""

RUN = 3

_DIGITS = re.compile(r"\d+")
_SEPARATING = frozenset("PSZC")
_THAI = range(0x0E00, 0x0F00)
_WIDE = 0x2E80
"""From here on, and in Thai, one character says as much as two letters."""

Runs = frozenset[str]


class Signs(dict[int, int]):
    """Maps each character to itself, or to a space; remembers what it was asked."""

    def __missing__(self, code: int) -> int:
        separates = unicodedata.category(chr(code))[0] in _SEPARATING
        self[code] = ord(" ") if separates else code
        return self[code]


def folded(text: str) -> str:
    """Return the text without case, width, digits and punctuation."""
    plain = _DIGITS.sub("0", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(plain.translate(_SIGNS).split())


_SIGNS = Signs()


def is_long(plain: str) -> bool:
    """Say whether a folded text is long enough to be compared."""
    if len(plain) >= LONG:
        return True
    double = sum(ord(char) >= _WIDE or ord(char) in _THAI for char in plain)
    return len(plain) + double >= LONG


def runs(plain: str) -> Runs:
    """Return the runs of three characters of a folded text; a shorter text is its own run."""
    return frozenset(plain[at : at + RUN] for at in range(max(len(plain) - RUN + 1, 1)))


def near_pairs(
    texts: Sequence[str], others: Sequence[str] = ()
) -> Iterator[tuple[int, int, float]]:
    """Yield the places of the texts that are near to an earlier one, and how near.

    With ``others`` the texts are compared with these instead of with each other.
    """
    asked = _long(texts)
    known = _long(others) if others else asked
    rarity = Counter(run for _, own in (*asked, *(known if others else ())) for run in own)
    order = sorted(rarity, key=lambda run: (rarity[run], run))
    index = Index({run: rank for rank, run in enumerate(order)})
    if others:
        for place, own in known:
            index.add(place, own)
    for place, own in asked:
        for other, shared in index.near(own):
            yield place, other, shared
        if not others:
            index.add(place, own)


class Index:
    """Texts by the pairs among their rarest runs; ``ranks`` orders all runs, the rarest first."""

    def __init__(self, ranks: Mapping[str, int]) -> None:
        self._ranks = ranks
        self._places: defaultdict[tuple[int, int], list[tuple[int, Runs]]] = defaultdict(list)

    def add(self, place: int, own: Runs) -> None:
        """Take in one text."""
        for pair in self._rarest(own):
            self._places[pair].append((place, own))

    def near(self, own: Runs) -> Iterator[tuple[int, float]]:
        """Yield the places of the texts that are near, and how near."""
        places = self._places
        least, most = _least_shared(len(own)), len(own) * 5 // 4
        met: dict[int, Runs] = {}
        for pair in self._rarest(own):
            met |= {
                place: other for place, other in places.get(pair, ()) if least <= len(other) <= most
            }
        for place, other in sorted(met.items()):
            both = len(own & other)
            shared = both / (len(own) + len(other) - both)
            if shared >= NEAR:
                yield place, shared

    def _rarest(self, own: Runs) -> Iterable[tuple[int, int]]:
        """Return so many pairs of the rarest runs that no text is near without sharing one."""
        order = sorted(self._ranks[run] for run in own)
        if len(order) == 1:
            return [(order[0], order[0])]
        return combinations(order[: len(order) - _least_shared(len(order)) + 2], 2)


def _long(texts: Sequence[str]) -> list[tuple[int, Runs]]:
    plain = [folded(text) for text in texts]
    return [(place, runs(one)) for place, one in enumerate(plain) if is_long(one)]


def _least_shared(size: int) -> int:
    """Return how many runs a text must share with any that is near to it."""
    return -(-size * 4 // 5)

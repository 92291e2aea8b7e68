"""Finds texts that stand too near to each other, exactly and in seconds.

Two texts are near when they share four fifths of their runs of three characters (Jaccard), once
case, width, digits and punctuation are folded away. Such a pair must share one of its rarest runs:
of a text with n runs, n/5 + 1 of the rarest are enough to meet every text that is near. So only
those are indexed, and only texts that meet in one are compared.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

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


def folded(text: str) -> str:
    """Return the text without case, width, digits and punctuation."""
    plain = _DIGITS.sub("0", unicodedata.normalize("NFKC", text).casefold())
    kept = (" " if unicodedata.category(char)[0] in _SEPARATING else char for char in plain)
    return " ".join("".join(kept).split())


def is_long(plain: str) -> bool:
    """Say whether a folded text is long enough to be compared."""
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
    index: defaultdict[str, list[int]] = defaultdict(list)
    rare = [_rarest(own, rarity) for _, own in known]
    if others:
        for at, chosen in enumerate(rare):
            for run in chosen:
                index[run].append(at)
    for at, (place, own) in enumerate(asked):
        chosen = _rarest(own, rarity) if others else rare[at]
        for other in sorted({one for run in chosen for one in index[run]}):
            shared = _shared(own, known[other][1])
            if shared >= NEAR:
                yield place, known[other][0], shared
        if not others:
            for run in chosen:
                index[run].append(at)


def _long(texts: Sequence[str]) -> list[tuple[int, Runs]]:
    plain = [folded(text) for text in texts]
    return [(place, runs(one)) for place, one in enumerate(plain) if is_long(one)]


def _rarest(own: Runs, rarity: Counter[str]) -> list[str]:
    """Return so many of the rarest runs that no text is near without sharing one of them."""
    order = sorted(own, key=lambda run: (rarity[run], run))
    return order[: len(order) - _least_shared(len(order)) + 1]


def _least_shared(size: int) -> int:
    """Return how many runs a text must share with any that is near to it."""
    return -(-size * 4 // 5)


def _shared(one: Runs, other: Runs) -> float:
    if min(len(one), len(other)) < NEAR * max(len(one), len(other)):
        return 0.0
    both = len(one & other)
    return both / (len(one) + len(other) - both)

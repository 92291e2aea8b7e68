"""What people call a lot: by its code, or by words of its title; pure.

Codes are compared without case, signs and leading zeros ("#013" is "13"), titles by the words in
them. Digits of every script count as digits.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

import msgspec

from dealflow.model.show import Lot

MAX_CODE = 8
"""Letters and digits in a code that no lot has yet; longer ones are words or order numbers."""

MAX_CODE_LETTERS = 3
"""Letters in such a code: "A12" and "GS7" are codes, "iphone15" is a name."""

# Words that stand before a code and are no part of it.
_BEFORE_CODE = frozenset({"lot", "item", "no", "nr", "num", "number", "code"})

# Words that fit almost any lot, so that they name none of them.
_VAGUE_WORDS = """
the this that these those them one ones it its all both pair set item lot size
black white red blue green pink grey gray brown yellow purple orange gold silver cream navy
"""
_VAGUE = frozenset(_VAGUE_WORDS.split())


class LotName(msgspec.Struct, frozen=True):
    """A lot and what it goes by: its normal code (or ``""``) and the words of its title."""

    lot: Lot
    code: str
    words: frozenset[str]


def name_of(lot: Lot) -> LotName:
    """Return what a lot goes by."""
    code = normal_code(lot.code or "")
    words = set(_words(lot.title))
    if code:
        words.add(code)
    return LotName(lot, code, frozenset(words))


def normal_code(text: str) -> str:
    """Return the form under which two writings of a code are equal, ``""`` if there is none."""
    tokens = _tokens(text)
    while len(tokens) > 1 and tokens[0] in _BEFORE_CODE:
        tokens = tokens[1:]
    code = "".join(tokens)
    return code.lstrip("0") or "0" if code.isdecimal() else code


def is_code(text: str) -> bool:
    """Say whether a text has the shape of a code: short, with a digit and few letters."""
    code = normal_code(text)
    letters = sum(not char.isdecimal() for char in code)
    return 0 < len(code) <= MAX_CODE and letters <= MAX_CODE_LETTERS and letters < len(code)


def has_letters(code: str) -> bool:
    """Say whether a normal code has anything but digits, which divides the codes of one show."""
    return not code.isdecimal()


def in_ranges(code: str, ranges: Iterable[str]) -> bool:
    """Say whether a normal code is one of these codes or lies in one of these ranges (A1-A99)."""
    return any(_in_range(code, text) for text in ranges)


def is_price_of(item: str, lot: Lot | None) -> bool:
    """Say whether an item is the price of the lot: "claim 20" where the price is what is said."""
    code = normal_code(item)
    return lot is not None and lot.price is not None and code == f"{lot.price:g}"


def find(item: str, on_screen: Lot | None, known: Sequence[LotName]) -> LotName | None:
    """Return the lot that an item names.

    Args:
        item: what was written.
        on_screen: the lot on screen, which wins where several fit equally well.
        known: the lots of the show, the newest last.
    """
    by_code = _by_code(item, on_screen, known)
    return by_code if by_code is not None else _by_words(item, on_screen, known)


def _by_code(item: str, on_screen: Lot | None, known: Sequence[LotName]) -> LotName | None:
    code = normal_code(item)
    if not code:
        return None
    return _first_choice([name for name in known if name.code == code], on_screen)


def _by_words(item: str, on_screen: Lot | None, known: Sequence[LotName]) -> LotName | None:
    """Return the lot that shares most words with the item, and at least half of them."""
    words = frozenset(_words(item))
    if not words:
        return None
    shared = [len(words & name.words) for name in known]
    most = max(shared, default=0)
    if most == 0 or 2 * most < len(words):
        return None
    best = [name for name, count in zip(known, shared, strict=True) if count == most]
    return _first_choice(best, on_screen)


def _first_choice(names: Sequence[LotName], on_screen: Lot | None) -> LotName | None:
    for name in names:
        if on_screen is not None and name.lot.key == on_screen.key:
            return name
    return names[-1] if names else None


def _in_range(code: str, text: str) -> bool:
    first, dash, last = text.partition("-")
    if not dash:
        return code == normal_code(text)
    low, high, this = _parts(normal_code(first)), _parts(normal_code(last)), _parts(code)
    if low is None or high is None or this is None:
        return code == normal_code(text)
    # "A1-99" means "A1-A99".
    same_letters = this[0] == low[0] and high[0] in ("", low[0])
    return same_letters and low[1] <= this[1] <= high[1]


def _parts(code: str) -> tuple[str, int] | None:
    """Split a code into its letters and its number: ``a12`` is ``("a", 12)``."""
    letters = code.rstrip("0123456789")
    digits = code[len(letters) :]
    return (letters, int(digits)) if 0 < len(digits) <= MAX_CODE else None


def _words(text: str) -> list[str]:
    """Return the telling words, each without its plural ending."""
    return [
        token[:-1] if len(token) > 3 and token.endswith("s") else token
        for token in _tokens(text)
        if token not in _VAGUE and (len(token) > 1 or token.isdecimal())
    ]


def _tokens(text: str) -> list[str]:
    return "".join(_plain(char) for char in unicodedata.normalize("NFKC", text).casefold()).split()


def _plain(char: str) -> str:
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    # A combining mark belongs to the letter before it; Thai and Hindi are full of them.
    return char if char.isalnum() or unicodedata.category(char).startswith("M") else " "

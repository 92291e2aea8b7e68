"""Which tokens of a message are sizes: letters, measures, and numbers where they are sizes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from dealflow.intents.evidence import MEASURES, SIZES, Evidence
from dealflow.intents.scene import MAX_TITLE, Scene
from dealflow.intents.slots.naming import numbers_offered
from dealflow.intents.tokens import Kind, Token, is_unspaced

_SIZE_LABELS = frozenset({
    "size", "sz", "talla", "taille", "grosse", "groesse", "taglia", "tamanho", "ukuran",
    "rozmiar", "beden", "numara", "us", "uk", "eu", "pointure", "misura", "saiz", "tam", "مقاس",
    "ไซส์", "nummer", "maat",
})  # fmt: skip
_WHOSE = frozenset({
    "womens", "women's", "mens", "men's", "wmns", "girls", "boys", "kids", "youth", "toddler",
})  # fmt: skip
_AFTER_SIZE = frozenset({"us", "uk", "eu", "wide", "waist", "beden", "numara"})
_HALF = "1/2"
_LABELS_BEFORE = (
    "ไซส์",
    "ไซ",
    "เบอร์",
    "尺码",
    "尺寸",
    "码数",
    "サイズは",
    "サイズ",
    "사이즈",
    "사이즈는",
)
_LABELS_BEHIND = ("码", "碼", "サイズ", "사이즈", "号码")
_MORE_SIZES = frozenset({"pp", "p", "g", "gg", "xg", "xgg", "ch", "eg"})
"""Sizes of Brazil and Mexico; letters that are sizes only where the lot's title lists them."""

_ALL_SIZES = SIZES | _MORE_SIZES
_SIZE_UNITS = frozenset({
    "us", "uk", "eu", "cm", "mm", "ml", "oz", "kg", "g", "inch", "in", "ct",
})  # fmt: skip
SIZED = frozenset({
    "size", "sizes", "sz", "talla", "tallas", "taglia", "taglie", "taille", "grosse", "ukuran",
    "saiz", "us", "uk", "eu", "rozmiar", "numara", "beden", "maat", "tamanho", "grossen", "gr",
    "tam", "rozm", "mt", "maten", "numero", "num",
})  # fmt: skip
"""Words of a title that make the numbers in it sizes."""

_NUMBER_SIGNS = frozenset("号號호")
"""What is written behind the number of a size in East Asia: "9号-15号"."""

_SIZABLE: Final = frozenset({Kind.NUMBER, Kind.CODE})
_CROSSED: Final = frozenset({Kind.COUNT, Kind.WORD})


def sizes_in(evidence: Evidence, written: str, used: Collection[int]) -> Iterator[int]:
    """Yield the places of the tokens that are sizes.

    Args:
        evidence: the message, read.
        written: its text as it was sent, which tells "L" from "l".
        used: places that mean something else already.
    """
    reader = _Reader(evidence, written)
    for at, token in enumerate(evidence.tokens):
        sized = token.text in _ALL_SIZES or token.kind in _SIZABLE or token.text[0].isdecimal()
        if sized and at not in used and reader.names_size(at, token):
            yield at


def whole_size(evidence: Evidence, written: str, at: int) -> tuple[str, int]:
    """Return the size that begins at a token and the place behind it: "L/XL", "32x30", "M"."""
    texts = [token.text for token in evidence.tokens[at : at + 3]]
    plain, title = written.lower(), _title(evidence.scene)
    if len(texts) == 3 and texts[1] == "/" and texts[0] in _ALL_SIZES and texts[2] in _ALL_SIZES:
        joined = "".join(texts)
        if joined in plain:
            return joined, at + 3
    if len(texts) > 1 and _is_cross(texts[0], texts[1], title):
        joined = texts[0] + texts[1]
        if joined in plain:
            return joined, at + 2
    if len(texts) > 1 and texts[1] == _HALF:
        joined = f"{texts[0]} {_HALF}"
        if joined in plain:
            return joined, at + 2
    if len(texts) > 1 and texts[1] in _NUMBER_SIGNS and texts[1] in title:
        joined = texts[0] + texts[1]
        if joined in plain:
            return joined, at + 2
    return texts[0], at + 1


def is_likely(words: str, scene: Scene) -> bool:
    """Say whether words that somebody took for a size can be one.

    Where the seller's rule makes a number the price, "14E" is how an item is called in that show,
    and a lone letter beside another word is the beginning of it.
    """
    parts = words.split()
    if len(parts) == 1:
        coded = scene.rules.number_is == "price" and _LETTERED.match(words) is not None
        return not coded or words in scene.words
    lone = any(len(part) == 1 and part in SIZES for part in parts)
    return not lone or all(part in _ALL_SIZES | _SIZE_LABELS or "/" in part for part in parts)


def is_shouted(token: Token, evidence: Evidence, written: str) -> bool:
    """Say whether a token stands in capitals, or says all that is said."""
    return token.text.upper() in written or len(evidence.tokens) == 1


def is_listed(text: str, scene: Scene) -> bool:
    """Say whether a number or a letter is a size that the lot's title lists: "EU 38-42"."""
    if scene.lot is None or scene.code == text:
        return False
    title = _title(scene)
    if not text.isdecimal():
        return text in scene.words
    if scene.words & SIZED or scene.rules.number_is == "size":
        return text in scene.words or _is_between(text, title, _ANY)
    if scene.rules.number_is is not None or text in numbers_offered(title):
        return False
    return _is_between(text, title, _WORN)


def is_spanned(text: str, scene: Scene) -> bool:
    """Say whether the lot's title has a span of numbers around a number, whatever they are."""
    return text.isdecimal() and _is_between(text, _title(scene), _ANY)


class _Reader:
    """Tells sizes from other words and numbers of one message."""

    def __init__(self, evidence: Evidence, written: str) -> None:
        self._evidence = evidence
        self._tokens = evidence.tokens
        self._written = written

    def names_size(self, at: int, token: Token) -> bool:
        before, after = self._text(at - 1), self._text(at + 1)
        if token.kind in _CROSSED and self._is_crossed(token.text, after):
            return True
        labelled = (
            before in _SIZE_LABELS
            or after in _AFTER_SIZE
            or before in _WHOSE
            or after in _WHOSE
            or self._is_labelled(at)
        )
        if token.kind is Kind.NUMBER:
            listed = is_listed(token.text, self._evidence.scene)
            halved = after == _HALF and self._text(at + 2) not in MEASURES
            return labelled or listed or halved or self._is_named(at, token.text)
        if token.text in SIZES:
            return labelled or (self._is_size(at) and self._is_no_count(token))
        if token.text in _MORE_SIZES:
            shouted = is_shouted(token, self._evidence, self._written)
            return labelled or (shouted and token.text in self._evidence.scene.words)
        if token.kind is not Kind.CODE:
            return False
        measured = self._is_measure(token.text) or self._is_waist(token.text)
        return labelled or measured or self._is_in_row(token.text)

    def _text(self, at: int) -> str:
        return self._tokens[at].text if 0 <= at < len(self._tokens) else ""

    def _is_labelled(self, at: int) -> bool:
        """Say whether a word for size is glued to the token, in a script without spaces."""
        before, after = self._text(at - 1), self._text(at + 1)
        if not (before and is_unspaced(before[0])) and not (after and is_unspaced(after[0])):
            return False
        joined = "".join(token.text for token in self._tokens[max(0, at - 6) : at])
        following = "".join(token.text for token in self._tokens[at + 1 : at + 5])
        return joined.endswith(_LABELS_BEFORE) or following.startswith(_LABELS_BEHIND)

    def _is_crossed(self, text: str, after: str) -> bool:
        """Say whether "32x30" or "32/30" begins here."""
        crossed = _is_cross(text, after, _title(self._evidence.scene))
        return crossed or _TROUSERS.match(text) is not None

    def _is_waist(self, text: str) -> bool:
        """Say whether "w32" is one of the lot's sizes, and no code."""
        scene = self._evidence.scene
        return _WAIST.match(text) is not None and text in scene.words and text != scene.code

    def _is_no_count(self, token: Token) -> bool:
        """Say whether "2x" is a size: where the lot's title has sizes it may be, else it counts."""
        words = self._evidence.scene.words
        return token.kind is not Kind.COUNT or bool(words & SIZES or words & SIZED)

    def _is_measure(self, text: str) -> bool:
        """Say whether "50ml" is a size: where the lot's title names such a measure, or none is."""
        unit = _unit(text)
        if unit is None:
            return False
        scene = self._evidence.scene
        return scene.lot is None or any(_unit(word) == unit for word in scene.words)

    def _is_named(self, at: int, text: str) -> bool:
        """Say whether a number follows what names the lot, and its title spans it: "ruby 10"."""
        scene, before = self._evidence.scene, self._text(at - 1)
        if scene.code == text or not text.isdecimal():
            return False
        title = _title(scene)
        if scene.knows_code(before):
            return _is_between(text, title, _WORN)
        if scene.rules.number_is not in (None, "item") or float(text) == scene.price:
            return False
        named = len(before) > 2 and before.isalpha() and before in scene.words
        return named and text not in numbers_offered(title) and _is_between(text, title, _MADE)

    def _is_in_row(self, text: str) -> bool:
        """Say whether "6c" is one of several such in the lot's title: "Vans, 5c 6c 7c"."""
        scene = self._evidence.scene
        match = _LETTERED.match(text)
        if match is None or text not in scene.words or scene.knows_code(text):
            return False
        return any(
            other != text and (same := _LETTERED.match(other)) is not None and same[1] == match[1]
            for other in scene.words
        )

    def _is_size(self, at: int) -> bool:
        """Say whether a word of sizes is one here: a lone letter may be part of a name."""
        text = self._text(at)
        if len(text) > 1:
            return True
        if self._text(at - 1) in ("&", ".", "-", "/") or self._text(at + 1) in ("&", "."):
            return False
        words = self._evidence.scene.words
        listed = text in words or bool(words & SIZED)
        shouted = text.upper() in self._written
        return listed or at == 0 or (shouted and at > 0)


_TROUSERS = re.compile(r"(?:2[4-9]|[345]\d)/(?:2[4-9]|3\d)$")
_WAIST = re.compile(r"w(?:2[4-9]|[345]\d)$")
_MEASURE = re.compile(r"\d+(?:\.\d+)?([a-z]+)$")
_LETTERED = re.compile(r"\d{1,2}([a-z]{1,2})$")
_SPAN = re.compile(
    r"(?<![\w$.-])(\d{1,2})[号號호]?\s?[-–〜~]\s?(\d{1,2})(?:[号號호]|(?![\w%.-]))"
    r"(?!\s?(?:cm|mm|kg|g|ml|pcs)\b)"
)
_ANY = range(1, 100)
_WORN = range(24, 61)
"""Numbers that are sizes of clothes and shoes where a title has a span of them and no label."""
_MADE = range(2, 31)
"""Numbers that are sizes where, besides, the message names what it wants."""


def _is_between(number: str, title: str, sizes: range) -> bool:
    return any(
        int(low) <= int(number) <= int(high) and int(low) in sizes and int(high) in sizes
        for low, high in _SPAN.findall(title)
    )


def _title(scene: Scene) -> str:
    return "" if scene.lot is None else scene.lot.title[:MAX_TITLE].lower()


def _is_cross(first: str, second: str, title: str) -> bool:
    """Say whether two tokens are "32x" and "30": of trousers, or as the title has it."""
    if first[-1:] != "x" or not (first[:-1].isdecimal() and second.isdecimal()):
        return False
    trousers = _TROUSERS.match(f"{first[:-1]}/{second}") is not None
    return trousers or first + second in title


def _unit(text: str) -> str | None:
    """Return the unit of a measure ("50ml"), or ``None`` for what is none."""
    match = _MEASURE.match(text)
    return match[1] if match is not None and match[1] in _SIZE_UNITS else None

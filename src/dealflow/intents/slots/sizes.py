"""Which tokens of a message are sizes: letters, measures, and numbers where they are sizes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from dealflow.intents.evidence import SIZES, Evidence
from dealflow.intents.scene import MAX_TITLE, Scene
from dealflow.intents.slots.naming import numbers_offered
from dealflow.intents.tokens import Kind, Token, is_unspaced

_SIZE_LABELS = frozenset({
    "size", "sz", "talla", "taille", "grosse", "groesse", "taglia", "tamanho", "ukuran",
    "rozmiar", "beden", "numara", "us", "uk", "eu", "pointure", "misura", "saiz", "tam", "مقاس",
    "ไซส์", "nummer", "maat",
})  # fmt: skip
_AFTER_SIZE = frozenset({"us", "uk", "eu", "wide", "beden", "numara"})
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
_SIZE_UNITS = ("us", "uk", "eu", "cm", "mm", "ml", "oz", "kg", "g", "inch", "in", "ct")
SIZED = frozenset({
    "size", "sizes", "sz", "talla", "tallas", "taglia", "taglie", "taille", "grosse", "ukuran",
    "saiz", "us", "uk", "eu", "rozmiar", "numara", "beden", "maat", "tamanho", "grossen", "gr",
    "tam", "rozm", "mt", "maten", "numero", "num",
})  # fmt: skip
"""Words of a title that make the numbers in it sizes."""

_SIZABLE: Final = frozenset({Kind.NUMBER, Kind.CODE})


def sizes_in(evidence: Evidence, written: str, used: Collection[int]) -> Iterator[int]:
    """Yield the places of the tokens that are sizes.

    Args:
        evidence: the message, read.
        written: its text as it was sent, which tells "L" from "l".
        used: places that mean something else already.
    """
    reader = _Reader(evidence, written)
    for at, token in enumerate(evidence.tokens):
        sized = token.text in _ALL_SIZES or token.kind in _SIZABLE
        if sized and at not in used and reader.names_size(at, token):
            yield at


def is_shouted(token: Token, evidence: Evidence, written: str) -> bool:
    """Say whether a token stands in capitals, or says all that is said."""
    return token.text.upper() in written or len(evidence.tokens) == 1


def is_listed(text: str, scene: Scene) -> bool:
    """Say whether a number or a letter is a size that the lot's title lists: "EU 38-42"."""
    if scene.lot is None or scene.code == text:
        return False
    title = scene.lot.title[:MAX_TITLE]
    if not text.isdecimal():
        return text in scene.words
    if scene.words & SIZED or scene.rules.number_is == "size":
        return text in scene.words or _is_between(text, title, _ANY)
    if scene.rules.number_is is not None or text in numbers_offered(title):
        return False
    return _is_between(text, title, _WORN)


class _Reader:
    """Tells sizes from other words and numbers of one message."""

    def __init__(self, evidence: Evidence, written: str) -> None:
        self._evidence = evidence
        self._tokens = evidence.tokens
        self._written = written

    def names_size(self, at: int, token: Token) -> bool:
        before, after = self._text(at - 1), self._text(at + 1)
        labelled = before in _SIZE_LABELS or after in _AFTER_SIZE or self._is_labelled(at)
        if token.kind is Kind.NUMBER:
            return labelled or is_listed(token.text, self._evidence.scene)
        if token.text in SIZES:
            return labelled or self._is_size(at)
        if token.text in _MORE_SIZES:
            shouted = is_shouted(token, self._evidence, self._written)
            return labelled or (shouted and token.text in self._evidence.scene.words)
        if token.kind is not Kind.CODE:
            return False
        return labelled or _is_measure(token.text) or self._is_in_row(token.text)

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


_LETTERED = re.compile(r"\d{1,2}([a-z]{1,2})$")
_SPAN = re.compile(
    r"(?<![\w$.-])(\d{1,2})\s?[-–]\s?(\d{1,2})(?![\w%.-])(?!\s?(?:cm|mm|kg|g|ml|pcs)\b)"
)
_ANY = range(1, 100)
_WORN = range(24, 61)
"""Numbers that are sizes of clothes and shoes where a title has a span of them and no label."""


def _is_between(number: str, title: str, sizes: range) -> bool:
    return any(
        int(low) <= int(number) <= int(high) and int(low) in sizes and int(high) in sizes
        for low, high in _SPAN.findall(title)
    )


def _is_measure(text: str) -> bool:
    return text[0].isdecimal() and any(
        text.endswith(unit) and text.removesuffix(unit).replace(".", "").isdecimal()
        for unit in _SIZE_UNITS
    )

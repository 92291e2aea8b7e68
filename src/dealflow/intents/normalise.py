"""One spelling for many: case, width, digits, accents, joiners and elongation are folded away.

The result is only for judging; what is stored and shown stays as it was sent.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

MAX_JUDGED = 2_000
"""Characters of a message that are judged. The longest chat limit known is a few hundred, so what
lies beyond is an attack, and every step after this one is linear in it."""

MAX_REMEMBERED = 4_096
"""Texts whose folded spelling is remembered: a message is read again as its author's history."""

_ASCII = {ord(mark): None for mark in "'`\x00"} | {ord("_"): " "}

_PLAIN = {
    **{ord(a): b for a, b in zip("đłøıħ", "dloih", strict=True)},
    ord("æ"): "ae",
    ord("œ"): "oe",
}
_FOLDED = {
    **_PLAIN,
    **{ord(mark): None for mark in "'`’‘ʼ´\u00ad\ufe0e\ufe0f\u20e3\u0640"},
    **{code: None for code in (*range(0x200B, 0x2010), *range(0x202A, 0x202F))},
    **{code: None for code in (*range(0x2060, 0x2070), 0xFEFF, *range(0xE0000, 0xE0080))},
    **{code: None for code in range(0x1F3FB, 0x1F400)},  # skin tones
    ord("_"): " ",
    **{ord(a): b for a, b in zip("أإآٱىة", "اااايه", strict=True)},
    **{ord(a): b for a, b in zip("٪،؛؟。，、！？；：～＃", "%,;?.,,!?;:~#", strict=True)},
    ord("¿"): " ",
    ord("¡"): " ",
    ord("़"): None,  # the Devanagari dot, which many keyboards leave out
}

_RUN = re.compile(r"([^\W\d_])\1{2,}")
_ARABIC_MARKS = range(0x064B, 0x0653)
_THAI_LAST = 0x0EFF
_INDIC_FIRST = 0x0900


@lru_cache(maxsize=MAX_REMEMBERED)
def normalise(text: str) -> str:
    """Return the text as the lexicon spells it: lower case, no accents, plain digits.

    Never raises; lone surrogates and control characters become spaces or nothing.
    """
    text = text[:MAX_JUDGED]
    if text.isascii():
        return text.lower().translate(_ASCII)
    return _fold(text)


def _fold(text: str) -> str:
    wide = unicodedata.normalize("NFKC", text)[:MAX_JUDGED].casefold().translate(_FOLDED)
    if wide.isascii():
        return wide.translate(_ASCII)[:MAX_JUDGED]
    kept: list[str] = []
    for char in unicodedata.normalize("NFD", wide):
        code = ord(char)
        if code < 0x80:
            kept.append(char)
        elif not _is_dropped(char, code):
            kept.append(_digit(char))
    # Some of those letters bore an accent until now. Hangul is one character a syllable again, as
    # the lexicon writes it.
    plain = "".join(kept).translate(_PLAIN).translate(_ASCII)
    return unicodedata.normalize("NFC", plain)[:MAX_JUDGED]


def _is_dropped(char: str, code: int) -> bool:
    if 0x0300 <= code < 0x0370 or code in _ARABIC_MARKS:
        return True
    return unicodedata.category(char) in ("Cs", "Co", "Cn")


def _digit(char: str) -> str:
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    return " " if char.isspace() else char


def unstretched(word: str, vocabulary: frozenset[str]) -> str:
    """Return the known word behind a stretched one ("mineeee", "sooold"), else the word itself."""
    if word in vocabulary:
        return word
    if _RUN.search(word) is None:
        doubled = len(word) >= 5 and word[-1] == word[-2] and word[:-1] in vocabulary
        return word[:-1] if doubled else word
    for kept in (r"\1", r"\1\1"):
        shorter = _RUN.sub(kept, word)
        if shorter in vocabulary:
            return shorter
    if len(word) >= 5 and word[-1] == word[-2] and word[:-1] in vocabulary:
        return word[:-1]
    return _RUN.sub(r"\1\1", word)

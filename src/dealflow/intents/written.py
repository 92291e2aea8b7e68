"""Finds in a message, as it was written, what was read in the lexicon's spelling."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from dealflow.intents.normalise import normalise
from dealflow.intents.tokens import is_unspaced


def as_written(text: str, normal: str) -> str:
    """Return a part of the text as its author spelled it, or the normal spelling of it.

    Digits of every script are told as plain ones, since codes are compared and shown.
    """
    at, end = _found(text.casefold(), normal) if text.isascii() else (-1, -1)
    if at < 0 and not normal.isdecimal():
        text = unicodedata.normalize("NFC", text)
        at, end = _found("".join(map(_folded, text)), normal)
    return text[at:end] if at >= 0 else normal


def _found(text: str, part: str) -> tuple[int, int]:
    """Return where a text holds a part as whole words, or -1."""
    at = text.find(part)
    while at >= 0:
        end = at + len(part)
        spaced = not is_unspaced(part[0])
        glued = text[max(0, at - 1) : at].isalnum() or text[end : end + 1].isalnum()
        if not (spaced and glued):
            return at, end
        at = text.find(part, at + 1)
    return -1, -1


@lru_cache(maxsize=4096)
def _folded(char: str) -> str:
    """Return one character as the lexicon spells it, or as it is where that is no single one."""
    plain = normalise(char)
    return plain if len(plain) == 1 else char

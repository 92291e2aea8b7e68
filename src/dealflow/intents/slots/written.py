"""Finds in a message, as it was written, what was read in the lexicon's spelling."""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate

from dealflow.intents.normalise import normalise
from dealflow.intents.tokens import is_unspaced


def as_written(text: str, normal: str) -> str:
    """Return a part of the text as its author spelled it, or the normal spelling of it.

    So are digits of other scripts: whoever compares codes takes them for what they are.
    """
    if text.isascii() and "'" not in text:
        at, end = _found(text.lower(), normal)
        return text[at:end] if at >= 0 else normal
    parts = [_folded(char) for char in text]
    at, end = _found("".join(parts), normal)
    if at < 0:
        return normal
    ends = list(accumulate(map(len, parts)))
    first = next(place for place, behind in enumerate(ends) if behind > at)
    last = next(place for place, behind in enumerate(ends) if behind >= end)
    return text[first : last + 1]


def _found(text: str, part: str) -> tuple[int, int]:
    """Return where a text holds a part as whole words, or -1."""
    at = text.find(part)
    while at >= 0:
        end = at + len(part)
        glued = text[max(0, at - 1) : at].isalnum() or text[end : end + 1].isalnum()
        if not glued or is_unspaced(part[0]):
            return at, end
        at = text.find(part, at + 1)
    return -1, -1


@lru_cache(maxsize=4_096)
def _folded(char: str) -> str:
    """Return one character as the lexicon spells it, which may be none or several."""
    return normalise(char)

"""Takes people's names out of what is sent away; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from dealflow.model.intent import Room, Utterance

SOMEONE = "someone"

SHORTEST = 3
"""Characters of a name that is taken out: "Al" and "Jo" stand in too many words of chat."""

LONGEST_NUMBER = 5
"""A name of so many digits or fewer is left: it is a price, a size or a lot far more often."""

UNSPACED = 0x0E00
"""From here on (Thai, Han, kana, Hangul …) words are not set apart, and two characters may be a
name."""

_WORD = re.compile(r"[\w.\-]+")
_PART = re.compile(r"\w+")


class Names:
    """The names of those who were heard in a show.

    Args:
        names: as the platform writes them.
    """

    def __init__(self, names: Iterable[str]) -> None:
        known = {form for name in names for form in _forms(name.lower()) if _counts(form)}
        self._words = frozenset(
            name for name in known if _WORD.fullmatch(name) and not _is_unspaced(name)
        )
        self._phrases = sorted(known - self._words, key=len, reverse=True)

    def hidden(self, utterance: Utterance) -> Utterance:
        """Return an utterance that names nobody: not in its words, its history or its lot.

        What others said around it stays behind.
        """
        context = utterance.context
        lot = context.lot
        return msgspec.structs.replace(
            utterance,
            text=self.without(utterance.text),
            context=msgspec.structs.replace(
                context,
                history=tuple(map(self.without, context.history)),
                room=Room(),
                lot=None
                if lot is None
                else msgspec.structs.replace(lot, title=self.without(lot.title)),
            ),
        )

    def without(self, text: str) -> str:
        """Return a text without any of the names, whatever their case."""
        for phrase in self._phrases:
            if phrase in text.lower():
                text = _replaced(text, phrase)
        return _WORD.sub(self._hide, text)

    def _hide(self, found: re.Match[str]) -> str:
        word = found.group()
        if word.lower() in self._words or word.strip(".-_").lower() in self._words:
            return SOMEONE
        return _PART.sub(self._hide_part, word) if "-" in word or "." in word else word

    def _hide_part(self, found: re.Match[str]) -> str:
        part = found.group()
        return SOMEONE if part.lower() in self._words else part


def _counts(name: str) -> bool:
    if not any(map(str.isalnum, name)) or (name.isdecimal() and len(name) <= LONGEST_NUMBER):
        return False
    return len(name) >= (SHORTEST - 1 if _is_unspaced(name) else SHORTEST)


def _forms(name: str) -> tuple[str, str]:
    """Return a name as it is, and without the ornaments at its ends ("amy" of "✨amy✨")."""
    start, end = 0, len(name)
    while start < end and not name[start].isalnum():
        start += 1
    while end > start and not name[end - 1].isalnum():
        end -= 1
    return name.strip(), name[start:end]


def _is_unspaced(name: str) -> bool:
    return any(ord(char) >= UNSPACED and char.isalpha() for char in name)


def _replaced(text: str, phrase: str) -> str:
    """Replace a phrase where it stands as words of its own."""
    lowered = text.lower()
    if len(lowered) != len(text):
        text = lowered  # a rare letter grows in lower case; places would no longer fit
    parts: list[str] = []
    done = 0
    start = lowered.find(phrase)
    while start >= 0:
        end = start + len(phrase)
        if _is_unspaced(phrase) or (_is_edge(lowered, start - 1) and _is_edge(lowered, end)):
            parts += [text[done:start], SOMEONE]
            done = end
        start = lowered.find(phrase, end)
    return "".join([*parts, text[done:]])


def _is_edge(text: str, place: int) -> bool:
    return not 0 <= place < len(text) or not text[place].isalnum()

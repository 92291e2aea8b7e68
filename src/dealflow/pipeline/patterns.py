"""Patterns that sellers write, matched in linear time whatever strangers send.

RE2 never goes back in a text, so a message costs its length times the size of the pattern, and
both are bounded. A glob is turned into such an expression too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import re2  # type: ignore[import-untyped]  # RE2's own wheel has no types

from dealflow.errors import InputInvalid

MAX_PROGRAM = 5_000
"""Instructions of one pattern. Beyond it RE2's fast way no longer fits its memory, and a message
of 10,000 characters would cost milliseconds."""

MEMORY = 1 << 18
"""Bytes that one pattern may use for what it has seen, so that the lists of a show stay below
100 MB even when somebody chats to fill them."""

WORDS_MEMORY = 1 << 23
"""The same for a whole list of words, which is one expression."""

Match = Callable[[str], bool]


def compile_name(entry: str, place: str) -> Match:
    """Return what says whether a user name is meant by an entry; a glob must fit all of it.

    Raises:
        InputInvalid: it is no usable pattern; ``place`` is named.
    """
    expression = _expression(entry.removeprefix("@"), place)
    if expression is not None:
        return _search(expression, place, entry)
    return _search(rf"\A{_glob(entry.removeprefix('@'))}\z", place, entry)


def compile_text(entry: str, place: str) -> Match:
    """Return what says whether a text is meant by an entry; a glob may stand anywhere in it.

    Raises:
        InputInvalid: it is no usable pattern; ``place`` is named.
    """
    expression = _expression(entry, place)
    if expression is not None:
        return _search(expression, place, entry)
    return _search(_glob(entry.strip("*")), place, entry)


def compile_words(words: Iterable[str]) -> Match | None:
    """Return what says whether one of the words stands in a folded text; ``None``: no words.

    A word of an alphabet stands by itself ("free" is not in "freedom"); a word of a script that
    writes without spaces may stand anywhere.
    """
    whole = [re2.escape(word) for word in words if word and not is_unspaced(word)]
    parts = [re2.escape(word) for word in words if is_unspaced(word)]
    choices = [rf"(?:\A|[^\pL\pN\pM])(?:{'|'.join(whole)})(?:[^\pL\pN\pM]|\z)"] if whole else []
    choices += parts
    if not choices:
        return None
    search = re2.compile("|".join(choices), _options(WORDS_MEMORY)).search
    return lambda text: search(text) is not None


def is_unspaced(word: str) -> bool:
    """Say whether the word belongs to a script that writes without spaces."""
    return any(
        "\u0e00" <= char <= "\u0eff" or "\u1780" <= char <= "\u17ff" or "\u3040" <= char <= "\ud7af"
        for char in word
    )


def linear(expression: str) -> Any:
    """Return an expression of our own, compiled by RE2."""
    return re2.compile(expression, _options(WORDS_MEMORY))


def _expression(entry: str, place: str) -> str | None:
    """Return what stands between slashes, or ``None`` for a glob."""
    if not entry.startswith("/"):
        return None
    if len(entry) < 3 or not entry.endswith("/"):
        raise InputInvalid(
            f"{place}: {entry!r} begins a regular expression and does not end it.",
            hint="Write it between slashes, as in /free \\d+ followers/, or leave the slash out.",
        )
    return entry[1:-1]


def _glob(entry: str) -> str:
    parts = (".*" if char == "*" else "." if char == "?" else re2.escape(char) for char in entry)
    return "(?s:" + "".join(parts) + ")"


def _search(expression: str, place: str, entry: str) -> Match:
    try:
        compiled = re2.compile(expression, _options(MEMORY))
    except re2.error as error:
        raise InputInvalid(
            f"{place}: {entry!r} is no regular expression that can be used: {_reason(error)}.",
            hint="It is RE2's syntax, which has no look-around and no back-references.",
        ) from error
    if compiled._regexp.ProgramSize() > MAX_PROGRAM:
        raise InputInvalid(
            f"{place}: {entry!r} is too large a pattern.",
            hint="Repeat less often, or split it.",
        )
    if compiled.search("") is not None:
        raise InputInvalid(
            f"{place}: {entry!r} matches everything, an empty text too.",
            hint="Say what must stand in the text.",
        )
    search = compiled.search
    return lambda text: search(text) is not None


def _reason(error: Exception) -> str:
    said = error.args[0] if error.args else "it cannot be read"
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def _options(memory: int) -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = memory
    return options

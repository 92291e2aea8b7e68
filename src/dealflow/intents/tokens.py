"""A message cut into words, numbers, money, codes, signs and emoji."""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from dealflow.intents.normalise import unstretched
from dealflow.intents.numbers import MULTIPLES, SYMBOLS, TENS, WORDS, amount, spelled

MAX_RUNS = 30_000
"""Runs of characters whose tokens are remembered before the memory starts afresh; the same ones
come all evening."""

LONGEST_RUN = 24
"""Characters of a run that is remembered; a longer one hardly comes twice."""


class Kind(IntEnum):
    """What a token is."""

    WORD = 0
    NUMBER = 1
    MONEY = 2
    CODE = 3
    COUNT = 4
    SIGN = 5
    EMOJI = 6
    MENTION = 7
    LINK = 8
    BREAK = 9


class Token:
    """One token; nobody changes it.

    ``value`` is the number behind NUMBER, MONEY and COUNT; ``currency`` is what MONEY says
    ("$" stands for itself, since the lot may say which dollar). A BREAK ends a clause; its text is
    the mark.
    """

    __slots__ = ("currency", "kind", "text", "value")

    def __init__(
        self, text: str, kind: Kind, value: float | None = None, currency: str | None = None
    ) -> None:
        self.text = text
        self.kind = kind
        self.value = value
        self.currency = currency

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Token):
            return NotImplemented
        return self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash(self._parts())

    def __repr__(self) -> str:
        return f"Token({self.text!r}, {self.kind.name}, {self.value!r}, {self.currency!r})"

    def _parts(self) -> tuple[str, Kind, float | None, str | None]:
        return self.text, self.kind, self.value, self.currency


# Scripts that write without spaces: each character is a token of its own, in the text and in the
# lexicon alike. Hangul is among them, since Korean glues endings to its words.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_INDIC = "\u0900-\u0dff"

_TOKEN = re.compile(
    r"(?:https?://|www\.)\S+"
    r"|@[\w.]*"
    rf"|[{_UNSPACED}]"
    rf"|[a-z]*\d+(?:[.,:/]\d+)*[a-z]*"
    rf"|(?:(?![{_UNSPACED}])[\w{_INDIC}])+"
    r"|[^\w\s]"
)
_MIXED = re.compile(r"^([a-z]*)(\d+(?:[.,:/]\d+)*)([a-z]*)$")

_BREAKS = frozenset('.,;:!?…~()[]|"\n')
_SIGNS = frozenset("+-=*#&/%<>–—") | frozenset(SYMBOLS)
_COUNTS = frozenset({"x", "pcs", "pc", "ea", "qty", "stk", "szt", "uds", "adet"})
_LABELS = frozenset({"size", "sz", "lot", "item", "no", "number", "nr", "num", "uk", "us", "eu"})

Glue = frozenset[str]


def tokenise(text: str, vocabulary: frozenset[str], glue: Glue) -> list[Token]:
    """Cut normalised text into tokens.

    Args:
        text: what `normalise` returned.
        vocabulary: the words that the lexicon knows, to undo stretching.
        glue: words that people write without a space before a number ("sold123").
    """
    known = _known_runs(vocabulary)
    tokens: list[Token] = []
    has_digits = has_numbers = False
    for piece in text.split():
        run = known.get(piece)
        if run is None:
            run = _run(piece, vocabulary, glue)
            if not run.has_digits and len(piece) <= LONGEST_RUN:  # else the show has a say in it
                if len(known) >= MAX_RUNS:
                    known.clear()
                known[piece] = run
        tokens += run.tokens
        has_digits = has_digits or run.has_digits
        has_numbers = has_numbers or run.has_numbers
    if has_numbers:
        tokens, has_digits = _counted(tokens), True
    return _joined(tokens) if has_digits else tokens


class _Run(NamedTuple):
    """The tokens of characters without a space between, and whether numbers are among them."""

    tokens: list[Token]
    has_digits: bool
    has_numbers: bool


@lru_cache(maxsize=8)
def _known_runs(vocabulary: frozenset[str]) -> dict[str, _Run]:
    """Return the memory of what was cut with these words."""
    del vocabulary
    return {}


def _run(text: str, vocabulary: frozenset[str], glue: Glue) -> _Run:
    tokens: list[Token] = []
    has_digits = has_numbers = False
    for piece in _TOKEN.findall(text):
        if piece.isalpha():
            token = Token(unstretched(piece, vocabulary), Kind.WORD)
            has_numbers = has_numbers or token.text in _SPELLED
            tokens.append(token)
        elif any(map(str.isdecimal, piece)):
            has_digits = True
            _add_mixed(piece, glue, tokens)
        else:
            tokens.append(_other(piece))
    return _Run(tokens, has_digits, has_numbers)


_SPELLED = frozenset(TENS) | {"hundred", "dollars", "bucks", "euros", "pounds", "quid"}


def _counted(tokens: list[Token]) -> list[Token]:
    """Turn number words into numbers."""
    counted: list[Token] = []
    skip = False
    for at, token in enumerate(tokens):
        if skip:
            skip = False
            continue
        following = tokens[at + 1].text if at + 1 < len(tokens) else ""
        number = spelled(token.text, following)
        if number is None:
            counted.append(token)
        else:
            value, taken = number
            counted.append(Token(f"{value:g}", Kind.NUMBER, float(value)))
            skip = taken == 2
    return counted


def _other(piece: str) -> Token:
    if piece in _BREAKS:
        return Token(piece, Kind.BREAK)
    if piece in _SIGNS:
        return Token(piece, Kind.SIGN)
    if piece[0] == "@":
        return Token(piece, Kind.MENTION)
    if piece.startswith(("http", "www.")):
        return Token(piece, Kind.LINK)
    # Indic words hold vowel signs, which are no letters.
    return Token(piece, Kind.WORD if piece[0].isalpha() else Kind.EMOJI)


def _add_mixed(piece: str, glue: Glue, tokens: list[Token]) -> None:
    match = _MIXED.match(piece)
    if match is None:
        tokens.append(Token(piece, Kind.LINK if piece.startswith(("http", "www.")) else Kind.CODE))
        return
    before, digits, after = match.groups()
    if before in glue or before in _LABELS:
        tokens.append(Token(before, Kind.WORD))
        _add_mixed(digits + after, frozenset(), tokens)
        return
    tokens.append(_numeric(piece, before, digits, after))


def _numeric(piece: str, before: str, digits: str, after: str) -> Token:
    value = amount(digits)
    if value is None:
        return Token(piece, Kind.WORD)
    if not before and not after:
        return Token(piece, Kind.NUMBER, value)
    unit = before or after
    if before and after:
        return Token(piece, Kind.CODE)
    if unit in _COUNTS:
        return Token(piece, Kind.COUNT, value)
    if after in MULTIPLES:
        return Token(piece, Kind.MONEY, value * MULTIPLES[after])
    if unit in WORDS and unit not in ("try", "nt"):
        return Token(piece, Kind.MONEY, value, WORDS[unit])
    return Token(piece, Kind.CODE)


def _joined(tokens: list[Token]) -> list[Token]:
    """Join signs and unit words to their numbers: ``$ 20``, ``20 euros``, ``# 7``, ``x 2``."""
    joined: list[Token] = []
    skip = False
    for at, token in enumerate(tokens):
        if skip:
            skip = False
            continue
        if token.kind is Kind.SIGN or token.text in _PREFIXES:
            following = tokens[at + 1] if at + 1 < len(tokens) else None
            new = _prefixed(token, following)
            if new is not None:
                joined.append(new)
                skip = True
                continue
        if joined and token.kind in (Kind.WORD, Kind.SIGN):
            new = _suffixed(joined[-1], token)
            if new is not None:
                joined[-1] = new
                continue
        joined.append(token)
    return joined


_PREFIXES = frozenset({"rp", "rs", "x", "rm", "元"})


def _prefixed(token: Token, following: Token | None) -> Token | None:
    if following is None or following.kind not in (Kind.NUMBER, Kind.CODE, Kind.MONEY):
        return None
    text = token.text + following.text
    if token.text in SYMBOLS and following.value is not None:
        return Token(text, Kind.MONEY, following.value, _symbol(token.text))
    if token.text in ("rp", "rs", "rm") and following.value is not None:
        return Token(text, Kind.MONEY, following.value, WORDS[token.text])
    if token.text == "#":
        return Token(text, Kind.CODE)
    if token.text in ("x", "*") and following.kind is Kind.NUMBER:
        return Token(text, Kind.COUNT, following.value)
    return None


def _suffixed(last: Token, token: Token) -> Token | None:
    if last.kind not in (Kind.NUMBER, Kind.MONEY) or last.value is None:
        return None
    text = last.text + token.text
    if token.text in SYMBOLS and last.currency is None:
        return Token(text, Kind.MONEY, last.value, _symbol(token.text))
    if token.text in MULTIPLES and last.kind is Kind.NUMBER and token.text != "k":
        return Token(text, Kind.MONEY, last.value * MULTIPLES[token.text])
    if token.text in WORDS and last.currency is None and token.text not in ("try", "real"):
        return Token(f"{last.text} {token.text}", Kind.MONEY, last.value, WORDS[token.text])
    if token.text in _COUNTS and last.kind is Kind.NUMBER:
        return Token(text, Kind.COUNT, last.value)
    return None


def _symbol(sign: str) -> str | None:
    return sign if sign == "$" else SYMBOLS[sign]


def is_unspaced(char: str) -> bool:
    """Say whether a character belongs to a script that writes without spaces, or nearly so."""
    return ord(char) > 0xE00

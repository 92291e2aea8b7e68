"""Numbers that are spoken in several words or digits: "one fifty-three", "2 80", "six hundred"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dealflow.intents.tokens import Kind, Token

WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
    "fiver": 5, "tenner": 10, "hundo": 100, "hunnid": 100, "hunnerd": 100, "fiddy": 50, "fitty": 50,
    "thousand": 1_000,
}  # fmt: skip
"""Number words below twenty; those above are numbers for the tokeniser already."""

NEAR = (0.4, 2.5)
"""Parts of the lot's price between which a number is surely one named for it."""

FULL = (0.5, 1.6)
"""The same for a price that leaves its zeros out, which is a bolder guess."""


class Amount(NamedTuple):
    """A number at ``start:end`` of the tokens; ``spoken`` says that words are part of it."""

    value: float
    start: int
    end: int
    spoken: bool
    money: bool = False


def amounts_of(tokens: Sequence[Token], written: str) -> Iterator[Amount]:
    """Yield the numbers of a message, those in words put together.

    Args:
        tokens: the message.
        written: its text as it was sent, which tells digits from number words.
    """
    at = 0
    while at < len(tokens):
        found = _amount_at(tokens, at, written)
        if found is None:
            at += 1
            continue
        yield found
        at = found.end


def _amount_at(tokens: Sequence[Token], at: int, written: str) -> Amount | None:
    token = tokens[at]
    value = _atom(token)
    if value is None:
        return None
    if token.kind is Kind.MONEY:
        return Amount(value, at, at + 1, spoken=False, money=True)
    spoken = _is_word(token, written)
    end = at + 1
    while end < len(tokens):
        skip = tokens[end].text in ("-", "and")
        place = end + skip
        following = _atom(tokens[place]) if place < len(tokens) else None
        if following is None or not (spoken or _is_word(tokens[place], written)):
            break
        joined = _join(value, following)
        if joined is None or (tokens[end].text == "and" and value < 100):
            break
        value, end, spoken = joined, place + 1, True
        if tokens[place].kind is Kind.MONEY:
            return Amount(value, at, end, spoken=True, money=True)
    return Amount(value, at, end, spoken=spoken)


_HUNDREDS = frozenset(range(100, 1_000, 100))
_PARTS = {"half": 0.5, "quarter": 0.25}


def with_part(amount: Amount, tokens: Sequence[Token]) -> Amount:
    """Return an amount with the half or the quarter that follows it: "four and a quarter"."""
    words = [token.text for token in tokens[amount.end : amount.end + 3]]
    if len(words) == 3 and words[0] in ("and", "n") and words[1] == "a" and words[2] in _PARTS:
        return Amount(
            amount.value + _PARTS[words[2]], amount.start, amount.end + 3, True, amount.money
        )
    return amount


def _atom(token: Token) -> float | None:
    if token.kind in (Kind.NUMBER, Kind.MONEY):
        return token.value
    return float(WORDS[token.text]) if token.text in WORDS else None


def _is_word(token: Token, written: str) -> bool:
    """Say whether a token is a number in words."""
    if token.kind is Kind.WORD:
        return True
    return token.kind in (Kind.NUMBER, Kind.MONEY) and token.text not in written


def _join(first: float, second: float) -> float | None:
    """Put two parts of a number together, or return ``None`` when they are two numbers."""
    if second in (100, 1000) and first < 100:
        return first * second
    if first % 1000 == 0 and first > 0 and second < 1000:
        return first + second
    if 20 <= first < 100 and first % 10 == 0 and second in _HUNDREDS:
        return first * 100 + second  # "forty-three hundred"
    if first >= 100 and first % 100 == 0 and second < 100:
        return first + second
    if first % 10 == 0 and first % 100 >= 20 and 0 < second < 10:
        return first + second
    if 0 < first < 20 and 10 <= second < 100:
        return first * 100 + second
    return None

"""Numbers said in the words of many languages: "vingt-huit", "tiga juta seratus", "四千五"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dealflow.intents.numbers import MULTIPLES
from dealflow.intents.numbers import WORDS as MONEY_WORDS
from dealflow.intents.slots.speech import (
    ARABIC,
    LANGUAGES,
    SPEECHES,
    Kin,
    Part,
    Speech,
    Stack,
    beginning,
    grown,
    is_unit,
    total_of,
)
from dealflow.intents.slots.spoken import FULL, NEAR, Amount, amounts_of
from dealflow.intents.tokens import Kind, Token, is_unspaced

MAX_PARTS = 16
"""Parts of a number that are read; the longest that somebody names for a lot has a dozen."""

MAX_CHARS = 6
"""Characters of the longest number word in a script without spaces, with room for two more."""

SPARED = 10
"""A number word up to this is left to those who count pieces, unless the caller asks for it."""


_Found = tuple[tuple[Part, ...], int, bool]
"""Parts, the place behind them, and whether no other language has a word like theirs."""


class _Run(NamedTuple):
    """A number that was read up to ``end``, and whether a word of it can be nothing else."""

    stack: Stack
    end: int
    parts: int
    sure: bool
    worded: bool


def said_in_words(
    tokens: Sequence[Token],
    languages: int | None,
    written: str = "",
    *,
    lone: bool = False,
    price: float | None = None,
) -> list[Amount]:
    """Return the numbers that are said in words, or in words and digits, in order of the text.

    Words that mean something else in another language ("once", "die", "mil") are numbers only in
    a message that may be in theirs, or beside a word that can be nothing but a number.

    Args:
        tokens: the message.
        languages: the mask of languages that it may be in, as `Evidence.languages` has it; ``None``
            when nobody knows, which leaves out all such words.
        written: the message as it was sent, which tells "1tr6" from "1tr 6".
        lone: whether a small number in one word counts, as it does where somebody bids.
        price: what the lot costs, which tells 4.50 from 450.
    """
    reader = _Reader(tokens, languages or 0, written.casefold(), price, lone=lone)
    return list(reader.amounts())


def all_amounts(
    tokens: Sequence[Token],
    written: str,
    languages: int,
    *,
    currency: str | None = None,
    price: float | None = None,
) -> list[Amount]:
    """Return every number of a bid, in digits or in the words of any language, in order.

    Bidders also say numbers in the language of the lot's currency, whatever the rest is in.
    """
    languages |= _SPOKEN_WITH.get(currency or "", 0)
    said = said_in_words(tokens, languages, written, lone=True, price=price)
    if not said:
        return list(amounts_of(tokens, written))
    taken = {at for one in said for at in range(one.start, one.end)}
    rest = [
        one for one in amounts_of(tokens, written) if taken.isdisjoint(range(one.start, one.end))
    ]
    return sorted([*rest, *said], key=lambda one: one.start)


class _Reader:
    """Reads the numbers of one message."""

    def __init__(
        self,
        tokens: Sequence[Token],
        languages: int,
        written: str,
        price: float | None,
        *,
        lone: bool,
    ) -> None:
        self._tokens = tokens
        self._languages = languages
        self._written = written
        self._price = price
        self._lone = lone
        self._known: dict[tuple[int, int], _Found | None] = {}

    def amounts(self) -> Iterator[Amount]:
        """Yield the numbers."""
        at = 0
        while at < len(self._tokens):
            found = [one for speech in self._speeches(at) if (one := self._read(at, speech))]
            if found:
                best = max(found, key=lambda one: one.end)
                yield best
                at = best.end
            else:
                at += 1

    def _speeches(self, at: int) -> tuple[Speech, ...]:
        token = self._tokens[at]
        if token.kind in _NUMERIC:
            suffix = _suffix(token) if token.kind is Kind.MONEY else self._text(at + 1)
            return tuple(speech for speech in SPEECHES if suffix in speech.times)
        return beginning(token.text)

    def _text(self, at: int) -> str:
        return self._tokens[at].text if 0 <= at < len(self._tokens) else ""

    def _read(self, at: int, speech: Speech) -> Amount | None:
        """Return the number in one language that begins at a place."""
        found = self._digits(at, speech) or self._whole(at, speech)
        if found is None:
            return None
        value, run = found
        if not (run.worded and (run.sure or speech.bit & self._languages)):
            return None
        if run.parts == 1 and not self._stands_alone(at, run.end, value, speech):
            return None
        if speech.never and self._joined(at, MAX_CHARS).startswith(speech.never):
            return None
        last = self._tokens[run.end - 1]
        money = last.kind is Kind.MONEY and last.currency is not None
        if not money and self._text(run.end) in MONEY_WORDS:
            return self._with_cents(Amount(value, at, run.end + 1, True, True), speech)
        return Amount(value, at, run.end, spoken=True, money=money)

    def _with_cents(self, amount: Amount, speech: Speech) -> Amount:
        """Return an amount with the cents behind its money: "diciassette euro e cinquanta"."""
        at = amount.end + (self._text(amount.end) in speech.joins)
        rest = self._run(at, speech) if speech.table.cents else None
        cents = total_of(rest.stack, speech) if rest is not None and rest.worded else 0
        if rest is None or not 10 <= cents < 100 or cents % 1:
            return amount
        return amount._replace(value=amount.value + cents / 100, end=rest.end)

    def _stands_alone(self, start: int, end: int, value: float, speech: Speech) -> bool:
        """Say whether one part by itself is a number here."""
        tokens = self._tokens
        if value <= SPARED and not (self._lone and value > 1):
            return False
        if not is_unspaced(tokens[start].text[0]):
            return True
        if self._joined(end, MAX_CHARS).startswith(speech.tails or "\0"):
            return value > 0
        return not (start and is_unspaced(self._text(start - 1)[0])) and not (
            end < len(tokens) and is_unspaced(self._text(end)[0])
        )

    def _joined(self, start: int, most: int) -> str:
        return "".join(token.text for token in self._tokens[start : start + most])

    def _digits(self, at: int, speech: Speech) -> tuple[float, _Run] | None:
        """Read digits that are said one by one: "dua tujuh lima"."""
        digits, end, sure = "", at, False
        while len(digits) < MAX_PARTS and (found := self._parts_at(end, speech)):
            parts, following, certain = found
            if len(parts) != 1 or parts[0].kin not in _DIGITS or not 0 <= parts[0].value < 10:
                break
            digits, end, sure = digits + f"{parts[0].value:.0f}", following, sure or certain
        value = float(digits or 0)
        if len(digits) < 2 or self._adds_at(end, speech):
            return None
        factor = 1.0
        if (times := self._parts_at(end, speech)) and times[0][0].kin == Kin.MULTIPLIES:
            factor, end = times[0][0].value, times[1]
            if factor < 1_000 and len(digits) > 1:
                return None
        value = self._in_full(value * factor)
        if not self._fits(value) if self._price else len(digits) < 3:
            return None
        return value, _Run((), end, len(digits), sure, worded=True)

    def _adds_at(self, at: int, speech: Speech) -> bool:
        found = self._parts_at(at, speech)
        return found is not None and found[0][0].kin is Kin.ADDS

    def _whole(self, at: int, speech: Speech) -> tuple[float, _Run] | None:
        """Read a number that is put together as the language does it."""
        run = self._run(at, speech)
        if run is None:
            return None
        value = total_of(run.stack, speech)
        if value % 1 == 0.5 and run.parts > 1:
            return self._in_full(value), run
        if len(run.stack) < 3 and 0 < value < 100 and run.worded:
            return self._with_rest(value, run, speech) or (value, run)
        return (value, run) if value > 0 else None

    def _with_rest(self, value: float, run: _Run, speech: Speech) -> tuple[float, _Run] | None:
        """Read "cuatro cincuenta" as 450, and "douze cinquante" as 12.50."""
        between = self._text(run.end)
        joined = between in speech.joins
        rest = self._run(run.end + joined, speech)
        if rest is None or not rest.worded:
            return None
        second = total_of(rest.stack, speech)
        if between != "-" and joined and not speech.table.cents:
            return None
        return self._combined(value, second, run, rest, speech, joined=joined and between != "-")

    def _combined(
        self, value: float, second: float, run: _Run, rest: _Run, speech: Speech, *, joined: bool
    ) -> tuple[float, _Run] | None:
        both = _Run((), rest.end, run.parts + rest.parts, run.sure or rest.sure, worded=True)
        if 100 <= second < 1_000 and self._fits(value * 1_000 + second):
            return value * 1_000 + second, both
        if not 10 <= second < 100 or second % 1:
            return None
        cents, hundreds = value + second / 100, value * 100 + second
        if joined or self._fits(cents):
            best = cents
        elif self._fits(hundreds):
            best = hundreds
        else:
            best = cents if speech.table.cents or value >= 10 else hundreds
        return best, both

    def _fits(self, value: float) -> bool:
        """Say whether a number is near the known price."""
        price = self._price
        return price is not None and NEAR[0] * price <= value <= NEAR[1] * price

    def _in_full(self, value: float) -> float:
        """Return a short way to say a price in full: "bốn rưỡi" for 4,500,000."""
        if not self._price or self._fits(value):
            return value
        low, high = FULL[0] * self._price, FULL[1] * self._price
        return next((value * ten for ten in _TENS if low <= value * ten <= high), value)

    def _run(self, at: int, speech: Speech) -> _Run | None:
        """Return the longest number that begins at a place."""
        stack: Stack = ()
        place, count, sure, worded = at, 0, False, False
        best: _Run | None = None
        earlier: _Run | None = None
        if self._text(at) in _BEHIND:
            return None
        while count < MAX_PARTS and place < len(self._tokens):
            found = self._parts_at(place, speech) or self._numeric_at(place, speech, stack)
            if found is None:
                break
            parts, following, certain = found
            larger = grown(stack, parts, speech)
            if larger is None or (parts[-1].kin is Kin.JOINS and not stack):
                if parts[0].kin is Kin.MULTIPLIES and stack and is_unit(stack[-1]):
                    best = earlier  # the unit begins the next number: "一百 六百"
                break
            stack, place, count = larger, following, count + len(parts)
            worded = worded or self._is_worded(place - 1, speech, stack, count)
            sure = sure or certain or (parts[-1].kin not in _OPEN and count > 1)
            if parts[-1].kin not in _OPEN and self._text(place - 1) not in speech.unended:
                earlier, best = best, _Run(stack, place, count, sure, worded)
        return best

    def _is_worded(self, at: int, speech: Speech, stack: Stack, count: int) -> bool:
        """Say whether more than a plain number in digits has been read."""
        return self._tokens[at].kind not in _NUMERIC or (count > 1 and len(stack) <= count)

    def _parts_at(self, at: int, speech: Speech) -> _Found | None:
        """Return the parts in the word at a place, where it ends, and whether it is unshared."""
        known = self._known
        key = at, speech.bit
        if key not in known:
            known[key] = self._found_at(at, speech)
        return known[key]

    def _found_at(self, at: int, speech: Speech) -> _Found | None:
        if not 0 <= at < len(self._tokens):
            return None
        token = self._tokens[at]
        text = token.text
        if token.kind in _NUMERIC:
            return None
        if text == "-":
            return ((_HYPHEN,), at + 1, False) if self._text(at + 1) in speech.parts else None
        if is_unspaced(text[0]):
            return self._chars_at(at, speech)
        after = at + 2 if self._text(at + 1) == "-" else at + 1
        pair = f"{text}+{self._text(after)}"
        if pair in speech.parts:
            return (speech.parts[pair],), after + 1, True
        if text in speech.parts:
            return (speech.parts[text],), at + 1, text not in speech.shared
        parts = _in_one_word(text, speech)
        return (parts, at + 1, True) if parts else None

    def _chars_at(self, at: int, speech: Speech) -> _Found | None:
        for size in range(MAX_CHARS, 0, -1):
            part = speech.parts.get(self._joined(at, size))
            if part is not None:
                return (part,), min(at + size, len(self._tokens)), True
        return None

    def _numeric_at(self, at: int, speech: Speech, stack: Stack) -> _Found | None:
        """Return what a token in digits adds: "3만", the end of "1tr6", of "2 mil 500"."""
        token = self._tokens[at]
        value = token.value
        if value is None or token.kind not in _NUMERIC:
            return None
        factor = speech.times.get(_suffix(token)) if token.kind is Kind.MONEY else None
        if factor is not None:
            return (Part(Kin.ADDS, value, factor),), at + 1, True
        if not stack:
            plain = token.kind is Kind.NUMBER and value < 1_000 and value > 0
            return ((Part(Kin.ADDS, value),), at + 1, True) if plain else None
        return self._ending(at, token, value, stack[-1][1])

    def _ending(self, at: int, token: Token, value: float, step: float) -> _Found | None:
        before = self._tokens[at - 1]
        if token.kind is Kind.NUMBER and (before.value is not None or step >= 1_000_000):
            glued = f"{before.text}{token.text}" in self._written
            if (glued or step >= 1_000_000) and token.text.isdecimal():
                short = _suffix(before) in _SHORT or len(token.text) == 1
                value *= step / 10 ** len(token.text) if short else 1
                return (Part(Kin.ADDS, value),), at + 1, False
            if _suffix(before) in _SHORT:
                return None
        ends = step >= 1_000 and 100 <= value < step
        return ((Part(Kin.ADDS, value),), at + 1, False) if ends else None


def _in_one_word(text: str, speech: Speech) -> tuple[Part, ...]:
    """Return the parts of a glued number ("settantadue"), or of an Arabic one with its "and"."""
    if speech is ARABIC:
        rest = speech.parts.get(text[1:])
        if rest is None or text[0] not in "وب":
            return ()
        return (speech.parts["و"], rest) if text[0] == "و" else (rest,)
    if not speech.table.glued or len(text) < 5:
        return ()
    parts = speech.glued(text)
    return parts if parts and parts[-1].kin is not Kin.JOINS else ()


def _suffix(token: Token) -> str:
    """Return the word of a multiple that is glued to digits: "만" of "3만 원"."""
    word = token.text.lstrip("0123456789.,").partition(" ")[0]
    return word if word in MULTIPLES else ""


ENGLISH = 1 << LANGUAGES.index("en")
"""The mask of a message that is in English and nothing else."""

_SPOKEN_WITH = {
    currency: 1 << LANGUAGES.index(language)
    for language, currencies in {
        "ar": "AED BHD EGP IQD JOD KWD LBP MAD OMR QAR SAR",
        "es": "ARS CLP COP DOP MXN PEN UYU",
        "fil": "PHP",
        "hi": "INR",
        "id": "IDR MYR",
        "pl": "PLN",
        "pt": "BRL",
        "tr": "TRY",
        "vi": "VND",
    }.items()
    for currency in currencies.split()
}
"""Languages of currencies that hardly anybody uses with another one."""

_BEHIND = frozenset({"k", "tr", "ca", "cu", "jt", "rb", "rbu", "puluh", "ratus", "xi"})
"""Multiples that always stand behind a number."""

_HYPHEN = Part(Kin.JOINS, 0)
_TENS = (100, 1_000, 10_000, 100_000, 1_000_000)
_SHORT = frozenset({"k", "tr"})
"""Letters of a multiple behind which digits are its decimals: "1tr65" is 1,650,000."""

_NUMERIC = frozenset({Kind.NUMBER, Kind.MONEY})
_DIGITS = frozenset({Kin.ADDS, Kin.ZERO})
_OPEN = frozenset({Kin.JOINS, Kin.MORE, Kin.ZERO})

"""A show's rules as one line that a seller types, and back; pure.

``number = price; codes A1-A99; claim words: sold, mine; +N; one per buyer; no retract``
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

from dealflow.errors import InputInvalid
from dealflow.model.rule_words import (
    CLAIM,
    ITEM,
    LISTS,
    NO,
    NUMBER,
    PHRASES,
    PRICE,
    QUANTITY,
    SIZE,
)
from dealflow.model.show import NumberMeaning, RulesPatch, ShowRules

MAX_LINE = 1_000
"""Characters of a line; one that uses every rule has some two hundred."""

MAX_LIST = 100
"""Claim words, or codes, that a line may name."""

MAX_ENTRY = 40
"""Characters of one claim word or code."""

USUAL = "the usual rules"

POSSIBLE = (
    "Possible rules, separated by semicolons: number = item (or price, size, quantity); "
    "codes A1-A99, B1; claim words: sold, mine; +N (or no +N); size claims (or no size claims); "
    "one per buyer; item required; no retract; no early claims; only these rules."
)
"""What `parse_rules` understands, for whoever typed something else."""

_LISTS = {
    name: re.compile(rf"^(?:{'|'.join(openings)})(?:\s*[:=]\s*|\s+|$)")
    for name, openings in LISTS.items()
}
_NAMED = re.compile(r"^claim words?\s*:")
"""A list that says what it is; its words mean nothing else, whatever they resemble ("sz")."""

_PHRASES = tuple(
    (name, value, re.compile(rf"^(?:{'|'.join(phrases)})$")) for name, value, phrases in PHRASES
)
_RULE_BREAK = re.compile(r"[;|\n；。]+|\.(?=\s|$)")
_LIST_BREAK = re.compile(
    r"[,，、/]|\s+(?:and|or|y|o|und|oder|et|ou|e|dan|atau|at|ve|i|of|en|hoặc|và|หรือ|和|或)\s+", re.I
)
_COMMAS = re.compile(r"[,，、]")
_WORDS = re.compile(r"[^\W_]+")
_CODE = re.compile(
    r"^#?([^\W_]{0,6}\d{1,9}[^\W\d_]{0,3})(?:\s?(?:-|–|—|to|bis|a|à|al|\.\.)\s?#?([^\W\d_]{0,6}\d{1,9}))?$",
    re.I,
)
_QUOTES = str.maketrans("", "", '"“”„«»‘`')
_MEANINGS: tuple[tuple[NumberMeaning, tuple[str, ...]], ...] = (
    ("price", PRICE),
    ("size", SIZE),
    ("quantity", QUANTITY),
    ("item", ITEM),
)


class _Draft:
    """The rules that were read so far, and whether a list may go on."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.lists: dict[str, list[str]] = {}
        self.open: str | None = None

    def add(self, name: str, text: str) -> None:
        entries = self.lists.setdefault(name, [])
        for entry in _LIST_BREAK.split(text):
            word = entry.translate(_QUOTES).strip(" .!:'")
            if word and (checked := _checked(name, word)) not in entries:
                entries.append(checked)
        if len(entries) > MAX_LIST:
            raise InputInvalid(f"A line may name {MAX_LIST} {_SPOKEN[name]}.", hint=POSSIBLE)
        self.open = name


_SPOKEN = {"claim_words": "claim words", "codes": "codes"}


def parse_rules(line: str) -> ShowRules:
    """Read a seller's one line of rules; order, capitals and much of the wording are free.

    Raises:
        InputInvalid: a part of it was not understood; the message names that part and the hint
            says what is possible.
    """
    if len(line) > MAX_LINE:
        raise InputInvalid(f"A line of rules has at most {MAX_LINE} characters.")
    draft = _Draft()
    for part in _RULE_BREAK.split(line):
        if tidy := _tidy(part):
            draft.open = None
            _read_part(tidy, draft)
    for name, entries in draft.lists.items():
        draft.values[name] = tuple(entries)
    return ShowRules(**draft.values)


def _read_part(part: str, draft: _Draft) -> None:
    """Read what stands between two semicolons: one rule, or several with commas between."""
    if _read_rule(part, draft):
        return
    for piece in map(_tidy, _COMMAS.split(part)):
        if not piece or _read_rule(piece, draft):
            continue
        if draft.open is None:
            raise InputInvalid(f"The rule {piece!r} was not understood.", hint=POSSIBLE)
        draft.add(draft.open, piece)


def _read_rule(text: str, draft: _Draft) -> bool:
    """Take in one rule; return whether it was understood."""
    plain = _folded(text)
    if plain in (USUAL, "usual", "default", "none"):
        return True
    for name, value, pattern in _PHRASES:
        if pattern.match(plain):
            draft.values[name], draft.open = value, None
            return True
    named = _NAMED.match(plain) is not None
    for reader in () if named else _READERS:
        if reader(plain, draft):
            draft.open = None
            return True
    if any(_splits(_tidy(piece)) for piece in _COMMAS.split(text)[1:]):
        return False  # a list and then more rules: the commas are looked at first
    return _read_list(text, plain, draft)


def _splits(piece: str) -> bool:
    """Say whether a piece after a comma is a rule of its own."""
    trial = _Draft()
    plain = _folded(piece)
    return (
        any(pattern.match(plain) for _, _, pattern in _PHRASES)
        or any(reader(plain, trial) for reader in _READERS)
        or any(pattern.match(plain) for pattern in _LISTS.values())
    )


def _read_list(text: str, plain: str, draft: _Draft) -> bool:
    for name, pattern in _LISTS.items():
        found = pattern.match(plain)
        if found is None:
            continue
        rest = text[found.end() :]
        if not rest.strip(" :=,/"):
            return False
        if name == "codes" and not all(_CODE.match(code) for code in _entries(rest)):
            return False
        if name == "claim_words" and _folded(rest) in ("number", "the number", "nummer", "numero"):
            draft.values["number_is"] = "item"
            return True
        draft.add(name, rest)
        return True
    return False


def _entries(text: str) -> list[str]:
    return [entry.strip(" .!") for entry in _LIST_BREAK.split(text) if entry.strip(" .!")]


def _read_number(plain: str, draft: _Draft) -> bool:
    """Read "number = price", "numbers are sizes", "claim by number", "Nummer ist Artikel"."""
    words = _WORDS.findall(plain)
    if not words or len(words) > _MOST_WORDS:
        return False
    if re.match(r"^(?:claim )?by (?:the )?(?:item )?(?:number|price|size|quantity)$", plain):
        by: NumberMeaning = words[-1] if words[-1] in ("price", "size", "quantity") else "item"
        draft.values["number_is"] = by
        return True
    at = _place(plain, words, NUMBER)
    if at is None:
        return False
    rest = plain[at:]
    for meaning, names in _MEANINGS:
        if _place(rest, _WORDS.findall(rest), names) is not None:
            draft.values["number_is"] = meaning
            return True
    return False


def _read_size(plain: str, draft: _Draft) -> bool:
    """Read "size means claim", "sizes claim", "no size claims"."""
    words = _WORDS.findall(plain)
    if not words or len(words) > _MOST_WORDS:
        return False
    at = _place(plain, words, SIZE)
    if at is None or _place(plain, words, CLAIM) is None:
        return False
    draft.values["size_claims"] = _place(plain, words, NO) is None
    return True


_MOST_WORDS = 8
"""Words of a rule that is no list; a longer one is a sentence, and is not guessed at."""

_READERS: tuple[Callable[[str, _Draft], bool], ...] = (_read_number, _read_size)


def _place(plain: str, words: list[str], names: Sequence[str]) -> int | None:
    """Return where a text ends the first of the names: whole words, or parts of unspaced ones."""
    spaced = frozenset(names)
    for word in words:
        if word in spaced:
            return plain.index(word) + len(word)
    for name in names:
        if ord(name[0]) > 0xE00 and name in plain:
            return plain.index(name) + len(name)
    return None


def _checked(name: str, word: str) -> str:
    """Return an entry of a list.

    Raises:
        InputInvalid: it is too long, or no code.
    """
    if len(word) > MAX_ENTRY:
        raise InputInvalid(f"{word[:MAX_ENTRY]!r}… is too long for one entry.", hint=POSSIBLE)
    if name != "codes":
        return word
    found = _CODE.match(word)
    if found is None:
        raise InputInvalid(f"{word!r} is no code and no range such as A1-A99.", hint=POSSIBLE)
    return "-".join(part for part in found.groups() if part)


def _tidy(text: str) -> str:
    """Return the text with single spaces and without marks at its ends."""
    return " ".join(unicodedata.normalize("NFC", text).split()).strip(" .!")


def _folded(text: str) -> str:
    """Return the text in lower case and without accents on Latin letters, of the same length."""
    return "".join(_FOLDS.get(char) or _fold(char) for char in text)


def _fold(char: str) -> str:
    plain = unicodedata.normalize("NFKC", char)
    plain = plain.lower() if len(plain) == 1 else char
    apart = unicodedata.normalize("NFD", plain)
    if len(apart) > 1 and all("\u0300" <= mark <= "\u036f" for mark in apart[1:]):
        plain = apart[0]
    return plain if len(plain) == 1 else char


_FOLDS = {"ß": "s", "đ": "d", "Đ": "d", "ł": "l", "Ł": "l", "ı": "i", "İ": "i", "’": "'"}


def describe(rules: ShowRules) -> str:
    """Return the rules as one plain line, which `parse_rules` reads back."""
    parts = _lists_of(rules)
    said = (
        (rules.plus_n is True, "+N"),
        (rules.plus_n is False, "no +N"),
        (rules.size_claims is True, "size claims"),
        (rules.size_claims is False, "no size claims"),
        (rules.one_per_buyer, "one per buyer"),
        (rules.require_item, "item required"),
        (not rules.retract, "no retract"),
        (not rules.early, "no early claims"),
        (not rules.learn, "only these rules"),
    )
    parts += [words for holds, words in said if holds]
    return "; ".join(parts) or USUAL


def describe_patch(patch: RulesPatch) -> str:
    """Return what an announcement says of the rules, as one plain line."""
    parts = _lists_of(patch)
    said = (
        (patch.plus_n, "+N", "no +N"),
        (patch.size_claims, "size claims", "no size claims"),
        (patch.one_per_buyer, "one per buyer", "several per buyer"),
        (patch.require_item, "item required", "no item needed"),
        (patch.retract, "retract allowed", "no retract"),
        (patch.early, "early claims allowed", "no early claims"),
    )
    parts += [(yes if value else no) for value, yes, no in said if value is not None]
    return "; ".join(parts)


def _lists_of(rules: ShowRules | RulesPatch) -> list[str]:
    parts: list[str] = []
    if rules.number_is is not None:
        parts.append(f"number = {rules.number_is}")
    if rules.codes:
        parts.append(f"codes {', '.join(rules.codes)}")
    if rules.claim_words:
        parts.append(f"claim words: {', '.join(rules.claim_words)}")
    return parts

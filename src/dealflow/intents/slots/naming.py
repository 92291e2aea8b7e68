"""What a message calls the lot on screen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from dealflow.intents.evidence import SIZES, Evidence
from dealflow.intents.scene import MAX_TITLE
from dealflow.intents.slots.colors import listed_colors
from dealflow.intents.slots.counts import COUNT_WORDS
from dealflow.intents.tokens import Kind, Token
from dealflow.model.intent import Intent

SHORT = 4
"""Tokens of a message in which a word of the title is most of what is said."""

_POINTING = frozenset({
    "the", "that", "this", "those", "these", "el", "la", "los", "las", "le", "les", "die", "das",
    "den", "der", "il", "lo", "gli", "o", "os", "as", "yung", "ang", "ung", "het", "de", "ten",
    "ta", "ini", "itu", "for", "a", "an", "un", "una", "une", "ein", "eine", "einen", "um", "uma",
    "isang", "satu", "one", "last", "other", "another",
})  # fmt: skip


def named_lot(evidence: Evidence, intent: Intent, written: str) -> str | None:
    """Return the longest run of words that the lot's title holds too, where it names the lot.

    A word of the title by itself mostly only plays with it; one that is pointed at ("the cuff"),
    or with which little else is said, names what is wanted.

    Args:
        evidence: the message, read.
        intent: what its author does.
        written: its text as it was sent.
    """
    words, tokens = evidence.scene.words, evidence.tokens
    if not words:
        return None
    best = _longest(evidence, words)
    if not best or not _is_name(tokens, best, intent):
        return None
    names = [tokens[at].text for at in best]
    last = names[-1]
    if last not in words and f"{last[:-1]}'s" in written.casefold():
        names[-1] = last[:-1]
    return " ".join(names)


@lru_cache(maxsize=1_000)
def numbers_offered(title: str) -> frozenset[str]:
    """Return the numbers that a title counts up: of "hooks 9-14" or "slots left: 1, 3, 6"."""
    words = frozenset(_WORD.findall(title.casefold()))
    if not words & _NUMBERED and "#" not in title:
        return frozenset()  # 36-40 are sizes, as often as not
    offered = {found for run in _RUN.findall(title) for found in _NUMBER.findall(run)}
    for low, high in _SPAN.findall(title):
        if 0 < int(high) - int(low) <= MOST_OFFERED:
            offered |= {str(number) for number in range(int(low), int(high) + 1)}
    return frozenset(offered)


def is_titled(title: str, value: float) -> bool:
    """Say whether a number stands in a title, or within a span there: a size, a year, a count."""
    spans = [(int(low), int(high)) for low, high in _SIZES.findall(title.casefold())]
    if any(low <= value <= high for low, high in spans):
        return True
    return any(float(found) == value for found in _NUMBER.findall(title))


MOST_OFFERED = 300
"""Numbers that one title can offer; a wider span is a year or a measure."""

_UNITS = r"kg|cm|mm|ml|g|m|in|oz|yrs?|years?|mo|months?|anos|años|meses|pcs?|ct|k|xl|l|cai|cái"
_SPAN = re.compile(rf"(?<![\w$.-])(\d{{1,3}})\s?[-–]\s?(\d{{1,3}})(?![\w%.-])(?!\s(?:{_UNITS})\b)")
_RUN = re.compile(r"(?<![\w$.])\d{1,3}(?:, ?\d{1,3}){2,40}(?!\w)")
_SIZES = re.compile(r"(?<!\d)(\d{1,3})\s?(?:-|–|to|a|à|ao|bis|sampai)\s?(\d{1,3})(?!\d)")
_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d_]+")
_NUMBERED = frozenset({
    "slot", "slots", "hook", "hooks", "spot", "spots", "number", "numbers", "numbered", "tag",
    "tags", "tagged", "sticker", "stickers", "pick", "choose", "call", "nummer", "nummern",
    "numero", "numeros", "numéro", "número", "números", "nomor", "kode", "เบอร์", "番号", "号",
})  # fmt: skip
"""Words of a title in which things go by their numbers."""


def _longest(evidence: Evidence, words: frozenset[str]) -> list[int]:
    best: list[int] = []
    run: list[int] = []
    colors = _colored(evidence)
    lot = evidence.scene.lot
    listed = frozenset[str]() if lot is None else listed_colors(lot.title[:MAX_TITLE])
    for at, token in enumerate(evidence.tokens):
        text = token.text
        known = len(text) > 2 and token.kind is Kind.WORD and _is_in(text, words)
        if known and text not in SIZES and at not in colors and text not in listed:
            run.append(at)
            best = list(run) if len(run) > len(best) else best
        else:
            run = []
    return best


def _is_name(tokens: Sequence[Token], run: Sequence[int], intent: Intent) -> bool:
    before = tokens[run[0] - 1].text if run[0] else ""
    if before in _POINTING:
        return True
    if intent is Intent.BID:
        return False
    counted = before in COUNT_WORDS or before.isdecimal()
    return counted or len(run) > 1 or len(tokens) <= SHORT or intent is Intent.CHECKOUT


def _is_in(word: str, words: frozenset[str]) -> bool:
    """Say whether a title holds the word, in the singular or the plural."""
    return word in words or word + "s" in words or (word[-1] == "s" and word[:-1] in words)


def _colored(evidence: Evidence) -> set[int]:
    return {
        at for hit in evidence.covering if hit.label == "color" for at in range(hit.start, hit.end)
    }

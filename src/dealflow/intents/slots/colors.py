"""The colour that a message names: a word for one, or one that the lot's title lists."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib.resources import files

from dealflow.intents.evidence import SIZES, Evidence
from dealflow.intents.lexicon.reader import Hit
from dealflow.intents.normalise import normalise
from dealflow.intents.scene import MAX_TITLE
from dealflow.intents.slots.written import as_written
from dealflow.intents.tokens import Kind, Token, is_unspaced

_THINGS = frozenset({"basket", "cart", "button", "heart", "hearts", "keranjang", "beg"})
"""What stands on every buyer's screen in some colour, and is not for sale."""

_NAMES = frozenset({"mau", "warna", "kulay", "kolor", "couleur", "farbe"})
"""Words for colour that stand before one."""

_SURE_NAMES = frozenset({"warna", "kulay", "couleur", "farbe"})
"""Those of them behind which any word is a colour: "warna army"."""

_THAI_NAME = "สี"
_BEHIND = frozenset("色的の")

_NO_COLORS = frozenset({"den", "tim"})
"""Colours without their accents that are everyday words elsewhere."""

_ACCENTED = {"hong": "hồng", "tan": "tan"}
"""Colours that are other words with other accents: "hông" is a no, and "tận" means until."""

_LISTS = (
    (1, re.compile(r"[^\W\d_]+(?:\s?/\s?[^\W\d_]+)+")),
    (1, re.compile(r"[^\W\d_]+(?:-[^\W\d_]+){2,}")),
    (2, re.compile(r"[^\W\d_]+(?:, ?[^\W\d_]+)+")),
)
"""What lists look like, and how many words of one must be known for colours."""

_WORD = re.compile(r"[^\W\d_]+")


def said_color(evidence: Evidence, written: str) -> str | None:
    """Return the first colour that a message names, as it is written there.

    Args:
        evidence: the message, read.
        written: its text as it was sent.
    """
    named = next(_said(evidence, written), None) or _listed(evidence) or _announced(evidence.tokens)
    return None if named is None else as_written(written, named)


def _said(evidence: Evidence, written: str) -> Iterator[str]:
    """Yield the words for colours."""
    tokens = evidence.tokens
    for hit in evidence.covering:
        if hit.label != "color":
            continue
        texts = [token.text for token in tokens[hit.start : hit.end]]
        thing = tokens[hit.end].text if hit.end < len(tokens) else ""
        if texts[0] in _NO_COLORS or thing in _THINGS:
            continue
        if texts[0] in _NAMES and len(texts) > 1:
            texts = texts[1:]
        if not all(len(text) == 1 and is_unspaced(text) for text in texts):
            words = " ".join(texts)
            accented = _ACCENTED.get(words)
            if accented is None or as_written(written, words).lower() == accented:
                yield words
        elif len(texts) > 1 or _stands_alone(tokens, hit):
            yield "".join(texts).removeprefix(_THAI_NAME)


def _stands_alone(tokens: Sequence[Token], hit: Hit) -> bool:
    """Say whether a colour of one character is a word by itself: "綠的", not "送金"."""
    after = tokens[hit.end].text if hit.end < len(tokens) else ""
    before = tokens[hit.start - 1].text if hit.start else ""
    return after in _BEHIND or not any(text and is_unspaced(text[0]) for text in (before, after))


def _listed(evidence: Evidence) -> str | None:
    """Return a word that the lot's title lists among colours: "mint, nude, maroon"."""
    lot = evidence.scene.lot
    colors = frozenset[str]() if lot is None else listed_colors(lot.title[:MAX_TITLE])
    if not colors:
        return None
    return next((token.text for token in evidence.tokens if token.text in colors), None)


def _announced(tokens: Sequence[Token]) -> str | None:
    """Return the word behind one for colour: "warna army"."""
    for at, token in enumerate(tokens[:-1]):
        if token.text in _SURE_NAMES and tokens[at + 1].kind is Kind.WORD:
            return tokens[at + 1].text
    return None


@lru_cache(maxsize=1_000)
def listed_colors(title: str) -> frozenset[str]:
    """Return the single words that a title lists where one of them is a colour, normalised."""
    found: set[str] = set()
    for least, pattern in _LISTS:
        for run in pattern.findall(normalise(title)):
            words = frozenset(_WORD.findall(run))
            if len(words & _known()) >= least:
                found |= words
    return frozenset(word for word in found if len(word) > 1 and word not in SIZES)


@cache
def _known() -> frozenset[str]:
    source = files("dealflow.intents.lexicon").joinpath("colors.toml").read_text("utf-8")
    return frozenset(map(normalise, tomllib.loads(source)["color"]))

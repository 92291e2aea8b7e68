"""Reads how claims are made out of what the shop says in its own chat.

Conservative: a host talks all evening, and a rule that was learned by mistake costs more than one
that the seller has to type. A word is learned only if people claim with it anyway, or if the
message says that it is for claiming; a message that asks to type for another reason teaches none.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.resources import files
from typing import NamedTuple

from dealflow.intents.lexicon.compile import compile_tables
from dealflow.intents.lexicon.languages import EVERY
from dealflow.intents.lexicon.reader import Hit, Lexicon
from dealflow.intents.normalise import normalise
from dealflow.intents.tokens import Kind, Token, tokenise
from dealflow.model.intent import Role
from dealflow.model.show import NumberMeaning, RulesPatch

REACH = 9
"""Tokens after "type" among which stands what is to be typed."""

BEFORE = 7
"""The same where the verb comes last."""

MAX_WORD = 12
"""Characters of a word that is known as a claim word only from its quotes or capitals."""

MAX_HITS = 200
"""Phrases in one message that are looked at; a message with more is no announcement."""

_TABLE = "announcements.toml"
_SHOP = frozenset({Role.HOST, Role.MOD})
_NUMBERS: dict[str, NumberMeaning] = {
    "number_item": "item",
    "number_price": "price",
    "number_size": "size",
    "number_quantity": "quantity",
}
_ENDS = frozenset(".!?;\n")
_QUOTES = '"“”„«»「」『』'
_UNQUOTED = {ord(mark): " " for mark in _QUOTES}
_LEADING = frozenset({
    "the", "word", "words", "a", "an", "just", "in", "chat", "comments", "below", "us", "me", "la",
    "palabra", "einfach", "nur", "das", "wort", "le", "mot", "parola", "palavra",
    "kata", "lang", "po", "ng", "na", "ang", "ว", "่", "า", "tu", "please", "pls", "your", "out",
    "simplemente", "solo", "kak", "ya", "ใ", "น", "แ", "ช", "ท", "slowo", "het", "woord", ":",
})  # fmt: skip


class Announcements:
    """Implements `dealflow.intents.base.LearnRules`. Not thread-safe: matching remembers steps."""

    @cached_property
    def _lexicon(self) -> Lexicon:
        table = tomllib.loads(files(__package__).joinpath(_TABLE).read_text("utf-8"))
        return Lexicon(compile_tables({"announcements": table}, frozenset(table) - {"classes"}))

    def __call__(self, text: str, role: Role, lang: str | None = None) -> RulesPatch | None:
        """Return what a message announces, or ``None`` for ordinary speech and for viewers."""
        del lang  # the phrases of all languages stand side by side, and none is another's opposite
        if role not in _SHOP:
            return None
        plain = normalise(text.translate(_UNQUOTED))
        tokens = tokenise(plain, self._lexicon.vocabulary, frozenset())
        if any(token.kind is Kind.LINK for token in tokens):
            return None
        hits = self._lexicon.find(tokens, self._lexicon.look_up(tokens), EVERY)
        if not hits or len(hits) > MAX_HITS:
            return None
        patch = _Reading(tokens, hits, text).patch()
        return None if patch == _NOTHING else patch


class _Request(NamedTuple):
    """A request to type something, which stands at ``start:end``; up to ``reach`` more may."""

    start: int
    end: int
    reach: int
    is_after: bool


class _Reading:
    """One message of the shop."""

    def __init__(self, tokens: Sequence[Token], hits: Sequence[Hit], text: str) -> None:
        self._tokens = tokens
        self._text = text
        asked = _asked(tokens)
        self._hits = [
            hit for hit in hits if not asked[hit.start] and self._is_one(hit, "one_per_buyer")
        ]
        self._labels = {hit.label for hit in self._hits}
        self._is_direct = any(token.kind is Kind.MENTION for token in tokens)

    def patch(self) -> RulesPatch:
        """Return all that the message says of the rules."""
        labels = self._labels
        words: list[str] = []
        meaning: NumberMeaning | None = None
        size = False
        if "other" not in labels and not self._is_direct:
            for request in self._requests():
                words += [word for word in self._words(request) if word not in words]
                meaning = meaning or self._meaning(request)
                if "want" in labels and not words and meaning is None:
                    size = size or self._has("size", request)
            for hit in self._of("pair"):
                words += [word for word in self._pair_words(hit) if word not in words]
                meaning = meaning or "item"
        for label, said in _NUMBERS.items():
            meaning = said if label in labels else meaning
        codes = self._codes()
        return RulesPatch(
            claim_words=tuple(words[:3]),
            number_is=meaning,
            codes=codes,
            require_item=True if "require_item" in labels else None,
            retract=False if "no_retract" in labels else None,
            one_per_buyer=True if "one_per_buyer" in labels and "other" not in labels else None,
            early=False if "no_early" in labels else None,
            plus_n=True if "plus" in labels and "other" not in labels else None,
            size_claims=True if size or "size_claims" in labels else None,
        )

    def _is_one(self, hit: Hit, label: str) -> bool:
        """Say whether every number in a phrase of this kind is 1, as "%n per person" asks."""
        tokens = self._tokens[hit.start : hit.end]
        return hit.label != label or all(token.value in (None, 1) for token in tokens)

    def _of(self, label: str) -> list[Hit]:
        return [hit for hit in self._hits if hit.label == label]

    def _has(self, label: str, request: _Request) -> bool:
        return any(request.start <= hit.start < request.reach for hit in self._of(label))

    def _requests(self) -> Iterator[_Request]:
        """Yield where stands what viewers are asked to type."""
        for hit in (*self._of("verb"), *self._of("verb_soft")):
            if not self._is_negated(hit):
                end = self._end(hit.end, REACH)
                request = _Request(hit.end, end, end, is_after=True)
                if hit.label == "verb" or "want" in self._labels or self._has("number", request):
                    yield request
        for hit in self._of("verb_after"):
            if not self._is_negated(hit):
                end = self._end(hit.end, BEFORE)
                yield _Request(max(0, hit.start - BEFORE), hit.end, end, is_after=False)

    def _is_negated(self, verb: Hit) -> bool:
        return any(0 <= verb.start - no.end <= 2 for no in self._of("no"))

    def _end(self, start: int, reach: float) -> int:
        """Return where so many words end, or the sentence; a few characters can be a word."""
        for at in range(start, len(self._tokens)):
            token = self._tokens[at]
            reach -= 0.3 if len(token.text) == 1 and ord(token.text) > 0xE00 else 1.0
            if reach < 0 or (token.kind is Kind.BREAK and token.text in _ENDS):
                return at
        return len(self._tokens)

    def _words(self, request: _Request) -> list[str]:
        """Return the claim word that is asked for.

        After a verb it is the first thing to type; before a verb it is the last that can be one.
        """
        if request.is_after:
            at = request.start
            while at < request.end and self._is_leading(self._tokens[at]):
                at += 1
            word = self._word_at(at, request) if at < request.end else None
            word = word or self._joined_word(at, request)
            return [] if word is None else [word]
        for at in range(request.end - 1, request.start - 1, -1):
            word = self._word_at(at, request)
            if word is not None:
                return [word]
        return []

    def _joined_word(self, start: int, request: _Request) -> str | None:
        """Return the claim word after a number, as in "type the number + mine"."""
        for hit in self._of("word"):
            if start < hit.start < request.end and self._tokens[hit.start - 1].text in _AND:
                return self._said(hit.start, hit.end)
        return None

    def _word_at(self, at: int, request: _Request) -> str | None:
        """Return the claim word that stands at a place, or ``None``."""
        wanted = "want" in self._labels or self._has("number", request)
        if self._has("release", _Request(at, at + 1, at + 1, is_after=True)):
            return None
        for label in ("word", "word_soft") if wanted else ("word",):
            ends = [hit.end for hit in self._of(label) if hit.start == at]
            if ends:
                return self._said(at, max(ends))
        return self._new_word(self._tokens[at], at) if wanted else None

    def _is_leading(self, token: Token) -> bool:
        return token.text == ":" or (token.text in _LEADING and token.text not in self._marked)

    def _new_word(self, token: Token, at: int) -> str | None:
        """Return a word that nobody claims with, if it is marked as the word to type."""
        if token.kind is Kind.EMOJI:
            return token.text
        if token.kind is Kind.NUMBER:  # "type 1 if you want it", which viewers stretch
            return "1" if set(token.text) == {"1"} else None
        if token.kind is not Kind.WORD or not 2 <= len(token.text) <= MAX_WORD:
            return None
        if any(hit.start <= at < hit.end for hit in self._hits if hit.label in _NO_WORDS):
            return None
        return token.text if token.text in self._marked else None

    @cached_property
    def _marked(self) -> frozenset[str]:
        """Return the words in quotes, and those in capitals where not the whole message is."""
        words = {normalise(part).strip() for part in _quoted(self._text)}
        letters = [char for char in self._text if char.isalpha()]
        if 2 * sum(char.isupper() for char in letters) <= len(letters):
            said = (word.strip("().,:;!+") for word in self._text.translate(_UNQUOTED).split())
            words |= {normalise(word) for word in said if len(word) > 1 and word.isupper()}
        return frozenset(words)

    def _meaning(self, request: _Request) -> NumberMeaning | None:
        if self._has("number", request):
            return "item"
        return "price" if self._has("price", request) and "want" in self._labels else None

    def _pair_words(self, pair: Hit) -> list[str]:
        """Return the claim word with which a pair such as "mine + code" begins."""
        found = [hit for hit in self._of("word") if hit.start == pair.start]
        text = self._said(pair.start, max((hit.end for hit in found), default=pair.start + 1))
        following = self._tokens[pair.start + 1].text
        return [] if text in _PLAIN_VERBS and following == "with" else [text]

    def _said(self, start: int, end: int) -> str:
        parts = [token.text for token in self._tokens[start:end]]
        glued = all(len(part) == 1 and ord(part) > 0xE00 for part in parts)
        return ("" if glued else " ").join(parts)

    def _codes(self) -> tuple[str, ...]:
        """Return the ranges of codes that are in use ("codes A1 to A60")."""
        tokens = self._tokens
        found: list[str] = []
        for hit in self._of("codes"):
            for at in range(hit.start, min(hit.start + 6, len(tokens) - 2)):
                first, mark, last = tokens[at : at + 3]
                if first.kind in _IDS and last.kind in _IDS and mark.text in _THROUGH:
                    found.append(f"{first.text.lstrip('#')}-{last.text.lstrip('#')}".upper())
                    break
        return tuple(dict.fromkeys(found))


_NOTHING = RulesPatch()
_IDS = frozenset({Kind.NUMBER, Kind.CODE})
_THROUGH = frozenset({
    "-", "–", "—", "to", "through", "thru", "bis", "a", "al", "ate", "sampai", "den", "到",
})  # fmt: skip
_AND = frozenset({"+", "and", "plus", "then", "y", "e", "et", "und", "dan", "at", "en", "i", "ve"})
_NO_WORDS = frozenset({"number", "price", "size", "want", "no", "verb"})
_PLAIN_VERBS = frozenset({"claim", "take", "want", "grab"})
"""Claim words that also only say what is done: "claim with code" names no word to type."""


def _quoted(text: str) -> Iterator[str]:
    """Yield what stands in quotes."""
    start: int | None = None
    for at, char in enumerate(text):
        if char in _QUOTES:
            if start is not None:
                yield text[start:at]
            start = at + 1 if start is None else None


def _asked(tokens: Sequence[Token]) -> list[bool]:
    """Say for each token whether its sentence is a question."""
    asked = [False] * len(tokens)
    start = 0
    for at, token in enumerate(tokens):
        if token.kind is Kind.BREAK and token.text in _ENDS:
            if token.text == "?":
                asked[start : at + 1] = [True] * (at + 1 - start)
            start = at + 1
    return asked

"""Finds what the language files know in the tokens of a message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dealflow.intents.lexicon.automaton import BREAK, ITEM, Automaton
from dealflow.intents.lexicon.compile import Compiled
from dealflow.intents.lexicon.languages import Languages
from dealflow.intents.lexicon.pattern import SYMBOLS
from dealflow.intents.tokens import Kind, Token


class Hit(NamedTuple):
    """A phrase of the lexicon, found at ``start:end`` of the tokens."""

    label: str
    start: int
    end: int


class Lexicon:
    """Everything that the language files know, ready to match.

    Not thread-safe: matching remembers steps.
    """

    def __init__(self, compiled: Compiled) -> None:
        self._automaton = Automaton(compiled.automaton)
        self._languages = Languages(*compiled.languages)
        self._fillers = compiled.fillers
        self._pointers = compiled.pointers
        self._masks = compiled.masks
        self.claim_words = compiled.claim_words
        self.vocabulary = frozenset(self._automaton.literals)
        self._inside = frozenset(self._automaton.starts(opening=False))
        self.triggers = frozenset(self._automaton.starts(opening=True))

    def languages(self, tokens: Sequence[Token], hint: str | None) -> int:
        """Return the mask of languages that the message may be in."""
        return self._languages.possible(tokens, hint)

    def is_filler(self, word: str, mask: int) -> bool:
        """Say whether the word is politeness in one of the languages."""
        return bool(self._fillers.get(word, 0) & mask)

    def is_pointer(self, word: str, mask: int) -> bool:
        """Say whether the word only points, counts or labels in one of the languages."""
        return bool(self._pointers.get(word, 0) & mask)

    def find(
        self, tokens: Sequence[Token], mask: int, items: frozenset[str] = frozenset()
    ) -> list[Hit]:
        """Return every longest phrase of each kind in these languages, in order of the text.

        ``items`` are words that name the lot on screen.
        """
        automaton = self._automaton
        if automaton.is_full:
            automaton.reset()
        symbols = self._symbols(tokens, items)
        closing = self._closings(tokens, mask)
        hits: list[Hit] = []
        opening = True
        for start, symbol in enumerate(symbols):
            if symbol == BREAK:
                opening = True
                continue
            if symbol.endswith(ITEM) or symbol in (self.triggers if opening else self._inside):
                state = automaton.opening if opening else automaton.inside
                for name, end in automaton.follow(symbols, start, state, closing).items():
                    label, languages = self._masks[name]
                    if languages & mask:
                        hits.append(Hit(label, start, end))
            opening = opening and self._is_empty(tokens[start], mask)
        return hits

    def _symbols(self, tokens: Sequence[Token], items: frozenset[str]) -> list[str]:
        vocabulary = self.vocabulary
        symbols: list[str] = []
        for token in tokens:
            text, kind = token.text, token.kind
            if kind is Kind.BREAK:
                symbols.append(BREAK)
                continue
            symbol = text if text in vocabulary and kind not in _NUMERIC else SYMBOLS[kind]
            is_item = items and kind is Kind.WORD and _names(text, items)
            symbols.append(symbol + ITEM if is_item else symbol)
        return symbols

    def _closings(self, tokens: Sequence[Token], mask: int) -> list[bool]:
        """Return for each place whether only fillers follow it in its clause."""
        closing = [True] * (len(tokens) + 1)
        only_fillers = True
        for at in range(len(tokens) - 1, -1, -1):
            token = tokens[at]
            only_fillers = (only_fillers and self._is_empty(token, mask)) or (
                token.kind is Kind.BREAK
            )
            closing[at] = only_fillers
        return closing

    def _is_empty(self, token: Token, mask: int) -> bool:
        return token.kind is Kind.EMOJI or self.is_filler(token.text, mask)


def _names(word: str, items: frozenset[str]) -> bool:
    """Say whether the word names the lot, also in the plural or the genitive."""
    return word in items or (word.endswith("s") and word[:-1] in items)


_NUMERIC = frozenset({Kind.NUMBER, Kind.MONEY, Kind.COUNT})

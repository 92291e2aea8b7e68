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


class Word:
    """All that the lexicon knows of one token, in one place: it is looked up once a message.

    ``symbol`` is what patterns call it. ``lanes`` counts the languages that know it (`Languages`).
    ``filler`` and ``pointer`` are masks of the languages in which it is politeness, or only
    points, counts or labels. ``triggers`` says whether the text as it stands can begin a phrase,
    ``opens`` whether the symbol can where a clause begins, ``inside`` whether it can anywhere.
    """

    __slots__ = ("filler", "inside", "lanes", "opens", "pointer", "symbol", "triggers")

    def __init__(
        self,
        symbol: str,
        lanes: int = 0,
        filler: int = 0,
        pointer: int = 0,
        *,
        triggers: bool = False,
        opens: bool = False,
        inside: bool = False,
    ) -> None:
        self.symbol = symbol
        self.lanes = lanes
        self.filler = filler
        self.pointer = pointer
        self.triggers = triggers
        self.opens = opens
        self.inside = inside


class Lexicon:
    """Everything that the language files know, ready to match.

    Not thread-safe: matching remembers steps.
    """

    def __init__(self, compiled: Compiled) -> None:
        self._automaton = Automaton(compiled.automaton)
        self._languages = Languages(*compiled.languages)
        self._masks = compiled.masks
        self.claim_words = compiled.claim_words
        self.vocabulary = frozenset(self._automaton.literals)
        self._inside = frozenset(self._automaton.starts(opening=False))
        self.triggers = frozenset(self._automaton.starts(opening=True))
        self._kinds = {kind: self._word(symbol) for kind, symbol in SYMBOLS.items()}
        self._kinds[Kind.BREAK] = Word(BREAK)
        self._words = self._known_words(compiled)
        self._numeric: dict[tuple[str, Kind], Word] = {}

    def look_up(self, tokens: Sequence[Token]) -> list[Word]:
        """Return what the lexicon knows of each token."""
        words, kinds = self._words, self._kinds
        found: list[Word] = []
        for token in tokens:
            kind = token.kind
            word = words.get(token.text)
            if word is None or kind is Kind.BREAK:
                word = kinds[kind]
            elif kind in _NUMERIC:
                word = self._numeric.get((token.text, kind)) or self._number(token, word)
            found.append(word)
        return found

    def languages(self, tokens: Sequence[Token], words: Sequence[Word], hint: str | None) -> int:
        """Return the mask of languages that the message may be in.

        A hint ("es", "pt-BR") is always among them, whatever the words say.
        """
        lanes = 0
        for token, word in zip(tokens, words, strict=True):
            if token.kind is Kind.WORD:
                lanes += word.lanes
        return self._languages.possible(lanes, hint)

    def find(
        self,
        tokens: Sequence[Token],
        words: Sequence[Word],
        mask: int,
        items: frozenset[str] = frozenset(),
    ) -> list[Hit]:
        """Return every longest phrase of each kind in these languages, in order of the text.

        Args:
            tokens: the message.
            words: what `look_up` returned for it.
            mask: the languages.
            items: words that name the lot on screen.
        """
        automaton, masks = self._automaton, self._masks
        if automaton.is_full:
            automaton.reset()
        symbols = _symbols(tokens, words, items) if items else [word.symbol for word in words]
        closing: list[bool] | None = None
        hits: list[Hit] = []
        opening = True
        for start, word in enumerate(words):
            if word.symbol == BREAK:
                opening = True
                continue
            symbol = symbols[start]
            if (word.opens if opening else word.inside) or symbol != word.symbol:
                state = automaton.opening if opening else automaton.inside
                if closing is None:
                    closing = _closings(tokens, words, mask)
                for name, end in automaton.follow(symbols, start, state, closing).items():
                    label, languages = masks[name]
                    if languages & mask:
                        hits.append(Hit(label, start, end))
            opening = opening and _is_empty(tokens[start], word, mask)
        return hits

    def _word(self, symbol: str) -> Word:
        return Word(symbol, opens=symbol in self.triggers, inside=symbol in self._inside)

    def _known_words(self, compiled: Compiled) -> dict[str, Word]:
        """Return what is known of every text that stands in a language file."""
        languages, (_, known) = self._languages, compiled.languages
        texts = {*self.vocabulary, *known, *compiled.fillers, *compiled.pointers}
        return {
            text: Word(
                text if text in self.vocabulary else SYMBOLS[Kind.WORD],
                languages.lanes(known.get(text, 0)),
                compiled.fillers.get(text, 0),
                compiled.pointers.get(text, 0),
                triggers=text in self.triggers,
                opens=text in self.triggers,
                inside=text in self._inside,
            )
            for text in texts
        }

    def _number(self, token: Token, known: Word) -> Word:
        """Return a number that a language file names: patterns see any number in it."""
        kind = self._kinds[token.kind]
        word = Word(
            kind.symbol,
            filler=known.filler,
            pointer=known.pointer,
            triggers=known.triggers,
            opens=kind.opens,
            inside=kind.inside,
        )
        self._numeric[token.text, token.kind] = word
        return word


def _symbols(tokens: Sequence[Token], words: Sequence[Word], items: frozenset[str]) -> list[str]:
    """Return what patterns call each token, the words that name the lot among them."""
    return [
        word.symbol + ITEM if token.kind is Kind.WORD and _names(token.text, items) else word.symbol
        for token, word in zip(tokens, words, strict=True)
    ]


def _closings(tokens: Sequence[Token], words: Sequence[Word], mask: int) -> list[bool]:
    """Return for each place whether only fillers follow it in its clause."""
    closing = [True] * (len(tokens) + 1)
    only_fillers = True
    for at in range(len(tokens) - 1, -1, -1):
        token = tokens[at]
        only_fillers = (only_fillers and _is_empty(token, words[at], mask)) or (
            token.kind is Kind.BREAK
        )
        closing[at] = only_fillers
    return closing


def _is_empty(token: Token, word: Word, mask: int) -> bool:
    return token.kind is Kind.EMOJI or bool(word.filler & mask)


def _names(word: str, items: frozenset[str]) -> bool:
    """Say whether the word names the lot, also in the plural or the genitive."""
    return word in items or (word.endswith("s") and word[:-1] in items)


_NUMERIC = frozenset({Kind.NUMBER, Kind.MONEY, Kind.COUNT})

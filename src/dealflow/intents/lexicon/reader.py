"""Reads the language files and compiles them into one matcher."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import NamedTuple

from dealflow.errors import SettingsInvalid
from dealflow.intents.lexicon.automaton import END, ITEM, Automaton
from dealflow.intents.lexicon.languages import EVERY, Languages
from dealflow.intents.lexicon.pattern import SYMBOLS, Compiler
from dealflow.intents.tokens import Kind, Token

LABELS = frozenset(
    {
        "claim_word", "claim", "claim_soft", "backup", "bid", "checkout", "demand", "price",
        "product", "shipping", "interest", "retraction", "decline", "post", "spam", "shop",
        "idiom", "joke", "negation", "past", "others", "ask", "condition", "filler", "pointer",
        "color", "common", "contrast",
    }
)  # fmt: skip
"""The headings that a language file may have; each names what its patterns show."""


class Hit(NamedTuple):
    """A phrase of the lexicon, found at ``start:end`` of the tokens."""

    label: str
    start: int
    end: int


class Lexicon:
    """Everything that the language files know, ready to match.

    Not thread-safe: matching remembers steps.
    """

    def __init__(self, tables: Mapping[str, Mapping[str, object]]) -> None:
        self._automaton = Automaton()
        self._languages = Languages()
        self._fillers: dict[str, int] = {}
        self._pointers: dict[str, int] = {}
        self._masks: dict[str, tuple[str, int]] = {}
        self.claim_words: set[str] = set()
        for name in sorted(tables, key=lambda name: (not name.startswith(MIXED_IN), name)):
            self._add_language(name.removesuffix(".toml"), tables[name])
        self.vocabulary = frozenset(self._automaton.literals)
        self._automaton.reset()
        self._inside = frozenset(self._automaton.starts(opening=False))
        self.triggers = frozenset(self._automaton.starts(opening=True))

    def _add_language(self, name: str, table: Mapping[str, object]) -> None:
        mask = EVERY if name in SHARED else self._languages.bit(name)
        classes = _classes(name, table)
        compiler = Compiler(self._automaton, classes)
        for label, patterns in table.items():
            if label == "classes":
                continue
            if label not in LABELS:
                raise SettingsInvalid(f"The lexicon {name!r} has an unknown heading {label!r}.")
            for pattern in _strings(name, label, patterns):
                self._add(compiler, pattern, label, mask)
        own = {word for label in _PLAIN for word in _strings(name, label, table.get(label, []))}
        for word in compiler.words:
            if word in own or not self._languages.knows(word, self._languages.bit(MIXED_IN)):
                self._languages.learn(word, mask)

    def _add(self, compiler: Compiler, pattern: str, label: str, mask: int) -> None:
        if label in ("filler", "pointer", "common"):
            words = compiler.literal(pattern)
            known = {"filler": self._fillers, "pointer": self._pointers}.get(label, {})
            for word in words:
                known[word] = known.get(word, 0) | mask
            return
        if label == "claim_word":
            self.claim_words.add("".join(compiler.literal(pattern)))
        name = f"{label}/{mask}"
        self._masks[name] = (label, mask)
        compiler.add(pattern, name)

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
        symbols = [self._symbol(token, items) for token in tokens]
        closing = self._closings(tokens, mask)
        hits: list[Hit] = []
        opening = True
        for start, symbol in enumerate(symbols):
            if symbol == _BREAK:
                opening = True
                continue
            if symbol.endswith(ITEM) or symbol in (self.triggers if opening else self._inside):
                state = automaton.opening if opening else automaton.inside
                for name, end in self._follow(symbols, start, state, closing).items():
                    label, languages = self._masks[name]
                    if languages & mask:
                        hits.append(Hit(label, start, end))
            opening = opening and self._is_empty(tokens[start], mask)
        return hits

    def _follow(
        self, symbols: Sequence[str], start: int, state: int, closing: Sequence[bool]
    ) -> dict[str, int]:
        step, labels = self._automaton.step, self._automaton.labels
        found: dict[str, int] = {}
        for at in range(start, len(symbols)):
            if symbols[at] == _BREAK:
                break
            state = step(state, symbols[at])
            if state < 0:
                break
            for label in labels(state):
                found[label] = at + 1
            if closing[at + 1]:
                last = step(state, END)
                if last >= 0:
                    for label in labels(last):
                        found[label] = at + 1
        return found

    def _symbol(self, token: Token, items: frozenset[str]) -> str:
        if token.kind is Kind.BREAK:
            return _BREAK
        known = token.text in self.vocabulary and token.kind not in _NUMERIC
        symbol = token.text if known else SYMBOLS[token.kind]
        return symbol + ITEM if token.kind is Kind.WORD and _names(token.text, items) else symbol

    def _closings(self, tokens: Sequence[Token], mask: int) -> list[bool]:
        """Return for each place whether only fillers follow it in its clause."""
        closing = [True] * (len(tokens) + 1)
        for at in range(len(tokens) - 1, -1, -1):
            token = tokens[at]
            closing[at] = token.kind is Kind.BREAK or (
                closing[at + 1] and self._is_empty(token, mask)
            )
        return closing

    def _is_empty(self, token: Token, mask: int) -> bool:
        return token.kind is Kind.EMOJI or self.is_filler(token.text, mask)


MIXED_IN = "en"
"""English words stand in the chat of every language ("price kya hai"); where another file uses
one, it says nothing about the language, unless that file lists it among its own plain words."""

_PLAIN = ("common", "filler", "pointer")

SHARED = frozenset({"colors"})
"""Files that belong to every language."""


def _names(word: str, items: frozenset[str]) -> bool:
    """Say whether the word names the lot, also in the plural or the genitive."""
    return word in items or (word.endswith("s") and word[:-1] in items)


_BREAK = "\0break"
_NUMERIC = frozenset({Kind.NUMBER, Kind.MONEY, Kind.COUNT})


def load() -> Lexicon:
    """Read the language files that are shipped with the package."""
    folder = files(__package__)
    tables = {
        entry.name: tomllib.loads(entry.read_text("utf-8"))
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    }
    return Lexicon(tables)


def _classes(name: str, table: Mapping[str, object]) -> dict[str, Sequence[str]]:
    classes = table.get("classes", {})
    if not isinstance(classes, dict):
        raise SettingsInvalid(f"The classes of the lexicon {name!r} are no table.")
    return {key: _strings(name, key, value) for key, value in classes.items()}


def _strings(name: str, label: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise SettingsInvalid(f"The heading {label!r} of the lexicon {name!r} is no list of words.")
    return value

"""Reads the language files and compiles them into one matcher."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import NamedTuple

from dealflow.errors import SettingsInvalid
from dealflow.intents.lexicon.automaton import END, Automaton
from dealflow.intents.lexicon.pattern import SYMBOLS, Classes, add_pattern, words_of
from dealflow.intents.tokens import Kind, Token

LABELS = frozenset(
    {
        "claim_word", "claim", "claim_soft", "backup", "bid", "checkout", "demand", "price",
        "product", "shipping", "interest", "retraction", "decline", "post", "spam", "shop",
        "idiom", "joke", "negation", "past", "others", "ask", "condition", "filler", "pointer",
        "color",
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
        self.claim_words: set[str] = set()
        self.fillers: set[str] = set()
        self.pointers: set[str] = set()
        for name, table in tables.items():
            self._add_language(name, table)
        self.vocabulary = frozenset(self._automaton.literals)
        self._automaton.reset()
        self._inside = frozenset(self._automaton.starts(opening=False))
        self.triggers = frozenset(self._automaton.starts(opening=True))

    def _add_language(self, name: str, table: Mapping[str, object]) -> None:
        classes = _classes(name, table)
        for label, patterns in table.items():
            if label in ("classes", "names"):
                continue
            if label not in LABELS:
                raise SettingsInvalid(f"The lexicon {name!r} has an unknown heading {label!r}.")
            for pattern in _strings(name, label, patterns):
                self._add(pattern, label, classes)

    def _add(self, pattern: str, label: str, classes: Classes) -> None:
        if label == "filler":
            self.fillers.update(words_of(pattern))
        elif label == "pointer":
            self.pointers.update(words_of(pattern))
        elif label == "claim_word":
            self.claim_words.add("".join(words_of(pattern)))
        add_pattern(self._automaton, pattern, label, classes)

    def find(self, tokens: Sequence[Token]) -> list[Hit]:
        """Return every longest phrase of each kind, in the order of the text."""
        automaton = self._automaton
        if automaton.is_full:
            automaton.reset()
        symbols = [self._symbol(token) for token in tokens]
        closing = self._closings(tokens)
        hits: list[Hit] = []
        opening = True
        for start, symbol in enumerate(symbols):
            if tokens[start].kind is Kind.BREAK:
                opening = True
                continue
            if symbol in (self.triggers if opening else self._inside):
                state = automaton.opening if opening else automaton.inside
                self._follow(symbols, start, state, closing, hits)
            opening = opening and self._is_empty(tokens[start])
        return hits

    def _follow(
        self,
        symbols: Sequence[str],
        start: int,
        state: int,
        closing: Sequence[bool],
        hits: list[Hit],
    ) -> None:
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
        hits += [Hit(label, start, end) for label, end in found.items()]

    def _symbol(self, token: Token) -> str:
        if token.kind is Kind.BREAK:
            return _BREAK
        if token.text in self.vocabulary and token.kind not in _NUMERIC:
            return token.text
        return SYMBOLS[token.kind]

    def _closings(self, tokens: Sequence[Token]) -> list[bool]:
        """Return for each place whether only fillers follow it in its clause."""
        closing = [True] * (len(tokens) + 1)
        for at in range(len(tokens) - 1, -1, -1):
            token = tokens[at]
            closing[at] = token.kind is Kind.BREAK or (closing[at + 1] and self._is_empty(token))
        return closing

    def _is_empty(self, token: Token) -> bool:
        return token.kind is Kind.EMOJI or token.text in self.fillers


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

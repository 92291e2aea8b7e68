"""Compiles the language files into one table of states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from dealflow.errors import SettingsInvalid
from dealflow.intents.lexicon.automaton import Automaton
from dealflow.intents.lexicon.languages import EVERY, Languages
from dealflow.intents.lexicon.parts import Parts
from dealflow.intents.lexicon.pattern import Compiler

Tables = Mapping[str, Mapping[str, object]]
"""What each language file holds, by its name."""

LABELS = frozenset(
    {
        "claim_word", "claim", "claim_soft", "backup", "bid", "checkout", "demand", "price",
        "product", "shipping", "interest", "retraction", "decline", "post", "spam", "shop",
        "idiom", "joke", "negation", "past", "others", "ask", "condition", "filler", "pointer",
        "color", "common", "contrast",
    }
)  # fmt: skip
"""The headings that a language file may have; each names what its patterns show."""


class Compiled(msgspec.Struct):
    """Everything that the language files know, in a form that is quick to read again.

    ``fillers`` and ``pointers`` map words to masks of languages, ``masks`` the names of patterns
    to their label and languages.
    """

    automaton: Parts
    languages: tuple[dict[str, int], dict[str, int]]
    fillers: dict[str, int]
    pointers: dict[str, int]
    masks: dict[str, tuple[str, int]]
    claim_words: set[str]


def compile_tables(tables: Tables, labels: frozenset[str] = LABELS) -> Compiled:
    """Compile the language files.

    Args:
        tables: what they hold.
        labels: the headings that they may have.

    Raises:
        SettingsInvalid: one of them is not as it should be.
    """
    return _Build(tables, labels).compiled()


MIXED_IN = "en"
"""English words stand in the chat of every language ("price kya hai"); where another file uses
one, it says nothing about the language, unless that file lists it among its own plain words."""

_PLAIN = ("common", "filler", "pointer")

SHARED = frozenset({"colors"})
"""Files that belong to every language."""


class _Build:
    """The work of one compilation."""

    def __init__(self, tables: Tables, labels: frozenset[str]) -> None:
        self._labels = labels
        self._automaton = Automaton()
        self._languages = Languages()
        self._fillers: dict[str, int] = {}
        self._pointers: dict[str, int] = {}
        self._masks: dict[str, tuple[str, int]] = {}
        self._claim_words: set[str] = set()
        for name in sorted(tables, key=lambda name: (not name.startswith(MIXED_IN), name)):
            self._add_language(name.removesuffix(".toml"), tables[name])

    def compiled(self) -> Compiled:
        """Return all that was read."""
        return Compiled(
            automaton=self._automaton.parts,
            languages=self._languages.parts,
            fillers=self._fillers,
            pointers=self._pointers,
            masks=self._masks,
            claim_words=self._claim_words,
        )

    def _add_language(self, name: str, table: Mapping[str, object]) -> None:
        mask = EVERY if name in SHARED else self._languages.bit(name)
        classes = _classes(name, table)
        compiler = Compiler(self._automaton, classes)
        for label, patterns in table.items():
            if label == "classes":
                continue
            if label not in self._labels:
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
            self._claim_words.add("".join(compiler.literal(pattern)))
        name = f"{label}/{mask}"
        self._masks[name] = (label, mask)
        compiler.add(pattern, name)


def _classes(name: str, table: Mapping[str, object]) -> dict[str, Sequence[str]]:
    classes = table.get("classes", {})
    if not isinstance(classes, dict):
        raise SettingsInvalid(f"The classes of the lexicon {name!r} are no table.")
    return {key: _strings(name, key, value) for key, value in classes.items()}


def _strings(name: str, label: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise SettingsInvalid(f"The heading {label!r} of the lexicon {name!r} is no list of words.")
    return value

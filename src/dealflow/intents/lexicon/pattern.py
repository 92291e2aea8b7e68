"""The little language in which the lexicon is written.

``ill|i_will take|grab <it>`` reads: "ill" or "i will", then "take" or "grab", then one of the class
``it``. A trailing ``?`` makes a piece optional. ``*`` is any one token, ``**`` up to three.
``%n`` is a number, ``%m`` an amount of money, ``%c`` a code, ``%x`` any of these, ``%@`` a mention,
``%i`` a word of the title of the lot on screen.
``^`` stands for the start of a clause and ``$``, which is also good as a choice, for its end;
polite fillers do not count there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dealflow.errors import SettingsInvalid
from dealflow.intents.lexicon.automaton import END, ITEM, WILD, Automaton
from dealflow.intents.normalise import normalise
from dealflow.intents.tokens import Kind, tokenise

GAP = 3
"""Tokens that ``**`` may skip."""

SYMBOLS = {
    Kind.NUMBER: "\0n",
    Kind.MONEY: "\0m",
    Kind.CODE: "\0c",
    Kind.COUNT: "\0q",
    Kind.MENTION: "\0@",
    Kind.WORD: "\0w",
    Kind.EMOJI: "\0e",
    Kind.SIGN: "\0s",
    Kind.LINK: "\0l",
}
"""What a token that no pattern names looks like to the automaton."""

_PLACEHOLDERS = {
    "%n": ("\0n",),
    "%m": ("\0m", "\0n"),
    "%c": ("\0c", "\0n"),
    "%q": ("\0n", "\0q"),
    "%x": ("\0n", "\0m", "\0c", "\0q"),
    "%@": ("\0@",),
    "%i": (ITEM,),
    "*": (WILD,),
    "$": (END,),
}

Symbols = tuple[str, ...]
"""What may stand at one place."""

Classes = Mapping[str, Sequence[str]]


def words_of(text: str) -> list[str]:
    """Return the tokens of a literal, cut exactly as a message is."""
    if text.isascii() and text.isalpha():
        return [text.lower()]
    tokens = tokenise(normalise(text), frozenset(), frozenset())
    return [token.text for token in tokens if token.kind is not Kind.BREAK]


class Compiler:
    """Compiles the patterns of one language file; ``words`` collects the words it met."""

    def __init__(self, automaton: Automaton, classes: Classes) -> None:
        self._automaton = automaton
        self._classes = classes
        self._literals: dict[str, list[str]] = {}
        self._pieces: dict[str, list[list[Symbols]]] = {}
        self.words: set[str] = set()

    def literal(self, text: str) -> list[str]:
        """Return the words of a literal in which ``_`` stands for a space.

        Raises:
            SettingsInvalid: it holds no word.
        """
        known = self._literals.get(text)
        if known is None:
            known = self._literals[text] = words_of(text.replace("_", " "))
            if not known:
                raise SettingsInvalid(f"The lexicon names {text!r}, which is no word.")
            self.words.update(known)
        return known

    def add(self, pattern: str, label: str) -> None:
        """Compile one pattern.

        Raises:
            SettingsInvalid: it names an unknown class, or begins with nothing.
        """
        pieces = pattern.split()
        state = 1 if pieces[:1] == ["^"] else 0
        if pieces[:1] == ["^"]:
            pieces = pieces[1:]
        if not pieces or pieces[0] in ("*", "**", "$"):
            raise SettingsInvalid(f"The lexicon pattern {pattern!r} begins with nothing.")
        for piece in pieces:
            state = self._gap(state) if piece == "**" else self._piece(state, piece)
        self._automaton.accept(state, label)

    def _piece(self, state: int, piece: str) -> int:
        optional = piece.endswith("?") and len(piece) > 1
        end = self._automaton.new()
        shared: dict[tuple[int, Symbols], int] = {}
        for steps in self._choices(piece.removesuffix("?") if optional else piece):
            self._choice(state, steps, end, shared)
        if optional:
            self._automaton.link(state, None, end)
        return end

    def _choices(self, piece: str) -> list[list[Symbols]]:
        known = self._pieces.get(piece)
        if known is None:
            known = self._pieces[piece] = [
                [
                    symbols
                    for part in choice.replace("_", " ").split()
                    for symbols in self._read(part)
                ]
                for choice in self._alternatives(piece)
            ]
        return known

    def _alternatives(self, piece: str) -> list[str]:
        choices: list[str] = []
        for part in piece.split("|"):
            if part.startswith("<") and part.endswith(">"):
                if part[1:-1] not in self._classes:
                    raise SettingsInvalid(f"The lexicon names an unknown class {part}.")
                choices += self._classes[part[1:-1]]
            else:
                choices.append(part)
        return list(dict.fromkeys(choices))

    def _read(self, part: str) -> list[Symbols]:
        if part in _PLACEHOLDERS:
            return [_PLACEHOLDERS[part]]
        return [(word,) for word in self.literal(part)]

    def _choice(
        self, state: int, steps: list[Symbols], end: int, shared: dict[tuple[int, Symbols], int]
    ) -> None:
        """Add one alternative; those that begin alike share their states."""
        for symbols in steps[:-1]:
            following = shared.get((state, symbols))
            if following is None:
                following = shared[state, symbols] = self._automaton.new()
                for symbol in symbols:
                    self._automaton.link(state, symbol, following)
            state = following
        for symbol in steps[-1]:
            self._automaton.link(state, symbol, end)

    def _gap(self, state: int) -> int:
        end = self._automaton.new()
        self._automaton.link(state, None, end)
        for _ in range(GAP):
            following = self._automaton.new()
            self._automaton.link(state, WILD, following)
            self._automaton.link(following, None, end)
            state = following
        return end

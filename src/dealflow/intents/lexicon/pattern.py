"""The little language in which the lexicon is written.

``ill|i_will take|grab <it>`` reads: "ill" or "i will", then "take" or "grab", then one of the class
``it``. A trailing ``?`` makes a piece optional. ``*`` is any one token, ``**`` up to three.
``%n`` is a number, ``%m`` an amount of money, ``%c`` a code, ``%x`` any of these, ``%@`` a mention.
``^`` stands for the start of a clause and ``$`` for its end; polite fillers do not count there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dealflow.errors import SettingsInvalid
from dealflow.intents.lexicon.automaton import END, WILD, Automaton
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
    "*": (WILD,),
}

Classes = Mapping[str, Sequence[str]]


def words_of(text: str) -> list[str]:
    """Return the tokens of a literal, cut exactly as a message is."""
    tokens = tokenise(normalise(text), frozenset(), frozenset())
    return [token.text for token in tokens if token.kind is not Kind.BREAK]


def add_pattern(automaton: Automaton, pattern: str, label: str, classes: Classes) -> None:
    """Compile one pattern into the automaton.

    Raises:
        SettingsInvalid: it names an unknown class or says nothing.
    """
    pieces = pattern.split()
    state = 1 if pieces[:1] == ["^"] else 0
    if pieces[:1] == ["^"]:
        pieces = pieces[1:]
    if not pieces or pieces[0] in ("*", "**", "$"):
        raise SettingsInvalid(f"The lexicon pattern {pattern!r} begins with nothing.")
    for piece in pieces:
        state = _add_piece(automaton, state, piece, classes, pattern)
    automaton.accept(state, label)


def _add_piece(automaton: Automaton, state: int, piece: str, classes: Classes, pattern: str) -> int:
    if piece == "**":
        return _add_gap(automaton, state)
    if piece == "$":
        return _add_symbols(automaton, state, (END,))
    optional = piece.endswith("?") and len(piece) > 1
    end = automaton.new()
    for choice in _choices(piece.removesuffix("?") if optional else piece, classes, pattern):
        _add_choice(automaton, state, choice, end)
    if optional:
        automaton.link(state, None, end)
    return end


def _choices(piece: str, classes: Classes, pattern: str) -> list[str]:
    choices: list[str] = []
    for part in piece.split("|"):
        if part.startswith("<") and part.endswith(">"):
            if part[1:-1] not in classes:
                raise SettingsInvalid(f"The lexicon pattern {pattern!r} names no class {part}.")
            choices += classes[part[1:-1]]
        else:
            choices.append(part)
    return choices


def _add_choice(automaton: Automaton, state: int, choice: str, end: int) -> None:
    if choice in _PLACEHOLDERS:
        for symbol in _PLACEHOLDERS[choice]:
            automaton.link(state, symbol, end)
        return
    words = words_of(choice.replace("_", " "))
    if not words:
        raise SettingsInvalid(f"The lexicon names {choice!r}, which is no word.")
    for word in words[:-1]:
        following = automaton.new()
        automaton.link(state, word, following)
        state = following
    automaton.link(state, words[-1], end)


def _add_gap(automaton: Automaton, state: int) -> int:
    end = automaton.new()
    automaton.link(state, None, end)
    for _ in range(GAP):
        following = automaton.new()
        automaton.link(state, WILD, following)
        automaton.link(following, None, end)
        state = following
    return end


def _add_symbols(automaton: Automaton, state: int, symbols: Sequence[str]) -> int:
    end = automaton.new()
    for symbol in symbols:
        automaton.link(state, symbol, end)
    return end

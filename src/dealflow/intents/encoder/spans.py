"""What the encoder marks in a message: the words that name an item, a number of pieces, a size…

The encoder tells for each piece of the text what it is part of. Pieces make words, and a word is
what its pieces are on average. Words of one kind that stand together are a *span*.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dealflow.intents.tokens import is_unspaced


class Tag(IntEnum):
    """What a piece of a message is part of."""

    NONE = 0
    ITEM = 1
    QUANTITY = 2
    SIZE = 3
    COLOR = 4
    PRICE = 5


class Span(NamedTuple):
    """Words of one kind at ``start:end`` of `Cut.text`, and how likely they are of that kind."""

    tag: Tag
    start: int
    end: int
    chance: float


class Cut(NamedTuple):
    """A text as it was cut: with single spaces, and where each of its pieces begins and ends."""

    text: str
    places: list[tuple[int, int]]


class Cutter(Protocol):
    """Cuts a text into pieces, told as they are spelled: what ``sentencepiece`` gives."""

    def encode_as_pieces(self, text: str, /) -> list[str]:
        """Return the pieces of a text."""
        ...


Tags = NDArray[np.float32]
"""``float32[pieces, len(Tag)]``: a score for each piece and kind."""

_SPACE = "\u2581"


def cut(pieces: Cutter, text: str) -> Cut:
    """Cut a text that `inputs.plain` returned, as the encoder reads it."""
    spelled = pieces.encode_as_pieces(text)
    places: list[tuple[int, int]] = []
    end = 0
    for piece in spelled:
        places.append((end, end + len(piece)))
        end += len(piece)
    return Cut("".join(spelled).replace(_SPACE, " "), places)


class Marked:
    """A message and what each of its words is part of.

    Args:
        said: the message, cut.
        tags: the scores of its pieces. They may be fewer than the text has, where its end was not
            read, and more: what is read behind a short text.
    """

    def __init__(self, said: Cut, tags: Tags) -> None:
        self.text = said.text
        self._words = _words(said, tags[: len(said.places)])
        self._spans = list(self._joined())

    def best(self, tag: Tag) -> Span | None:
        """Return the likeliest span of a kind."""
        same = [one for one in self._spans if one.tag is tag]
        return max(same, key=lambda one: one.chance, default=None)

    def chance(self, tag: Tag, start: int, end: int) -> float | None:
        """Return how likely the words at a place are of a kind; ``None`` where no word was read."""
        found = [
            float(word.shares[tag])
            for word in self._words
            if word.is_word and word.start < end and word.end > start
        ]
        return sum(found) / len(found) if found else None

    def words(self) -> Iterator[tuple[int, int]]:
        """Yield where each word begins and ends."""
        return ((word.start, word.end) for word in self._words if word.is_word)

    def _joined(self) -> Iterator[Span]:
        run: list[_Word] = []
        for word in [*self._words, _NOTHING]:
            if run and (not word.is_word or word.tag is not run[-1].tag):
                if run[-1].tag is not Tag.NONE:
                    yield _span(run)
                run = []
            if word.is_word:
                run.append(word)


class _Word(NamedTuple):
    """Pieces at ``start:end`` that stand together; marks between words are none."""

    start: int
    end: int
    is_word: bool
    shares: NDArray[np.float32]

    @property
    def tag(self) -> Tag:
        return Tag(int(self.shares.argmax()))


_NOTHING = _Word(0, 0, False, np.eye(len(Tag), dtype=np.float32)[Tag.NONE])


def _span(run: Sequence[_Word]) -> Span:
    tag = run[0].tag
    chance = float(np.mean([word.shares[tag] for word in run]))
    return Span(tag, run[0].start, run[-1].end, chance)


def _words(said: Cut, tags: Tags) -> list[_Word]:
    """Put the pieces of each word together; a script without spaces has none to put together."""
    if not len(tags):
        return []
    shares = np.exp(tags - tags.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    groups: list[list[int]] = []
    for at, (start, end) in enumerate(said.places[: len(tags)]):
        piece = said.text[start:end]
        if groups and _goes_on(said.text, said.places[groups[-1][-1]], piece):
            groups[-1].append(at)
        else:
            groups.append([at])
    return [_word(said, group, shares) for group in groups]


def _goes_on(text: str, before: tuple[int, int], piece: str) -> bool:
    last = text[before[0] : before[1]]
    return _is_word(last) and not piece.startswith(" ") and _is_word(piece)


def _is_word(piece: str) -> bool:
    """Say whether a piece is part of a word that is written together."""
    letters = [char for char in piece if char.isalnum()]
    return bool(letters) and not any(is_unspaced(char) for char in letters)


def _word(said: Cut, group: Sequence[int], shares: Tags) -> _Word:
    start, end = said.places[group[0]][0], said.places[group[-1]][1]
    text = said.text[start:end]
    start += len(text) - len(text.lstrip())
    has_letters = any(char.isalnum() for char in text)
    return _Word(start, end, has_letters, shares[list(group)].mean(axis=0))

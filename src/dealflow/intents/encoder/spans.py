"""What the encoder marks in a message: the words that name an item, a number of pieces, a size…

The encoder tells for each piece of the text what it is part of. Pieces of one kind that stand
together are a *span*, told as the words of the message that it covers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


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
_EDGES = frozenset(' \t\n.,;:!?()"“”«»-')


def cut(pieces: Cutter, text: str) -> Cut:
    """Cut a text that `inputs.plain` returned, as the encoder reads it."""
    spelled = pieces.encode_as_pieces(text)
    places: list[tuple[int, int]] = []
    end = 0
    for piece in spelled:
        places.append((end, end + len(piece)))
        end += len(piece)
    return Cut("".join(spelled).replace(_SPACE, " "), places)


def spans(said: Cut, tags: Tags) -> Iterator[Span]:
    """Yield the spans of a message, without the spaces and marks at their edges.

    ``tags`` may be of fewer pieces than the text has, where its end was not read.
    """
    if not len(tags):
        return
    shares = np.exp(tags - tags.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    kinds = shares.argmax(axis=1).tolist()
    at = 0
    while at < len(kinds):
        last = at
        while last + 1 < len(kinds) and kinds[last + 1] == kinds[at]:
            last += 1
        if kinds[at] != Tag.NONE:
            start, end = _whole(said, at, last)
            if start < end:
                chance = float(shares[at : last + 1, kinds[at]].mean())
                yield Span(Tag(kinds[at]), start, end, chance)
        at = last + 1


def _whole(said: Cut, first: int, last: int) -> tuple[int, int]:
    """Return where the words of some pieces begin and end, without what stands at their edges."""
    start, end = said.places[first][0], said.places[last][1]
    while start < end and said.text[start] in _EDGES:
        start += 1
    while start < end and said.text[end - 1] in _EDGES:
        end -= 1
    return start, end


def of_kind(found: Sequence[Span], tag: Tag) -> Span | None:
    """Return the likeliest span of a kind."""
    same = [one for one in found if one.tag is tag]
    return max(same, key=lambda one: one.chance, default=None)

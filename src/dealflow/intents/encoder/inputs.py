"""What the encoder reads: pieces of the text, the lot, the history and the room, and marks.

A *mark* is a symbol of its own that stands for a fact: how the grammar reads the message, how the
show sells, how the numbers in it relate to the price. Marks need no words, hold in every language,
and give the encoder the arithmetic that it cannot do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Protocol

from dealflow.intents.evidence import Evidence
from dealflow.intents.finding import Finding
from dealflow.intents.linear.features import shape_of
from dealflow.model.intent import Room, Utterance
from dealflow.model.room import OTHERS as MAX_OTHERS

START, PAD, END, UNKNOWN = 0, 1, 2, 3
"""Pieces with a meaning of their own; the others begin at 4."""

MAX_TEXT = 40
MAX_LOT = 20
MAX_HISTORY = 14
MAX_SHOP = 16
MAX_OTHER = 7
"""Pieces of the text, of the lot, of the earlier messages, of what the shop said last, and of each
line of others that are read."""

SHOP, OTHERS = "@shop", "@room"
"""The marks before what the shop said last, and before what others did."""

MAX_CHARACTERS = 400
"""Characters of a text that are cut into pieces: ten for each piece that is read."""

HISTORY = 2
"""Earlier messages of the author that are read, the newest."""

NUMBERS = 3
"""Numbers of a message that have a mark."""

OTHER = "?"
"""The mark for what was never seen in training."""

_RUN = re.compile(r"(.)\1{2,}", re.DOTALL)
_UNSEEN = {0xFE0F: None, 0x200D: None, 0: None}


class Pieces(Protocol):
    """Cuts texts into pieces: what ``sentencepiece`` gives."""

    def encode(self, texts: list[str]) -> list[list[int]]:
        """Return the numbers of the pieces of each text."""
        ...


def plain(text: str) -> str:
    """Return a text as the pieces spell it: composed, lower case, no long runs of a character."""
    folded = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]).lower().translate(_UNSEEN)
    return _RUN.sub(r"\1\1", folded).encode("utf-8", "ignore").decode()


def texts(utterance: Utterance) -> tuple[str, str, str]:
    """Return the texts that are read: the message, the lot, the author's earlier messages."""
    lot = utterance.context.lot
    said = ""
    if lot is not None:
        price = "" if lot.price is None else f"{lot.price:g}"
        said = f"{lot.title[:80]} {price} {lot.currency or ''}"
    history = " / ".join(utterance.context.history[-HISTORY:])
    return plain(utterance.text), plain(said), plain(history[-MAX_CHARACTERS:])


def marks(evidence: Evidence, finding: Finding) -> Iterator[str]:
    """Yield the names of the marks of a message."""
    scene = evidence.scene
    yield f"f:{finding.tier}>{finding.intent}"
    yield f"p:{scene.mode or '-'}{'+' if scene.lot is not None else '0'}"
    yield f"r:{scene.rules.number_is or '-'}"
    for token in evidence.ids[:NUMBERS]:
        yield f"n:{shape_of(token, scene)}"
    step = evidence.step
    if step is not None:
        yield f"o:{step}"
    room = evidence.context.room
    if room.shop:
        yield SHOP
    if room.others:
        yield OTHERS


def sequences(
    read: Sequence[tuple[Utterance, Evidence, Finding]],
    pieces: Pieces,
    known: Mapping[str, int],
) -> list[list[int]]:
    """Return the numbers that the encoder reads, a list for each message.

    ``known`` gives each mark its number; it holds `OTHER`.
    """
    said = [part for utterance, _, _ in read for part in _said(utterance)]
    cut = iter(pieces.encode(said) if said else [])
    other = known[OTHER]
    rows: list[list[int]] = []
    for utterance, evidence, finding in read:
        text, lot, history, shop = islice(cut, 4)
        others = list(islice(cut, len(_others(utterance.context.room))))
        row = [START, *text[:MAX_TEXT], END, *lot[:MAX_LOT], END]
        if history:
            row += [*history[-MAX_HISTORY:], END]
        for mark in marks(evidence, finding):
            row.append(known.get(mark, other))
            if mark == SHOP:
                row += [*shop[-MAX_SHOP:], END]
            elif mark == OTHERS:
                for line in others:
                    row += [*line[:MAX_OTHER], END]
        rows.append(row)
    return rows


def _said(utterance: Utterance) -> Iterator[str]:
    room = utterance.context.room
    yield from texts(utterance)
    yield plain(room.shop)
    yield from map(plain, _others(room))


def _others(room: Room) -> tuple[str, ...]:
    return room.others[-MAX_OTHERS:]

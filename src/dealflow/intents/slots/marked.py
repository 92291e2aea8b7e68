"""Slots that the encoder marked in a message, and how they join those that the rules read.

The rules know what a code, a price and a list of claims look like, and follow what the seller set.
The encoder knows which words name a thing, and whether a number counts pieces. Each is asked for
what it is better at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from msgspec import structs

from dealflow.intents.encoder.inputs import plain
from dealflow.intents.encoder.spans import Cut, Marked, Tag, Tags
from dealflow.intents.evidence import Evidence
from dealflow.intents.normalise import normalise
from dealflow.intents.scene import currency_of
from dealflow.intents.slots.counts import number_in, whole_count
from dealflow.intents.slots.offers import in_full
from dealflow.intents.slots.sizes import is_likely, is_listed, is_spanned
from dealflow.intents.slots.written import as_written
from dealflow.intents.tokens import Kind, is_unspaced
from dealflow.model.intent import Slots

SURE = {Tag.ITEM: 0.75, Tag.COLOR: 0.6, Tag.SIZE: 0.4, Tag.QUANTITY: 0.5, Tag.PRICE: 0.5}
"""How likely words must be of a kind to count against what the rules read; chosen on the
calibration files."""

DENIED = 0.1
"""Below this chance the encoder denies what the rules read."""

_EDGES = " \t\n,.;:!?"
"""What the encoder may mark around words and is no part of them."""


class Marks(NamedTuple):
    """A message, its scores for what each piece is part of, and what cuts it into the pieces.

    It is cut when somebody asks: most messages that the encoder judges are no buyer's.
    """

    cut: Callable[[str], Cut]
    text: str
    tags: Tags


def with_marks(rules: Slots, marks: Marks, evidence: Evidence) -> Slots:
    """Return the slots of a buyer's message that claims one thing.

    Args:
        rules: what the rules read.
        marks: what the encoder marked.
        evidence: the message, read.
    """
    marked = Marked(marks.cut(marks.text), marks.tags)
    price, currency = _price(rules, marked, evidence)
    item = _item(rules.item, marked, marks, evidence)
    size = _size(rules.size, marked, marks, evidence)
    if item is not None and size is not None and item in size.split():
        # One word is one thing: what the rules took it for, unless the lot comes in such sizes.
        spanned = is_spanned(normalise(item), evidence.scene)
        is_size = rules.item is None or rules.size == size or spanned
        item, size = (None, size) if is_size else (item, None)
    return Slots(
        item=item,
        quantity=_quantity(rules, marked),
        size=size,
        color=_color(rules.color, marked, marks),
        price=price,
        currency=currency,
    )


def completed(rules: Slots, marks: Marks, evidence: Evidence) -> Slots:
    """As `with_marks`, where a rule of the seller says how to read: what was read so stands."""
    marked = with_marks(rules, marks, evidence)
    read = {name: getattr(rules, name) for name in rules.__struct_fields__}
    return structs.replace(marked, **{name: one for name, one in read.items() if one is not None})


def _item(read: str | None, marked: Marked, marks: Marks, evidence: Evidence) -> str | None:
    """Return the code that the rules know, else the name; a number may be denied as any word."""
    if read is None or not any(char.isdecimal() for char in read):
        return _name(read, Tag.ITEM, marked, marks)
    scene = evidence.scene
    if scene.knows_code(normalise(read)) or scene.rules.number_is == "item":
        return read
    return read if _allowed(read, Tag.ITEM, marked) else None


def _name(read: str | None, tag: Tag, marked: Marked, marks: Marks) -> str | None:
    """Return the words that were surely marked, else those that the rules read, if not denied."""
    span = marked.best(tag)
    if span is not None and span.chance >= SURE[tag]:
        words = normalise(marked.text[span.start : span.end]).strip(_EDGES)
        if words:
            return as_written(marks.text, words)
    if read is None or tag is Tag.COLOR:
        return read
    return read if _allowed(read, tag, marked) else None


def _size(read: str | None, marked: Marked, marks: Marks, evidence: Evidence) -> str | None:
    """Return the size that was marked, else the one that the rules read; listed ones stand."""
    found = _name(read, Tag.SIZE, marked, marks)
    if found is not None:
        part = read is not None and found.casefold() in read.casefold()
        return read if part or not is_likely(normalise(found), evidence.scene) else found
    if read is None:
        return None
    size = normalise(read)
    return read if is_listed(size, evidence.scene) or is_spanned(size, evidence.scene) else None


def _color(read: str | None, marked: Marked, marks: Marks) -> str | None:
    """Return the colour that was marked, or what the rules read where one is part of the other.

    Where words have spaces the longer of the two is whole ("dusty pink").
    """
    found = _name(read, Tag.COLOR, marked, marks)
    if read is None or found is None or not (read in found or found in read):
        return found
    return read if is_unspaced(read[0]) else max(read, found, key=len)


def _allowed(read: str, tag: Tag, marked: Marked) -> bool:
    """Say whether the encoder lets stand what the rules read."""
    written = plain(read)
    at = marked.text.find(written)
    chance = marked.chance(tag, at, at + len(written)) if at >= 0 else None
    return chance is None or chance >= DENIED


def _quantity(rules: Slots, marked: Marked) -> int | None:
    span = marked.best(Tag.QUANTITY)
    if span is not None and span.chance >= SURE[Tag.QUANTITY]:
        count = whole_count(number_in(marked.text[span.start : span.end]))
        if count is not None:
            return count
    if rules.quantity is None:
        return None
    chances = [
        marked.chance(Tag.QUANTITY, start, end) or 0.0
        for start, end in marked.words()
        if number_in(marked.text[start:end]) == rules.quantity
    ]
    return rules.quantity if not chances or max(chances) >= DENIED else None


def _price(rules: Slots, marked: Marked, evidence: Evidence) -> tuple[float | None, str | None]:
    """Return the price of the rules, which know what is near the lot's; else the one marked."""
    span = marked.best(Tag.PRICE)
    if rules.price is not None or span is None or span.chance < SURE[Tag.PRICE]:
        return rules.price, rules.currency
    value = number_in(marked.text[span.start : span.end])
    if value is None:
        return None, None
    value = in_full(evidence.scene, value)
    for token in evidence.tokens:
        if token.kind is Kind.MONEY and token.value == value:
            return value, currency_of(token.currency, evidence.scene.lot)
    return value, None

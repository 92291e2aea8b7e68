"""Slots that the encoder marked in a message, and how they join those that the rules read.

The rules know what a code, a price and a list of claims look like, and follow what the seller set.
The encoder knows which words name a thing, and whether a number counts pieces. Each is asked for
what it is better at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from dealflow.intents.encoder.spans import Cut, Span, Tag, Tags, of_kind, spans
from dealflow.intents.evidence import Evidence
from dealflow.intents.normalise import normalise
from dealflow.intents.scene import currency_of
from dealflow.intents.slots.counts import number_in, whole_count
from dealflow.intents.slots.offers import in_full
from dealflow.intents.slots.written import as_written
from dealflow.intents.tokens import Kind
from dealflow.model.intent import Slots


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
    said = marks.cut(marks.text)
    found = list(spans(said, marks.tags))

    def written(tag: Tag) -> str | None:
        span = of_kind(found, tag)
        return None if span is None else _written(said, span, marks.text)

    item = written(Tag.ITEM)
    price, currency = _price(rules, said, of_kind(found, Tag.PRICE), evidence)
    return Slots(
        item=rules.item if item is None or _is_code(rules.item) else item,
        quantity=_quantity(said, of_kind(found, Tag.QUANTITY)) or rules.quantity,
        size=written(Tag.SIZE) or rules.size,
        color=written(Tag.COLOR) or rules.color,
        price=price,
        currency=currency,
    )


def _written(said: Cut, span: Span, text: str) -> str:
    return as_written(text, normalise(said.text[span.start : span.end]).strip())


def _is_code(item: str | None) -> bool:
    return item is not None and any(char.isdecimal() for char in item)


def _quantity(said: Cut, span: Span | None) -> int | None:
    return None if span is None else whole_count(number_in(said.text[span.start : span.end]))


def _price(
    rules: Slots, said: Cut, span: Span | None, evidence: Evidence
) -> tuple[float | None, str | None]:
    value = None if span is None else number_in(said.text[span.start : span.end])
    if value is None:
        return rules.price, rules.currency
    value = in_full(evidence.scene, value)
    if value == rules.price:
        return rules.price, rules.currency
    for token in evidence.tokens:
        if token.kind is Kind.MONEY and token.value == value:
            return value, currency_of(token.currency, evidence.scene.lot)
    return (rules.price, rules.currency) if rules.price is not None else (value, None)

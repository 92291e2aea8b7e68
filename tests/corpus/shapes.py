"""The shapes of the corpus's lines, with nothing left over: a misspelt field is an error here."""

from __future__ import annotations

from pathlib import Path

import msgspec

from dealflow.model.intent import Intent, Role
from dealflow.model.show import NumberMeaning, SaleMode

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "corpus"
SINGLE = sorted(CORPUS.glob("lines/*.jsonl"))
SHOWS = sorted(CORPUS.glob("shows/*.jsonl"))
GRAMMAR = frozenset({"grammar-dev", "grammar-fresh"})
"""Files that are older than worlds and platforms."""


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No field but those that are named."""


class StrictSlots(Strict, frozen=True):
    """What a message states."""

    item: str | None = None
    quantity: int | None = None
    size: str | None = None
    color: str | None = None
    price: float | None = None
    currency: str | None = None


class Thing(Strict, frozen=True):
    """A lot on screen."""

    title: str = ""
    code: str | None = None
    price: float | None = None
    currency: str | None = None
    stock: int | None = None


class Rules(Strict, frozen=True, rename="camel"):
    """A show's rules."""

    claim_words: tuple[str, ...] = ()
    number_is: NumberMeaning | None = None
    codes: tuple[str, ...] = ()
    require_item: bool = False
    retract: bool = True
    one_per_buyer: bool = False
    early: bool = True
    plus_n: bool | None = None
    size_claims: bool | None = None
    learn: bool = True


class Surroundings(Strict, frozen=True):
    """The context of a single line."""

    mode: SaleMode | None
    lot: Thing | None
    author_role: Role
    history: tuple[str, ...]
    rules: Rules | None = None
    lot_age: float | None = None


class Single(Strict, frozen=True):
    """A line of ``lines/``."""

    id: str
    text: str
    context: Surroundings
    lang: str
    intent: Intent
    slots: StrictSlots = StrictSlots()
    claims: tuple[StrictSlots, ...] = ()
    world: str = ""
    platform: str = ""


class ShowHead(Strict, frozen=True):
    """What a show is."""

    platform: str
    title: str
    seller: str
    mode: SaleMode
    world: str
    lang: str
    rules: Rules | None = None


class ShowStep(Strict, frozen=True, tag_field="kind"):
    """A line of ``shows/``; ``t`` is in seconds."""

    t: float


class Head(ShowStep, frozen=True, tag="show"):
    """The first line."""

    show: ShowHead


class LotStep(ShowStep, frozen=True, tag="lot"):
    """What is on screen from now on."""

    lot: Thing | None
    mode: SaleMode | None = None


class Chat(ShowStep, frozen=True, tag="chat"):
    """A message."""

    user: str
    role: Role
    text: str
    intent: Intent
    lang: str | None = None
    slots: StrictSlots = StrictSlots()
    claims: tuple[StrictSlots, ...] = ()


class Sold(ShowStep, frozen=True, tag="sold"):
    """Who truly gets a lot."""

    lot: str
    user: str | None
    quantity: int = 1
    backups: tuple[str, ...] = ()


class End(ShowStep, frozen=True, tag="end"):
    """The last line."""


Step = Head | LotStep | Chat | Sold | End

singles = msgspec.json.Decoder(Single)
steps: msgspec.json.Decoder[Step] = msgspec.json.Decoder(Step)


def stated(line: Single | Chat) -> list[StrictSlots]:
    """Return all slots of a line."""
    return [line.slots, *line.claims]

"""Somebody in the line before a lot, and what they wished; pure."""

from __future__ import annotations

import msgspec

from dealflow.model.claim import ClaimState
from dealflow.model.intent import Slots

MAX_EVIDENCE = 50
"""Messages kept for one claim; somebody who says "mine" a thousand times made it with the first."""

MAX_QUANTITY = 99
"""Pieces that one message can ask for; more is a slip of the finger or a joke."""

_HOLDING = (ClaimState.AWARDED, ClaimState.SOLD)
_LIVE = (ClaimState.AWARDED, ClaimState.BACKUP)


class Person(msgspec.Struct, frozen=True):
    """Somebody in the chat: ``key`` tells them from all others, ``username`` is shown."""

    key: str
    username: str


def named(username: str) -> Person:
    """Return the person of whom only the name is known; `Message.person` writes it alike."""
    return Person(f"n:{username}", username)


def quantity_of(slots: Slots) -> int:
    """Return how many pieces a message asks for: one, unless it says more."""
    return 1 if slots.quantity is None else min(max(slots.quantity, 1), MAX_QUANTITY)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One person in the line.

    ``wanted`` pieces were asked for, ``quantity`` of them are theirs. ``order`` is the place of
    their latest claim among all entries of the show. ``sold`` counts confirmed sales, ``price``
    is what the sale, or else the person, named. ``first_known_as`` is the key under which the
    claim was told first, when the person's own key was learned later. ``is_firm`` says whether they
    claimed, and not only wished to stand behind somebody.
    """

    person: Person
    state: ClaimState
    order: int
    wanted: int = 1
    quantity: int = 0
    evidence: tuple[str, ...] = ()
    sold: int = 0
    price: float | None = None
    first_known_as: str | None = None
    is_firm: bool = True

    @property
    def is_live(self) -> bool:
        """Say whether the person can still pass."""
        return self.state in _LIVE

    @property
    def holds(self) -> bool:
        """Say whether something is the person's, awarded or sold."""
        return self.state in _HOLDING


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What one message wants of one lot; ``order`` is its place among all entries of the show."""

    person: Person
    message_id: str
    order: int
    quantity: int = 1
    price: float | None = None


def grown(before: Standing, wish: Wish) -> Standing:
    """Return the standing after one more wish of the same person."""
    return msgspec.structs.replace(
        before,
        order=wish.order,
        wanted=max(before.wanted, wish.quantity),
        evidence=with_evidence(before.evidence, wish.message_id),
        price=before.price if wish.price is None or before.sold else wish.price,
    )


def with_evidence(evidence: tuple[str, ...], message_id: str) -> tuple[str, ...]:
    """Add a message to what made a claim, once and up to `MAX_EVIDENCE`."""
    if message_id in evidence or len(evidence) >= MAX_EVIDENCE:
        return evidence
    return (*evidence, message_id)

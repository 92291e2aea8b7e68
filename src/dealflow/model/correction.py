"""A seller's word on a verdict: this was no buyer, or this was one; pure."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from dealflow.errors import InputInvalid
from dealflow.model.intent import Context, Intent, Slots, Utterance, Verdict
from dealflow.model.show import SaleMode

MODEL = "seller"
"""What stands where a classifier's name stands otherwise."""

_LEAST_BUYER = 0.5


class Correction(StrEnum):
    """What a seller says of a message."""

    NOT_BUYER = "not_buyer"
    MISSED_BUYER = "missed_buyer"

    @property
    def is_buyer(self) -> bool:
        """Say whether the author is a buyer."""
        return self is Correction.MISSED_BUYER


class Corrected(msgspec.Struct, frozen=True, kw_only=True):
    """A message with the seller's word on it, which stands.

    ``utterance`` is what was judged, in its context as it was then. ``at`` is when the seller said
    so, in milliseconds since 1970.
    """

    show_id: str
    session_id: str
    message_id: str
    verdict: Verdict
    utterance: Utterance
    at: int

    @property
    def correction(self) -> Correction:
        """Return what the seller said."""
        is_buyer = self.verdict.confidence >= _LEAST_BUYER
        return Correction.MISSED_BUYER if is_buyer else Correction.NOT_BUYER


def seller_verdict(
    before: Verdict, correction: Correction, intent: Intent | None, mode: SaleMode | None
) -> Verdict:
    """Return the verdict that a seller's word makes.

    Args:
        before: what stood without the seller's word; a buyer keeps its slots.
        correction: what the seller says.
        intent: the right intent; ``None``: the one that stood, if it fits, else the plainest.
        mode: how the lot was sold, which tells a bid from a claim.

    Raises:
        InputInvalid: the intent is none of a buyer, or is one of a buyer against the seller's word.
    """
    is_buyer = correction.is_buyer
    if intent is not None and intent.is_buyer is not is_buyer:
        fitting = ", ".join(one for one in Intent if one.is_buyer is is_buyer)
        raise InputInvalid(
            f"The intent {intent} contradicts {correction}.", hint=f"Fitting intents: {fitting}."
        )
    if intent is None:
        intent = before.intent if before.intent.is_buyer is is_buyer else _plainest(is_buyer, mode)
    return Verdict(
        intent=intent,
        confidence=1.0 if is_buyer else 0.0,
        scores={intent: 1.0},
        slots=before.slots if is_buyer else Slots(),
        claims=before.claims if is_buyer else (),
        reason="the seller says that this is a buyer"
        if is_buyer
        else "the seller says that this is no buyer",
        model=MODEL,
    )


def _plainest(is_buyer: bool, mode: SaleMode | None) -> Intent:
    if not is_buyer:
        return Intent.CHATTER
    return Intent.BID if mode is SaleMode.AUCTION else Intent.CLAIM


class LabelledLine(msgspec.Struct, frozen=True, kw_only=True):
    """A message with its intent, in the shape in which examples to learn from are kept."""

    id: str
    text: str
    context: Context
    lang: str
    intent: Intent


def labelled(corrected: Corrected) -> LabelledLine:
    """Return a corrected message as an example; its language is not known."""
    return LabelledLine(
        id=corrected.message_id,
        text=corrected.utterance.text,
        context=corrected.utterance.context,
        lang=corrected.utterance.lang or "und",
        intent=corrected.verdict.intent,
    )

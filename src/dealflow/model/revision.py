"""A verdict on a message that was judged before, and the rule by which one of them stands; pure.

Nothing is overwritten: each verdict is a version beside the others. The message's own verdict is
version 1. What *stands* is what people see: the seller's word, else the second opinion, else the
first verdict. What *counts* in the ledger is the same, but for one thing: a second opinion only
ever adds a buyer. Whatever else it says, such as that a claim is taken back, is a label alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from dealflow.model.intent import Utterance, Verdict


class VerdictSource(StrEnum):
    """Who judged. A reanalysis stands beside the others and changes nothing."""

    LOCAL = "local"
    SECOND_OPINION = "second_opinion"
    REANALYSIS = "reanalysis"
    SELLER = "seller"


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """One more verdict on a stored message.

    ``at`` is in milliseconds since 1970. ``run`` names the reanalysis that it belongs to,
    ``prompt`` is the hash of the instructions that a language model got. ``withdrawn`` takes back
    what the same source said before; ``verdict`` is then the one that it leaves behind.
    ``utterance`` is what was judged, kept where somebody may learn from it.
    """

    message_id: str
    verdict: Verdict
    source: VerdictSource
    at: int
    run: str | None = None
    prompt: str = ""
    withdrawn: bool = False
    utterance: Utterance | None = None


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """A stored message that waits for a second opinion.

    ``utterance`` is the message in its context and ``verdict`` the first one, both as it was
    judged. ``at`` is when it was stored, in milliseconds since 1970; ``reason`` is one short plain
    phrase. ``person`` tells the author from others while it is fresh (see `Message.person`); it is
    not stored a second time, so it is empty when a doubt was read from the store.
    """

    message_id: str
    show_id: str
    utterance: Utterance
    verdict: Verdict
    at: int
    reason: str = ""
    person: str = ""


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What second opinions cost; ``money`` in the currency of the price list."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    money: float = 0.0


# Whose word goes before whose.
_PRECEDENCE = (VerdictSource.SELLER, VerdictSource.SECOND_OPINION)


def standing_version(verdicts: Sequence[Revision]) -> int:
    """Return which verdict stands, counted from 1.

    Args:
        verdicts: all of one message, the first one first.
    """
    for source in _PRECEDENCE:
        for version in range(len(verdicts), 1, -1):
            if verdicts[version - 1].source is source:
                if not verdicts[version - 1].withdrawn:
                    return version
                break  # the last word of this source takes back what it said
    return 1


def counted(first: Verdict, stands: Verdict, source: VerdictSource, threshold: float) -> Verdict:
    """Return the verdict by which the ledger and the captures are kept.

    Args:
        first: the message's own verdict.
        stands: the verdict that stands.
        source: who gave it.
        threshold: the confidence from which a message's author is a buyer.
    """
    if source is VerdictSource.SECOND_OPINION:
        adds_a_buyer = stands.confidence >= threshold > first.confidence
        return stands if adds_a_buyer else first
    return stands

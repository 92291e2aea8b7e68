"""The ports of this room."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from dealflow.model.intent import Role, Utterance, Verdict
from dealflow.model.revision import Spent
from dealflow.model.show import RulesPatch


class Classifier(Protocol):
    """Judges messages in batches."""

    name: str
    """The classifier and its version, as it is written beside each verdict: ``grammar-1``."""

    def judge(self, batch: Sequence[Utterance]) -> list[Verdict]:
        """Return one verdict for each utterance, in the same order.

        Never raises for what a message says: any text, of any length, gets a verdict.
        """
        ...

    async def judge_live(self, batch: Sequence[Utterance]) -> list[Verdict]:
        """As `judge`, for a show that is being read: never hold the event loop for long.

        A classifier may judge more quickly, and so less well, while messages come fast; the
        verdict's ``model`` says which part of it judged.
        """
        ...


class LearnRules(Protocol):
    """Reads how claims are made out of what the shop says in its own chat."""

    def __call__(self, text: str, role: Role, lang: str | None = None) -> RulesPatch | None:
        """Return what a message announces, or ``None`` for ordinary speech and for viewers."""
        ...


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One message about which a second opinion is asked.

    ``id`` is opaque: it is made for one call and says nothing of message or author. ``verdict`` is
    the local one; its slots are kept, since a second opinion has none of its own.
    """

    id: str
    utterance: Utterance
    verdict: Verdict


class Trouble(StrEnum):
    """Why a question got no answer. The list is closed."""

    UNREACHABLE = "unreachable"
    """No connection, or it broke before the whole answer was there."""
    LATE = "late"
    """The deadline passed."""
    DENIED = "denied"
    """The key, the model or the form of the question is not accepted: somebody must act."""
    BUSY = "busy"
    """The other side has no room now."""
    FAULTY = "faulty"
    """The other side failed by its own account."""
    OVERSIZE = "oversize"
    """The answer has more bytes than an answer can need, or came compressed."""
    UNREADABLE = "unreadable"
    """The answer is not of the form that was asked for."""
    CUT_OFF = "cut_off"
    """The model stopped before it was done, or for a reason that we do not know."""
    DECLINED = "declined"
    """The model would not judge what was said; the service itself is well."""
    UNANSWERED = "unanswered"
    """The answer leaves this question out, or gives it twice."""
    CONTRADICTORY = "contradictory"
    """The intent and the probability in the answer exclude each other."""

    @property
    def of_service(self) -> bool:
        """Say whether the service is in trouble, rather than the answer to one question."""
        return self not in (Trouble.DECLINED, Trouble.UNANSWERED, Trouble.CONTRADICTORY)

    @property
    def is_bad_output(self) -> bool:
        """Say whether the model answered, badly: the same question would get the like again."""
        return self in _BAD_OUTPUT


_BAD_OUTPUT = frozenset(
    {
        *(Trouble.OVERSIZE, Trouble.UNREADABLE, Trouble.CUT_OFF, Trouble.DECLINED),
        *(Trouble.UNANSWERED, Trouble.CONTRADICTORY),
    }
)


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What came back for the questions of one call, by their ids: each has a verdict or a trouble.

    ``trouble`` is the call's own, which all its questions share; ``after`` is how many seconds the
    other side asks to be left alone. ``spent`` counts what the call used, failed attempts
    included; its money is not known here.
    """

    verdicts: dict[str, Verdict] = {}
    troubles: dict[str, Trouble] = {}
    trouble: Trouble | None = None
    after: float | None = None
    spent: Spent = Spent()


class SecondOpinion(Protocol):
    """Judges, slowly and at a price, what the local classifier is unsure of."""

    name: str
    """The model, as it is written beside each verdict."""

    prompt: str
    """Version and hash of the instructions, as they are written beside each verdict: ``1-8f…``."""

    def estimate(self, batch: Sequence[Question]) -> Spent:
        """Return the most that `judge` should use for these questions, a retry included."""
        ...

    async def judge(self, batch: Sequence[Question]) -> Answers:
        """Ask about some messages in one call; all of them must be by one person.

        Whoever writes to a model can try to give it orders. Nothing of another person stands in
        the same call, so an order that is obeyed has nobody else to act on.

        Never raises but for a cancellation: whatever goes wrong is a named trouble, within a
        deadline that the implementation keeps.
        """
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...

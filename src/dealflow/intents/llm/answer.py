"""Reads an answer: only what was asked for, and only in the form that was asked for; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from dealflow.intents.base import Answers, Question, Trouble
from dealflow.model.intent import Intent, Verdict
from dealflow.model.revision import Spent

MAX_TOKENS = 10_000_000
"""Tokens that a call may say to have used; no model reads more, so a larger figure is a fault."""

EVEN = 0.5
"""The probability that fits a buyer and everybody else alike."""


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage | None = None


class _Label(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    intent: Intent
    buyer: float


class _Labels(msgspec.Struct, forbid_unknown_fields=True):
    verdicts: list[_Label]


_completions = msgspec.json.Decoder(_Completion)
_labels = msgspec.json.Decoder(_Labels)

FINISHED = frozenset({"stop"})
"""The reasons to finish that mean: the answer is whole."""

REFUSED = frozenset({"content_filter"})
"""The reasons to finish that mean: the model would not."""


def read(body: bytes, batch: Sequence[Question], *, model: str) -> Answers:
    """Return what an answer says of the questions; `Answers.spent` holds its tokens alone."""
    try:
        completion = _completions.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Answers(trouble=Trouble.UNREADABLE)
    spent = _spent(completion.usage)
    content, trouble = _content(completion)
    if trouble is not None:
        return Answers(trouble=trouble, spent=spent)
    try:
        labels = _labels.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Answers(trouble=Trouble.UNREADABLE, spent=spent)
    return _matched(labels.verdicts, batch, model, spent)


def _content(completion: _Completion) -> tuple[str, Trouble | None]:
    if not completion.choices:
        return "", Trouble.UNREADABLE
    choice = completion.choices[0]
    if choice.finish_reason in REFUSED or choice.message.refusal:
        return "", Trouble.DECLINED
    if choice.finish_reason not in FINISHED:
        return "", Trouble.CUT_OFF
    if not choice.message.content:
        return "", Trouble.UNREADABLE
    return choice.message.content, None


def _matched(
    labels: Sequence[_Label], batch: Sequence[Question], model: str, spent: Spent
) -> Answers:
    """Give each question its label; ids that nobody asked about are passed over."""
    times = Counter(label.id for label in labels)
    by_id = {label.id: label for label in labels if times[label.id] == 1}
    verdicts: dict[str, Verdict] = {}
    troubles: dict[str, Trouble] = {}
    for question in batch:
        label = by_id.get(question.id)
        if label is None:
            troubles[question.id] = Trouble.UNANSWERED
        elif not _agrees(label):
            troubles[question.id] = Trouble.CONTRADICTORY
        else:
            verdicts[question.id] = _verdict(label, question.verdict, model)
    # An answer that names none of the questions is no answer to them.
    trouble = Trouble.UNREADABLE if not by_id.keys() & {one.id for one in batch} else None
    return Answers(verdicts=verdicts, troubles=troubles, trouble=trouble, spent=spent)


def _agrees(label: _Label) -> bool:
    if not 0.0 <= label.buyer <= 1.0:  # also false for what is not a number
        return False
    return label.buyer == EVEN or (label.buyer > EVEN) == label.intent.is_buyer


def _verdict(label: _Label, local: Verdict, model: str) -> Verdict:
    return Verdict(
        intent=label.intent,
        confidence=label.buyer,
        scores={label.intent: 1.0},
        slots=local.slots,
        claims=local.claims,
        reason=f"a language model reads it as {label.intent.replace('_', ' ')}",
        model=model,
    )


def _spent(usage: _Usage | None) -> Spent:
    if usage is None:
        return Spent()
    return Spent(tokens_in=_sound(usage.prompt_tokens), tokens_out=_sound(usage.completion_tokens))


def _sound(tokens: int | None) -> int:
    return tokens if tokens is not None and 0 < tokens <= MAX_TOKENS else 0

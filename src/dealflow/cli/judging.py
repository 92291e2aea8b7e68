"""Lines in, lines out: how ``classify`` reads a message and writes its verdict."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, NoReturn

import msgspec
from msgspec.structs import replace

from dealflow.intents.base import Classifier
from dealflow.model.intent import Context, Intent, Room, Slots, Utterance, Verdict
from dealflow.model.text import clean

MAX_LINE = 1 << 20
"""Bytes in a line: sixteen times the longest message that a test or an attack has sent so far."""

MAX_BATCH = 512
"""Messages judged at once; a classifier gains nothing from more, and a reader waits longer."""

Id = str | int | None


class Line(msgspec.Struct, frozen=True):
    """A message to judge. ``id`` is the caller's own and comes back as it was."""

    text: str
    id: Id = None
    context: Context | None = None
    lang: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A verdict. ``confidence`` is the probability that the author is a buyer."""

    id: Id
    intent: Intent
    confidence: float
    is_buyer: bool
    slots: Slots
    scores: dict[Intent, float]
    claims: tuple[Slots, ...] = ()


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line that cannot be judged; ``line`` counts from 1."""

    error: str
    line: int
    id: Id = None


class Judging:
    """Answers lines in order and counts them."""

    def __init__(self, classifier: Classifier, threshold: float) -> None:
        self._classifier = classifier
        self._threshold = threshold
        self._decoder = msgspec.json.Decoder(Line)
        self._encoder = msgspec.json.Encoder()
        self._count = 0

    def answer(self, lines: Sequence[bytes]) -> bytes:
        """Return one line for each line that is not blank, in the same order."""
        return b"".join(
            self._answer_batch(lines[start : start + MAX_BATCH])
            for start in range(0, len(lines), MAX_BATCH)
        )

    def _answer_batch(self, lines: Sequence[bytes]) -> bytes:
        read: list[Line | Refusal] = []
        for data in lines:
            self._count += 1
            if data.strip():
                read.append(self._read(data))
        asked = [line for line in read if isinstance(line, Line)]
        verdicts = iter(self._classifier.judge([_utterance(line) for line in asked]))
        answers = (
            line if isinstance(line, Refusal) else self._answer(line, next(verdicts))
            for line in read
        )
        return b"".join(self._encoder.encode(answer) + b"\n" for answer in answers)

    def _read(self, data: bytes) -> Line | Refusal:
        if len(data) > MAX_LINE:
            return Refusal(f"The line is longer than {MAX_LINE} bytes.", self._count)
        try:
            return self._decoder.decode(data)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return self._read_again(data)

    def _read_again(self, data: bytes) -> Line | Refusal:
        """Read a line that the strict decoder refused, to save it or to say what is wrong.

        JSON may hold lone surrogates, which are no text; a message must not be lost for them.
        """
        loose: Any = None
        try:
            loose = json.loads(data, parse_constant=_refuse, parse_float=_finite)
            return msgspec.convert(_without_surrogates(loose), Line)
        except RecursionError:
            problem = "The line is nested too deeply."
        except UnicodeError:
            problem = "The line is not UTF-8."
        except json.JSONDecodeError as error:
            problem = f"The line is not JSON: {error.msg} at column {error.colno}."
        except ValueError as error:  # msgspec.ValidationError is one
            problem = f"The line is no message: {error}."
        return Refusal(problem, self._count, _id_of(loose))

    def _answer(self, line: Line, verdict: Verdict) -> Answer:
        return Answer(
            id=line.id,
            intent=verdict.intent,
            confidence=verdict.confidence,
            is_buyer=verdict.confidence >= self._threshold,
            slots=verdict.slots,
            scores=verdict.scores,
            claims=verdict.claims,
        )


def _utterance(line: Line) -> Utterance:
    context = line.context or Context()
    if context.history:
        context = replace(context, history=tuple(clean(text) for text in context.history))
    if context.room != Room():
        room = context.room
        context = replace(
            context,
            room=Room(
                shop=clean(room.shop),
                others=tuple(map(clean, room.others)),
                numbers=tuple(map(clean, room.numbers)),
            ),
        )
    return Utterance(text=clean(line.text), context=context, lang=line.lang)


def _without_surrogates(value: Any) -> Any:
    match value:
        case str():
            return clean(value)
        case list():
            return [_without_surrogates(item) for item in value]
        case dict():
            return {clean(key): _without_surrogates(item) for key, item in value.items()}
        case _:
            return value


def _id_of(loose: Any) -> Id:
    """Return the id of a line that is at least an object, so that its caller can tell it."""
    found = loose.get("id") if isinstance(loose, dict) else None
    if isinstance(found, str):
        return clean(found)
    return found if type(found) is int and abs(found) < 1 << 63 else None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text} is out of range")
    return value

"""A second opinion without a network, whose answers can be read off the text."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dealflow.intents.base import Answers, Question
from dealflow.intents.llm.prompt import PROMPT
from dealflow.model.intent import Intent, Verdict
from dealflow.model.revision import Spent


class WordOpinion:
    """ "buy" claims, the rest is chatter; a token a character."""

    name = "words"
    prompt = PROMPT

    def estimate(self, batch: Sequence[Question]) -> Spent:
        return Spent(calls=1, tokens_in=sum(len(one.utterance.text) for one in batch))

    async def judge(self, batch: Sequence[Question]) -> Answers:
        spent = self.estimate(batch) if batch else Spent()
        return Answers(verdicts={one.id: _judge(one) for one in batch}, spent=spent)

    async def aclose(self) -> None:
        pass


def _judge(question: Question) -> Verdict:
    intent = Intent.CLAIM if "buy" in question.utterance.text else Intent.CHATTER
    return msgspec.structs.replace(
        question.verdict,
        intent=intent,
        confidence=0.95 if intent.is_buyer else 0.02,
        scores={intent: 1.0},
        reason="a word",
        model=WordOpinion.name,
    )

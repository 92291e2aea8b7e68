"""A classifier whose verdicts can be read off the text."""

from __future__ import annotations

from collections.abc import Sequence

from dealflow.model.intent import Intent, Utterance, Verdict


class WordClassifier:
    """ "mine" claims, "next" is a backup, "pass" takes back, a "?" asks; the rest is chatter."""

    name = "words-1"

    async def judge_live(self, batch: Sequence[Utterance]) -> list[Verdict]:
        return self.judge(batch)

    def judge(self, batch: Sequence[Utterance]) -> list[Verdict]:
        return [_judge(one.text) for one in batch]


def _judge(text: str) -> Verdict:
    word = text.casefold().strip(" !")
    if word.startswith("mine"):
        intent, confidence = Intent.CLAIM, 0.95
    elif word == "next":
        intent, confidence = Intent.BACKUP, 0.9
    elif word == "pass":
        intent, confidence = Intent.RETRACTION, 0.05
    elif word.endswith("?"):
        intent, confidence = Intent.PRODUCT_QUESTION, 0.1
    else:
        intent, confidence = Intent.CHATTER, 0.01
    return Verdict(
        intent=intent,
        confidence=confidence,
        scores={intent: 1.0},
        reason="a word",
        model=WordClassifier.name,
    )

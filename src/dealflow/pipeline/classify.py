"""Judges the new messages of a batch together."""

from __future__ import annotations

from collections.abc import Sequence

from dealflow.intents.base import Classifier
from dealflow.model.intent import Utterance, Verdict
from dealflow.pipeline.intake import Heard
from dealflow.telemetry.metrics import Metrics


async def judge(classifier: Classifier, heard: Sequence[Heard], metrics: Metrics) -> list[Verdict]:
    """Return a verdict for each message, in order."""
    if not heard:
        return []
    with metrics.judge_seconds.time():
        return await classifier.judge_live(
            [Utterance(text=one.message.text, context=one.context) for one in heard]
        )

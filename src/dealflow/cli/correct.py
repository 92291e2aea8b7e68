"""``dealflow correct``: the seller's word on a stored message."""

from __future__ import annotations

import asyncio

import click

from dealflow.cli import process
from dealflow.cli.options import Invocation, common_options
from dealflow.compose import correct
from dealflow.model.correction import Correction
from dealflow.model.intent import Intent
from dealflow.store.base import Show, StoredMessage

TAKE_BACK = "take-back"


@click.command("correct")
@click.argument("show")
@click.argument("message")
@click.option(
    "--not-buyer",
    "word",
    flag_value=Correction.NOT_BUYER.value,
    help="The author is no buyer: nothing is captured by this message.",
)
@click.option(
    "--missed-buyer",
    "word",
    flag_value=Correction.MISSED_BUYER.value,
    help="The author is a buyer, at the place at which they spoke.",
)
@click.option(
    "--take-back", "word", flag_value=TAKE_BACK, help="Take back what was said of it before."
)
@click.option(
    "--intent",
    type=click.Choice([intent.value for intent in Intent]),
    metavar="INTENT",
    help="What the author really meant.",
)
@common_options
def command(
    invocation: Invocation, *, show: str, message: str, word: str | None, intent: str | None
) -> int:
    """Correct a verdict: this was no buyer, or a missed one.

    SHOW is the show's key or id (`dealflow shows --json` names it), MESSAGE the id of a message
    (the frames of `watch --json` and GET /api/sessions/SHOW/messages name it). Claims and captures
    follow at once; nothing is deleted, and the message is kept with its context to learn from.
    While `dealflow serve` runs on the same folder, ask it instead: POST
    /api/sessions/SHOW/messages/MESSAGE/correction.
    """
    if word is None:
        raise click.UsageError("Say --not-buyer, --missed-buyer or --take-back.")
    if word == TAKE_BACK and intent is not None:
        raise click.UsageError("--intent goes with --not-buyer or --missed-buyer.")
    settings = invocation.settings()

    async def work(stop: asyncio.Event) -> int:
        found, stored = await correct(
            settings,
            show,
            message,
            None if word == TAKE_BACK else Correction(word),
            None if intent is None else Intent(intent),
        )
        threshold = found.capture_threshold(settings.capture.threshold)
        if invocation.output.as_json:
            invocation.output.record(_record(found, stored, threshold))
        else:
            invocation.output.say(_line(stored, threshold))
        return 0

    return process.run(work)


def _record(show: Show, stored: StoredMessage, threshold: float) -> dict[str, object]:
    return {
        "type": "correction",
        "sessionId": show.session_id,
        "messageId": stored.message.id,
        "intent": stored.intent,
        "confidence": stored.confidence,
        "isBuyer": stored.confidence >= threshold,
        "source": stored.source,
        "version": stored.version,
    }


def _line(stored: StoredMessage, threshold: float) -> str:
    what = "a buyer" if stored.confidence >= threshold else "no buyer"
    message = stored.message
    return f"{message.username} is {what} ({stored.intent}, {stored.reason}): {message.text}"

"""``dealflow corrections``: what sellers corrected, as examples to learn from."""

from __future__ import annotations

import asyncio

import click

from dealflow.cli import process
from dealflow.cli.options import Invocation, common_options
from dealflow.clock import iso
from dealflow.compose import stored_corrections
from dealflow.model.correction import Corrected, labelled


@click.command("corrections")
@common_options
def command(invocation: Invocation) -> int:
    """List what was corrected, as labelled lines to learn from.

    With --json each line is {"id","text","context","lang","intent"}: the message in its context as
    it was judged, with the intent that the seller's word gives it. Of several words on one message
    the last is listed; one that was taken back is not. Works while `dealflow serve` runs.
    """
    settings = invocation.settings()

    async def work(stop: asyncio.Event) -> int:
        corrections = await stored_corrections(settings)
        for corrected in corrections:
            if invocation.output.as_json:
                invocation.output.record(labelled(corrected))
            else:
                invocation.output.say(_line(corrected))
        if not corrections:
            invocation.output.note(f"Nothing was corrected yet in {settings.data_path}.")
        return 0

    return process.run(work)


def _line(corrected: Corrected) -> str:
    at = iso(corrected.at)[:16].replace("T", " ")
    word = corrected.correction.replace("_", " ")
    return (
        f"{at}  {corrected.session_id}  {word} ({corrected.verdict.intent}): "
        f"{corrected.utterance.text}"
    )

"""``dealflow shows``: what is in the store."""

from __future__ import annotations

import asyncio

import click

from dealflow.cli import process
from dealflow.cli.options import Invocation, common_options
from dealflow.clock import iso
from dealflow.compose import stored_shows
from dealflow.store.base import Show


@click.command("shows")
@common_options
def command(invocation: Invocation) -> int:
    """List the shows in the store, the newest first."""
    settings = invocation.settings()

    async def work(stop: asyncio.Event) -> int:
        shows = await stored_shows(settings)
        for show in shows:
            if invocation.output.as_json:
                invocation.output.record(_record(show))
            else:
                invocation.output.say(_line(show))
        if not shows:
            invocation.output.note(f"No show yet in {settings.data_path}.")
        return 0

    return process.run(work)


def _record(show: Show) -> dict[str, object]:
    return {
        "type": "show",
        "streamId": show.id,
        "sessionId": show.session_id,
        "platform": show.platform,
        "url": show.url,
        "title": show.title,
        "startedAt": iso(show.started_at),
        "endedAt": None if show.ended_at is None else iso(show.ended_at),
        "messages": show.counters.stored,
        "buyers": show.counters.buyers,
        "leads": show.counters.leads,
    }


def _line(show: Show) -> str:
    began = iso(show.started_at)[:16].replace("T", " ")
    state = "ended" if show.ended_at is not None else "open "
    counts = f"{show.counters.stored:7,} messages {show.counters.buyers:5,} buyers"
    return f"{began}  {state}  {counts}  {show.title or show.url or show.session_id}"

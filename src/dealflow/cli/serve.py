"""``dealflow serve``: read shows on demand and serve dashboards and programs."""

from __future__ import annotations

import asyncio

import click

from dealflow.cli import process
from dealflow.cli.filtering import FilterWish, filter_options, rules_option, with_filters
from dealflow.cli.options import Invocation, common_options, threshold_option
from dealflow.compose import serve


@click.command("serve")
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on; 0 takes a free one.")
@threshold_option("Confidence from which a message is a buyer's, in shows without their own.")
@rules_option
@filter_options
@common_options
def command(
    invocation: Invocation,
    *,
    host: str | None,
    port: int | None,
    threshold: float | None,
    rules: str | None,
    wish: FilterWish,
) -> int:
    """Read shows on demand and serve dashboards and programs.

    Prints the address and a link that logs a browser in once. Ctrl-C and SIGTERM stop it:
    everything that was read is kept, and the shows are read again at the next start.
    """
    output = invocation.output
    flags = {
        "api.host": host,
        "api.port": port,
        "capture.threshold": threshold,
        "rules": rules,
    }
    settings = with_filters(invocation.settings(flags), wish)
    if not output.as_json:
        output.note(f"DealFlow opens its store in {settings.data_path} …")

    def ready(url: str, link: str) -> None:
        if output.as_json:
            output.record({"type": "ready", "url": url, "link": link})
        else:
            output.say(f"DealFlow listens on {url}")
            output.say(f"Open it, logged in:  {link}")
            output.note("Ctrl-C stops it and keeps everything.")
        process.settle()

    async def work(stop: asyncio.Event) -> int:
        await serve(settings, stop, on_ready=ready)
        return 0

    return process.run(work)

"""``dealflow login``: the user's own login, by hand, in a visible browser."""

from __future__ import annotations

import asyncio

import click

from dealflow.cli import process
from dealflow.cli.options import Invocation, common_options
from dealflow.clock import SystemClock
from dealflow.errors import LoginRequired
from dealflow.settings import Settings
from dealflow.sources.browser.chromium import SharedBrowser
from dealflow.sources.egress import Gate, policy_for
from dealflow.sources.whatnot.login import log_in
from dealflow.telemetry.metrics import Metrics


@click.command("login")
@click.argument("platform", type=click.Choice(["whatnot"]))
@common_options
def command(invocation: Invocation, *, platform: str) -> int:
    """Log in to a platform by hand, in a visible browser.

    DealFlow opens Chromium on a profile of its own and leaves it to you: it types nothing and
    clicks nothing. It ends when you are logged in, or when you close the window; shows that are
    read through the browser use that login from then on.
    """
    settings = invocation.settings()
    output = invocation.output

    async def work(stop: asyncio.Event) -> int:
        output.note("Log in in the window that opens; it closes by itself.")
        if not await _until_in(settings, stop):
            raise LoginRequired("Nobody logged in.", hint="Run the command again.")
        if output.as_json:
            output.record({"type": "login", "platform": platform})
        else:
            output.say("You are logged in; shows read through the browser use this login.")
        return 0

    return process.run(work)


async def _until_in(settings: Settings, stop: asyncio.Event) -> bool:
    """Wait for the login; return whether there was one before the window closed or ``stop``."""
    clock, metrics = SystemClock(), Metrics()
    gate = Gate(policy_for(settings), clock=clock, metrics=metrics)
    try:
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(stop.wait())
            login = group.create_task(
                log_in(
                    settings, gate=gate, clock=clock, metrics=metrics, open_browser=SharedBrowser
                )
            )
            await asyncio.wait({asked, login}, return_when=asyncio.FIRST_COMPLETED)
            asked.cancel()
            login.cancel()
    finally:
        await gate.aclose()
    return login.done() and not login.cancelled() and login.result()

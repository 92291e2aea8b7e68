"""``dealflow watch``: read one show and show what happens, as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import click

from dealflow.cli import process
from dealflow.cli.filtering import FilterWish, filter_options, rules_option
from dealflow.cli.follow import Following
from dealflow.cli.options import Invocation, common_options, threshold_option
from dealflow.cli.presenter import presenter
from dealflow.cli.recorder import Recorder
from dealflow.compose import App, open_app
from dealflow.model.facts import SourceStatus
from dealflow.model.rule_line import parse_rules
from dealflow.pipeline.base import StartRequest
from dealflow.sources.base import Transport


@click.command("watch")
@click.argument("url")
@click.option(
    "--transport",
    type=click.Choice([way.value for way in Transport]),
    default=Transport.AUTO.value,
    show_default=True,
    help="Which way to read: auto takes the best that works.",
)
@click.option(
    "--for",
    "seconds",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Stop after this long.",
)
@click.option(
    "--record",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write a recorded show, for `dealflow replay`.",
)
@click.option("--session-id", metavar="KEY", help="Your own key for this show.")
@threshold_option("Confidence from which a message is a buyer's in this show; kept with it.")
@rules_option
@filter_options
@common_options
def command(
    invocation: Invocation,
    *,
    url: str,
    transport: str,
    seconds: float | None,
    record: Path | None,
    session_id: str | None,
    threshold: float | None,
    rules: str | None,
    wish: FilterWish,
) -> int:
    """Read one show and print what happens, as it happens.

    URL is the address of a live show. On a terminal this is a live screen; with --json it is one
    line for each frame. The command ends when the show ends, and Ctrl-C ends it at any time:
    everything that was read is kept.
    """
    settings = invocation.settings()
    request = StartRequest(
        url=url,
        session_id=session_id,
        transport=Transport(transport),
        threshold=threshold,
        rules=None if rules is None else parse_rules(rules),
        filters=None if wish.is_empty else wish.add_to(settings.filters.filters()),
    )

    async def work(stop: asyncio.Event) -> int:
        async with open_app(settings) as app:
            return await watch_show(app, request, invocation, stop, seconds=seconds, record=record)

    return process.run(work)


async def watch_show(
    app: App,
    request: StartRequest,
    invocation: Invocation,
    stop: asyncio.Event,
    *,
    seconds: float | None = None,
    record: Path | None = None,
    on_state: Callable[[SourceStatus], None] | None = None,
) -> int:
    """Read a show to its end and present it; return the exit code.

    Args:
        app: DealFlow, running.
        request: which show, and how to read it.
        invocation: where to present it.
        stop: set when the user has had enough.
        seconds: how long to read at most.
        record: a file for a recorded show.
        on_state: is told how well the show is being read, whenever that changes.

    Raises:
        DealflowError: the show cannot be started, or the recording cannot be written.
    """
    async with AsyncExitStack() as stack:
        shown = await stack.enter_async_context(presenter(invocation.output))
        if record is not None:
            shown = await stack.enter_async_context(Recorder(record, shown))
        following = Following(app.monitor, app.store, app.bus, shown.show, on_state=on_state)
        show = await app.monitor.start(request)
        await following.until_over(
            show.session_id,
            stop,
            after=show.last_seq,
            seconds=seconds,
            is_read=lambda: show.session_id in app.monitor.active,
        )
    if following.failed and following.last_state is not None:
        invocation.output.note(f"The show could not be read: {following.last_state.reason}")
        return 1
    return 0

"""``dealflow replay``: play a recorded show through DealFlow and print its ledger."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import BinaryIO

import click

from dealflow.cli import process
from dealflow.cli.filtering import FilterWish, filter_options, rules_option, with_filters
from dealflow.cli.follow import Following
from dealflow.cli.options import Invocation, common_options, threshold_option
from dealflow.cli.output import Output
from dealflow.cli.presenter import PlainLines, presenter
from dealflow.cli.progress import Progress
from dealflow.cli.words import money
from dealflow.compose import App, open_app
from dealflow.errors import FileUnreadable
from dealflow.ledger.ledger import LotOutcome
from dealflow.model.facts import DropReason
from dealflow.model.rule_line import parse_rules
from dealflow.model.show import ShowRules
from dealflow.sources.replay import ReplayReader

SESSION = "replay"


@click.command("replay")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    metavar="X",
    help="X times the show's own pace; without it there is no waiting.",
)
@threshold_option("Confidence from which a message is a buyer's in this show.")
@rules_option
@filter_options
@common_options
def command(
    invocation: Invocation,
    *,
    file: Path,
    speed: float | None,
    threshold: float | None,
    rules: str | None,
    wish: FilterWish,
) -> int:
    """Play a recorded show through DealFlow and print its ledger.

    FILE holds a recorded show (docs/reference/recorded-show.md). The frames are those of a live
    show; the last line says who gets what. Nothing is stored. Lines that cannot be read are left
    out and counted, and the exit code is then 1.
    """
    settings = with_filters(invocation.settings({"capture.threshold": threshold}), wish)
    own_rules = None if rules is None else parse_rules(rules)
    try:
        lines = file.open("rb")
    except OSError as error:
        raise FileUnreadable(f"{file} cannot be read: {error.strerror}.") from error

    async def work(stop: asyncio.Event) -> int:
        async with open_app(settings, in_memory=True) as app:
            await _play(app, lines, file, speed, own_rules, invocation.output, stop)
            return await _conclude(app, invocation.output, stop)

    with lines:
        return process.run(work)


async def _play(
    app: App,
    lines: BinaryIO,
    file: Path,
    speed: float | None,
    rules: ShowRules | None,
    output: Output,
    stop: asyncio.Event,
) -> None:
    reader = ReplayReader(lines, clock=app.clock, speed=speed, on_bad="skip")
    info = await reader.info()
    # At full speed a screen would only flicker.
    wants_lines = speed is None and not output.as_json
    async with AsyncExitStack() as stack:
        shown = await stack.enter_async_context(
            PlainLines(output) if wants_lines else presenter(output)
        )
        shown = await stack.enter_async_context(Progress(shown, is_wanted=output.has_spare_screen))
        following = Following(app.monitor, app.store, app.bus, shown.show)
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(
                app.monitor.replay(
                    reader, session_id=SESSION, url=str(file), rules=rules or info.rules
                )
            )
            await following.until_over(SESSION, stop, is_read=lambda: not playing.done())


async def _conclude(app: App, output: Output, stop: asyncio.Event) -> int:
    """Print the ledger; return the exit code."""
    lots = app.monitor.ledger(SESSION)
    if output.as_json:
        output.record({"type": "ledger", "lots": lots})
    else:
        for lot in lots:
            output.say(_words(lot))
    show = await app.store.show_of(SESSION)
    unread = 0 if show is None else show.counters.dropped.get(DropReason.MALFORMED, 0)
    if unread:
        output.error(
            "input_invalid",
            f"{unread} lines are not lines of a recorded show and were left out.",
            "docs/reference/recorded-show.md describes the format.",
        )
    return 1 if unread or stop.is_set() else 0


def _words(lot: LotOutcome) -> str:
    awards = ", ".join(
        f"{award.user} × {award.quantity} {money(award.price, None)}".rstrip()
        for award in lot.awards
    )
    backups = f"; backups: {', '.join(lot.backups)}" if lot.backups else ""
    asked = f"; asked: {', '.join(lot.asked)}" if lot.asked else ""
    return f"{lot.code}: {awards or 'nobody'}{backups}{asked}"

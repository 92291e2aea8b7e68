"""``dealflow demo``: the whole way on a made-up show, without a network."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from pathlib import Path

import click
import msgspec
from msgspec.structs import replace

from dealflow.cli import process
from dealflow.cli.checks import Machine, Status, check_browser
from dealflow.cli.options import Invocation, common_options
from dealflow.cli.output import Output
from dealflow.cli.watch import watch_show
from dealflow.clock import SystemClock
from dealflow.compose import STORE_FILE, App, open_app
from dealflow.errors import BrowserMissing
from dealflow.model.facts import SourceStatus
from dealflow.model.message import Channel
from dealflow.pipeline.base import StartRequest
from dealflow.settings import LlmSettings, Settings
from dealflow.sources.base import Transport
from dealflow.stage.script import load_show
from dealflow.stage.whatnot import Stage
from dealflow.telemetry.metrics import Metrics

SESSION = "demo"

CURTAIN_SECONDS = 15.0
"""The show begins when it is being read, or after this long: a slow machine may start Chromium
late, and then sees how a backlog is read."""

PAGE = 1000
"""Messages read from the store at once for the summary."""


class Summary(msgspec.Struct, frozen=True, kw_only=True, tag="summary"):
    """What the demo did; ``read`` counts messages by the way that delivered them first."""

    said: int
    read: dict[str, int]
    buyers: int
    leads: int
    claims: int
    gaps: int
    store: str


@click.command("demo")
@click.option(
    "--transport",
    type=click.Choice([way.value for way in Transport]),
    default=Transport.BROWSER.value,
    show_default=True,
    help="Which way to read.",
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    metavar="X",
    help="X times the show's own pace.",
)
@common_options
def command(invocation: Invocation, *, transport: str, speed: float) -> int:
    """Show the whole way on a made-up show; needs no network.

    DealFlow plays a show on a page of its own, on this machine, and reads it through a real
    browser as it would read a live one. At the end it says what it read and where it is stored.
    """
    settings = invocation.settings()
    if invocation.data_dir is None:
        settings = replace(settings, data_dir=tempfile.mkdtemp(prefix="dealflow-demo-"))

    async def work(stop: asyncio.Event) -> int:
        way = await _way(Transport(transport), settings, invocation.output)
        async with Stage(script=load_show(), speed=speed) as stage:
            here = replace(
                settings,
                whatnot=replace(settings.whatnot, base_url=stage.base_url),
                llm=LlmSettings(),  # a made-up show is not worth anybody's money
            )
            async with open_app(here) as app:
                code = await _watch(app, stage, way, invocation, stop)
                summary = await _summary(app, stage)
        _tell(invocation.output, summary)
        return code

    return process.run(work)


async def _way(wanted: Transport, settings: Settings, output: Output) -> Transport:
    """Return the way to read; without a usable browser that is the socket."""
    if wanted is not Transport.BROWSER:
        return wanted
    output.note("Looking for a browser …")
    machine = Machine(settings=settings, clock=SystemClock(), metrics=Metrics())
    finding = await check_browser(machine)
    output.note(finding.message)
    if finding.status is Status.OK:
        return wanted
    output.note(f"→ {finding.todo or BrowserMissing.hint}")
    output.note("The demo goes on by socket.")
    return Transport.SOCKET


async def _watch(
    app: App, stage: Stage, way: Transport, invocation: Invocation, stop: asyncio.Event
) -> int:
    is_read = asyncio.Event()

    def note(state: SourceStatus) -> None:
        if state in (SourceStatus.LIVE, SourceStatus.QUIET):
            is_read.set()

    async def play() -> None:
        try:
            await asyncio.wait_for(is_read.wait(), CURTAIN_SECONDS)
        except TimeoutError:
            invocation.output.note("The reader is late; the show begins without it.")
        await stage.play()

    request = StartRequest(url=stage.show_url, session_id=SESSION, transport=way)
    async with asyncio.TaskGroup() as group:
        playing = group.create_task(play())
        code = await watch_show(app, request, invocation, stop, on_state=note)
        playing.cancel()
    return code


async def _summary(app: App, stage: Stage) -> Summary:
    show = await app.store.show_of(SESSION)
    assert show is not None
    read: Counter[str] = Counter()
    after = 0
    while page := await app.store.messages(show.id, after=after, limit=PAGE):
        read.update(_way_name(stored.message.channel) for stored in page)
        after = page[-1].seq
    return Summary(
        said=len(stage.emitted),
        read=dict(read),
        buyers=len(await app.store.captures(show.id, limit=PAGE)),
        leads=show.counters.leads,
        claims=len(await app.store.claims(show.id)),
        gaps=len(await app.store.gaps(show.id)),
        store=str(Path(app.settings.data_dir) / STORE_FILE),
    )


def _way_name(channel: Channel) -> str:
    return "the page's list" if channel is Channel.DOM else "its socket"


def _tell(output: Output, summary: Summary) -> None:
    if output.as_json:
        output.record(summary)
        return
    ways = ", ".join(f"{count} first seen on {way}" for way, count in summary.read.items())
    output.say("")
    output.say(
        f"{summary.said} messages were said; {sum(summary.read.values())} were read ({ways})."
    )
    output.say(
        f"{summary.buyers} buyers captured, {summary.leads} leads, {summary.claims} claims in the "
        f"ledger, {summary.gaps} gaps in reading."
    )
    output.say(f"The store is {summary.store}; look with: dealflow shows --data-dir "
               f"{Path(summary.store).parent}")  # fmt: skip

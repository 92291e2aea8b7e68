"""``dealflow reanalyze``: judge a stored show again, and compare."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dealflow.cli import process
from dealflow.cli.options import Invocation, common_options, threshold_option
from dealflow.cli.output import Output
from dealflow.cli.words import buyer_words
from dealflow.compose import reanalyse
from dealflow.model.claim import Capture
from dealflow.model.showing import buyer_view
from dealflow.pipeline.base import Report
from dealflow.store.base import Show

TEXT = 60
"""Characters of a message in the table."""


class Summary(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag="reanalysis"):
    """The last line under ``--json``; each buyer has a line of its own before it."""

    session_id: str
    run_id: str
    model: str
    threshold: float
    messages: int
    changed: int
    turned: int
    gained: int
    lost: int
    same: int


@click.command("reanalyze")
@click.argument("show")
@click.option("--model", metavar="NAME", help="The classifier; without it the one in use.")
@threshold_option("Confidence from which a message is a buyer's; without it the show's own.")
@click.option("--again", is_flag=True, help="Begin a fresh run, also where there is one.")
@common_options
def command(
    invocation: Invocation,
    *,
    show: str,
    model: str | None,
    threshold: float | None,
    again: bool,
) -> int:
    """Judge a stored show again and compare the buyers.

    SHOW is the show's key or id. Every message is judged in its context as it was then; the
    verdicts are kept beside those that stand and change nothing. A run that was interrupted goes on
    where it stopped; the same show, model and threshold are the same run, until --again. With
    --json there is a line {"type":"reanalysis_buyer","change":"gained"|"lost"|"same",…} for each
    buyer, and one {"type":"reanalysis",…} at the end. While `dealflow serve` runs on the same
    folder, ask it instead: POST /api/sessions/SHOW/reanalysis.
    """
    settings = invocation.settings()
    output = invocation.output

    async def work(stop: asyncio.Event) -> int:
        with _bar() as bar:
            task = bar.add_task("judging", total=None)
            found, report = await reanalyse(
                settings,
                show,
                model=model,
                threshold=threshold,
                again=again,
                stop=stop,
                on_progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
        if report is None:
            output.note("Stopped. The same command goes on from here.")
            return 1
        if output.as_json:
            _write(output, found, report)
        else:
            for line in _table(report):
                output.say(line)
        return 0

    return process.run(work)


def _bar() -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )


def _changes(report: Report) -> Iterator[tuple[str, Capture]]:
    yield from (("gained", capture) for capture in report.gained)
    yield from (("lost", capture) for capture in report.lost)
    yield from (("same", capture) for capture in report.same)


def _write(output: Output, show: Show, report: Report) -> None:
    for change, capture in _changes(report):
        buyer = msgspec.to_builtins(buyer_view(capture))
        output.record({"type": "reanalysis_buyer", "change": change, **buyer})
    output.record(
        Summary(
            session_id=show.session_id,
            run_id=report.run.id,
            model=report.run.model,
            threshold=report.run.threshold,
            messages=report.messages,
            changed=report.changed,
            turned=report.turned,
            gained=len(report.gained),
            lost=len(report.lost),
            same=len(report.same),
        )
    )


def _table(report: Report) -> Iterator[str]:
    """Yield what a person wants to know: first the sum, then each buyer gained or lost."""
    yield (
        f"{report.run.model} at {report.run.threshold:g}: {report.messages:,} messages, "
        f"{report.changed:,} with another intent, {report.turned:,} across the threshold"
    )
    yield (
        f"buyers: {len(report.same):,} the same, {len(report.gained):,} gained, "
        f"{len(report.lost):,} lost"
    )
    shown = [(change, capture) for change, capture in _changes(report) if change != "same"]
    words = [buyer_words(buyer_view(capture)) for _, capture in shown]
    width = max((len(word) for word in words), default=0)
    for (change, capture), word in zip(shown, words, strict=True):
        sign = "+" if change == "gained" else "-"
        text = capture.text if len(capture.text) <= TEXT else f"{capture.text[:TEXT]}…"
        yield f"  {sign} {word:{width}}  {capture.confidence:4.0%} {capture.intent:10} {text}"

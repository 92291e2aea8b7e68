"""``dealflow evaluate``: measure the classifier on labelled lines, or on plain chat."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import msgspec

from dealflow.cli.columns import columns
from dealflow.cli.options import Invocation, common_options, threshold_option
from dealflow.compose import classifier as make
from dealflow.errors import FileUnreadable
from dealflow.intents.base import Classifier
from dealflow.intents.training import evaluate
from dealflow.intents.training.dataset import is_show, read_file
from dealflow.intents.training.evaluate import Goal, Point, Rate, Report
from dealflow.model.intent import Utterance
from dealflow.model.text import clean

NATURAL = 0.08
"""The share of buyers in a show at which precision is told beside that of a balanced set."""

PLAIN = ".txt"
"""Files of unlabelled chat, a message a line: what is captured in them is false."""


class Figures(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag="evaluation"):
    """The figures of one file, as ``--json`` writes them."""

    file: str
    model: str
    threshold: float
    messages: int
    buyers: int
    figures: dict[str, float]
    precision_at_natural_prevalence: float
    languages: dict[str, float]
    intents: dict[str, float]
    slots: dict[str, float]
    bins: list[tuple[int, float, float]]
    curve: list[tuple[float, int, int, int]] = []


class Captures(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag="captures"):
    """What was captured in a file of plain chat."""

    file: str
    model: str
    threshold: float
    messages: int
    captured: int
    share: float


@click.command("evaluate")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", metavar="NAME", help="The classifier; without it the one in use.")
@click.option("--curve", is_flag=True, help="Show what each threshold misses and gets wrong.")
@click.option("--speed", is_flag=True, help="Measure messages a second, in batches and singly.")
@threshold_option("Confidence from which a message is a buyer's.")
@common_options
def command(
    invocation: Invocation,
    *,
    files: tuple[Path, ...],
    model: str | None,
    curve: bool,
    speed: bool,
    threshold: float | None,
) -> None:
    """Measure the classifier on labelled lines.

    FILES hold labelled lines {"id","text","context","lang","intent","slots"} or a labelled show. A
    .txt file is chat by people who buy nothing, a message a line: the share that would be
    captured is told. Nothing is stored.
    """
    settings = invocation.settings()
    limit = settings.capture.threshold if threshold is None else threshold
    judge = make(settings, model)
    output = invocation.output
    for path in files:
        if path.suffix == PLAIN:
            said = _captures(path, judge, limit)
            if output.as_json:
                output.record(said)
            else:
                output.say(_told(said))
            continue
        examples = read_file(path)
        pairs = evaluate.judge_all(judge, examples)
        report = evaluate.measure(pairs, limit)
        points = evaluate.curve(pairs) if curve else []
        if output.as_json:
            output.record(_figures(path, judge.name, limit, report, points))
            continue
        for line in _page(path, judge.name, limit, report, points):
            output.say(line)
        if speed:
            output.say(_speed(judge, [one.utterance for one in examples]))


def _told(said: Captures) -> str:
    return (
        f"{said.file}: {said.captured} of {said.messages:,} messages would be captured at "
        f"{said.threshold:g}, {said.share:.3%}, by {said.model}"
    )


def _captures(path: Path, judge: Classifier, threshold: float) -> Captures:
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {error.strerror}.") from error
    said = [Utterance(text=clean(line)) for line in lines if line.strip()]
    captured = sum(
        verdict.confidence >= threshold
        for start in range(0, len(said), evaluate.BATCH)
        for verdict in judge.judge(said[start : start + evaluate.BATCH])
    )
    return Captures(
        file=path.name,
        model=judge.name,
        threshold=threshold,
        messages=len(said),
        captured=captured,
        share=captured / len(said) if said else 0.0,
    )


def _figures(
    path: Path, model: str, threshold: float, report: Report, points: Sequence[Point]
) -> Figures:
    return Figures(
        file=path.name,
        model=model,
        threshold=threshold,
        messages=report.messages,
        buyers=report.buyers.right + report.buyers.missed,
        figures=evaluate.headline(report),
        precision_at_natural_prevalence=_natural(report),
        languages={name: rate.f1 for name, rate in report.languages.items()},
        intents={str(name): rate.f1 for name, rate in report.intents.items()},
        slots={name: rate.f1 for name, rate in report.slot_kinds.items()},
        bins=[(row.count, row.confidence, row.buyers) for row in report.bins],
        curve=[
            (point.threshold, point.buyers.right, point.buyers.missed, point.buyers.extra)
            for point in points
        ],
    )


def _natural(report: Report) -> float:
    others = report.messages - report.buyers.right - report.buyers.missed
    return evaluate.at_prevalence(report.buyers, others, NATURAL)


def _page(
    path: Path, model: str, threshold: float, report: Report, points: Sequence[Point]
) -> Iterator[str]:
    in_show = is_show(path)
    buyers = report.buyers.right + report.buyers.missed
    yield (
        f"{path.name}: {report.messages:,} messages, {buyers} by buyers "
        f"({buyers / max(report.messages, 1):.0%}), judged by {model} at {threshold:g}"
    )
    yield ""
    yield from _goals(report, evaluate.GOALS_OF_SHOWS if in_show else evaluate.GOALS_OF_LINES)
    if not in_show:
        yield f"precision if {NATURAL:.0%} of the messages were buyers': {_natural(report):.3f}"
    yield ""
    yield from _rates("language", report.languages)
    yield ""
    yield from _rates("intent", {str(name): rate for name, rate in report.intents.items()})
    yield ""
    if report.slot_kinds:
        yield from _rates("slot of buyers", report.slot_kinds)
        yield ""
    yield from _reliability(report)
    if points:
        yield ""
        yield from _costs(points)
    yield ""


def _goals(report: Report, goals: dict[str, Goal]) -> list[str]:
    rows: list[list[str]] = []
    for name, value in evaluate.headline(report).items():
        goal = goals.get(name)
        if goal is None:
            rows.append([name, f"{value:.3f}", "", "", ""])
            continue
        verdict = "passes" if goal.is_met(value) else "below the gate" if goal.least else "too high"
        rows.append([name, f"{value:.3f}", f"{goal.gate:g}", f"{goal.target:g}", verdict])
    return columns(["measure", "value", "gate", "goal", ""], rows)


def _rates(title: str, rates: dict[str, Rate]) -> list[str]:
    return columns(
        [title, "lines", "precision", "recall", "F1"],
        [
            [
                name,
                str(rate.right + rate.missed),
                f"{rate.precision:.3f}",
                f"{rate.recall:.3f}",
                f"{rate.f1:.3f}",
            ]
            for name, rate in rates.items()
        ],
    )


def _reliability(report: Report) -> list[str]:
    return columns(
        ["confidence", "lines", "said", "buyers", ""],
        [
            [
                f"{at / evaluate.BINS:.1f}–{(at + 1) / evaluate.BINS:.1f}",
                str(row.count),
                f"{row.confidence:.2f}",
                f"{row.buyers:.2f}",
                "█" * round(row.buyers * 20),
            ]
            for at, row in enumerate(report.bins)
            if row.count
        ],
    )


def _costs(points: Sequence[Point]) -> list[str]:
    return columns(
        ["threshold", "found", "missed", "false alarms", "precision", "recall"],
        [
            [
                f"{point.threshold:g}",
                str(point.buyers.right),
                str(point.buyers.missed),
                str(point.buyers.extra),
                f"{point.buyers.precision:.3f}",
                f"{point.buyers.recall:.3f}",
            ]
            for point in points
        ],
    )


def _speed(judge: Classifier, said: Sequence[Utterance]) -> str:
    batches = _rate(judge, said, evaluate.BATCH)
    singly = _rate(judge, said, 1)
    return (
        f"{batches:,.0f} messages a second in batches of {evaluate.BATCH}, "
        f"{singly:,.0f} one by one, by {judge.name}"
    )


def _rate(judge: Classifier, said: Sequence[Utterance], size: int) -> float:
    """Return the median of three runs."""
    rates = sorted(_runs(judge, said, size))
    return rates[len(rates) // 2]


def _runs(judge: Classifier, said: Sequence[Utterance], size: int) -> Iterator[float]:
    for _ in range(3):
        began = time.process_time()
        for start in range(0, len(said), size):
            judge.judge(said[start : start + size])
        yield len(said) / max(time.process_time() - began, 1e-9)

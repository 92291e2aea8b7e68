"""``dealflow train``: make the model anew, or let it learn from corrections."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dealflow.cli.columns import columns
from dealflow.cli.options import Invocation, common_options
from dealflow.compose import learned_file, stored_corrections
from dealflow.errors import InputInvalid
from dealflow.intents import artefacts
from dealflow.intents.training import train
from dealflow.intents.training.dataset import Example
from dealflow.intents.training.recalibrate import Lesson, Tally
from dealflow.model.correction import Corrected


class Learned(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag="training"):
    """What ``--with-corrections --json`` prints."""

    corrections: int
    lesson: Lesson
    file: str | None


@click.command("train")
@click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    default=Path("corpus"),
    show_default=True,
    help="Folder of labelled lines.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write the model to.")
@click.option("--keep-encoder", is_flag=True, help="Train the linear model and the blend only.")
@click.option(
    "--with-corrections", is_flag=True, help="Learn from the corrections in the store instead."
)
@click.option("--forget", is_flag=True, help="Forget what corrections taught.")
@common_options
def command(
    invocation: Invocation,
    *,
    corpus: Path,
    out: Path | None,
    keep_encoder: bool,
    with_corrections: bool,
    forget: bool,
) -> None:
    """Train the model on the corpus, or recalibrate it with corrections.

    Without options the model is trained on the corpus of DealFlow's repository; the encoder needs
    PyTorch, which scripts/train installs. With --with-corrections nothing is needed but a store:
    the confidences are fitted to your own corrections as well, and what that changes is shown on
    lines that took no part. The new confidences are used only if they serve your corrections
    better and the held-out lines no worse; --forget goes back.
    """
    settings = invocation.settings()
    own = learned_file(settings)
    if forget:
        own.unlink(missing_ok=True)
        invocation.output.note("What corrections taught is forgotten.")
        return
    if with_corrections:
        corrections = asyncio.run(stored_corrections(settings))
        _learn(invocation, corrections, own, settings.capture.threshold)
        return
    if not corpus.is_dir():
        raise InputInvalid(
            f"{corpus} is no folder.", hint="Run this in DealFlow's repository, or name the corpus."
        )
    with _bar() as bar:
        tasks = {
            name: bar.add_task(name, total=None)
            for name in (["linear"] if keep_encoder else ["choice", "encoder", "linear"])
        }
        train.train(
            corpus,
            out or artefacts.FOLDER,
            encoder=not keep_encoder,
            progress=lambda part, done, total: bar.update(tasks[part], completed=done, total=total),
        )
    invocation.output.note(f"The model is in {out or artefacts.FOLDER}.")


def _learn(
    invocation: Invocation, corrections: list[Corrected], own: Path, threshold: float
) -> None:
    examples = [
        Example(
            id=one.message_id,
            utterance=one.utterance,
            intent=one.verdict.intent,
            slots=one.verdict.slots,
        )
        for one in corrections
    ]
    settings, lesson = train.learn_corrections(examples, threshold=threshold)
    if lesson.weight:
        own.parent.mkdir(parents=True, exist_ok=True)
        fresh = own.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(settings))
        fresh.replace(own)
    if invocation.output.as_json:
        invocation.output.record(
            Learned(
                corrections=len(examples),
                lesson=lesson,
                file=str(own) if lesson.weight else None,
            )
        )
        return
    for line in columns(
        ["told rightly", "messages", "before", "after"],
        [
            _row("held-out lines", lesson.floor_before, lesson.floor_after),
            _row("your corrections", lesson.corrections_before, lesson.corrections_after),
        ],
    ):
        invocation.output.say(line)
    if lesson.weight:
        invocation.output.say(f"The new confidences are in use from the next start on: {own}")
    else:
        invocation.output.say(f"Nothing changes: {lesson.reason}.")


def _row(name: str, before: Tally, after: Tally) -> list[str]:
    return [name, str(before.messages), str(before.right), str(after.right)]


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )

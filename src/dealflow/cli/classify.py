"""``dealflow classify``: judge messages that a program hands over as JSON lines."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from dealflow.cli.judging import MAX_LINE, Judging
from dealflow.cli.options import Invocation, common_options
from dealflow.compose import classifier
from dealflow.errors import FileUnreadable

READ_SIZE = 1 << 16
"""Bytes read at once. A pipe holds as much, so what waits there is judged in few batches."""


@click.command("classify")
@click.argument("file", default="-")
@common_options
def command(invocation: Invocation, file: str) -> None:
    """Judge messages, one JSON line each.

    FILE holds lines {"id","text","context","lang"?}; "-" reads standard input. The answers are
    {"id","intent","confidence","isBuyer","slots","scores"}, in the same order; several claims in
    one message stand in "claims". A bad line is answered in its place with {"id"?,"error","line"}
    and is no failure of the command. A line is answered as soon as it is whole.
    """
    settings = invocation.settings()
    judging = Judging(classifier(settings), settings.capture.threshold)
    for lines in _batches(file):
        invocation.output.lines(judging.answer(lines))


def _batches(file: str) -> Iterator[Sequence[bytes]]:
    """Yield the lines that have arrived, without waiting for more; the last may lack its break."""
    rest = b""
    for chunk in _chunks(file):
        *lines, rest = (rest + chunk).split(b"\n")
        # Past the limit only the fact that the line is too long matters, not its bytes.
        rest = rest[: MAX_LINE + 1]
        if lines:
            yield lines
    if rest:
        yield [rest]


def _chunks(file: str) -> Iterator[bytes]:
    try:
        descriptor = sys.stdin.fileno() if file == "-" else os.open(Path(file), os.O_RDONLY)
        try:
            while chunk := os.read(descriptor, READ_SIZE):
                yield chunk
        finally:
            if file != "-":
                os.close(descriptor)
    except OSError as error:
        raise FileUnreadable(f"{file} cannot be read: {error.strerror}.") from error

"""Recorded shows as scripts: read from a file, or the demo that comes with the package."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from dealflow.errors import FileUnreadable
from dealflow.model.recording import Line, read_line

DEMO = "demo.jsonl"


def load_show(path: Path | None = None) -> list[Line]:
    """Read a recorded show; without a path, the demo show.

    Raises:
        FileUnreadable: the file cannot be read.
        InputInvalid: a line is not of a recorded show.
    """
    try:
        data = _demo() if path is None else path.read_bytes()
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {error.strerror}.") from error
    lines = enumerate(data.splitlines(), start=1)
    return [read_line(line, number) for number, line in lines if line.strip()]


def _demo() -> bytes:
    return (resources.files("dealflow.stage") / "shows" / DEMO).read_bytes()

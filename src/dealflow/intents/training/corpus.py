"""The corpus as training reads it: every line with its file, and the part that the file plays.

Whole files are held out, never single lines, so that a held-out line has no neighbour among those
that trained: another lot of the same evening, by the same voices.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from pathlib import Path

import msgspec

from dealflow.errors import FileUnreadable, InputInvalid
from dealflow.intents.training.dataset import Example, read_file

SPLITS = "splits.json"
LINES, SHOWS = "lines", "shows"


class Part(StrEnum):
    """What a file of the corpus is for."""

    TRAINING = "training"
    CALIBRATION = "calibration"
    HELDOUT = "heldout"


class Splits(msgspec.Struct, frozen=True, kw_only=True):
    """The files that train nothing: those that calibrate, and those that only measure.

    ``fresh`` names those of the calibrating files whose writers wrote none that train.
    """

    calibration: tuple[str, ...]
    heldout: tuple[str, ...]
    fresh: tuple[str, ...] = ()


class Entry(msgspec.Struct, frozen=True):
    """One labelled line and where it stands: ``shows/friday-night``."""

    example: Example
    file: str
    part: Part
    is_fresh: bool = False

    @property
    def in_show(self) -> bool:
        """Say whether the line stands in a whole show, at natural prevalence."""
        return self.file.startswith(SHOWS)


def files(folder: Path) -> list[Path]:
    """Return the files of the corpus in a fixed order."""
    return sorted(folder.glob(f"{LINES}/*.jsonl")) + sorted(folder.glob(f"{SHOWS}/*.jsonl"))


def read(folder: Path) -> list[Entry]:
    """Return all lines of the corpus.

    Raises:
        FileUnreadable: the folder holds no corpus.
        InputInvalid: a line is none, or the splits name a file that is not there.
    """
    splits = _splits(folder)
    entries: list[Entry] = []
    known: set[str] = set()
    for path in files(folder):
        name = f"{path.parent.name}/{path.stem}"
        known.add(name)
        part = Part.TRAINING
        if name in splits.calibration:
            part = Part.CALIBRATION
        elif name in splits.heldout:
            part = Part.HELDOUT
        is_fresh = name in splits.fresh
        entries += [Entry(example, name, part, is_fresh) for example in read_file(path)]
    missing = {*splits.calibration, *splits.heldout} - known
    if missing:
        raise InputInvalid(
            f"{SPLITS} names files that are not there: {', '.join(sorted(missing))}."
        )
    return entries


def digest(folder: Path) -> str:
    """Return the SHA-256 of all files and the splits: what a model was trained on."""
    total = hashlib.sha256()
    for path in [*files(folder), folder / SPLITS]:
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def _splits(folder: Path) -> Splits:
    try:
        return msgspec.json.decode((folder / SPLITS).read_bytes(), type=Splits)
    except OSError as error:
        raise FileUnreadable(f"{folder} holds no corpus: {error.strerror}.") from error
    except msgspec.DecodeError as error:
        raise InputInvalid(f"{SPLITS} is not readable: {error}.") from error

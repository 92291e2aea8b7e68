"""A small corpus out of some files of the whole one: enough to train on in seconds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from dealflow.intents.training.corpus import SPLITS, files

CORPUS = Path(__file__).parents[2] / "corpus"
FILES = 4
"""Files of single lines; the whole corpus has more than a hundred."""


def small_corpus(folder: Path) -> Path:
    """Copy some files; one of single lines and the show calibrate, one is held out."""
    singles = [path for path in files(CORPUS) if path.parent.name == "lines"]
    singles = [path for path in singles if not path.stem.startswith("grammar-")]
    chosen = singles[:: len(singles) // FILES][:FILES]
    show = min(CORPUS.glob("shows/*.jsonl"), key=lambda path: (path.stat().st_size, path.name))
    for path in (*chosen, show):
        copy = folder / path.parent.name / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    splits = {
        "calibration": [f"lines/{chosen[0].stem}", f"shows/{show.stem}"],
        "heldout": [f"lines/{chosen[1].stem}"],
    }
    (folder / SPLITS).write_text(json.dumps(splits))
    return folder

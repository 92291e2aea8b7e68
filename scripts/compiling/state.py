"""Which modules of the judge are compiled, and whether what was compiled fits its sources.

Python takes a compiled module before its source and does not ask which is newer, so whatever
starts from a checkout asks here first. Standard library only: `scripts/bootstrap` asks at each run.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

FOLDER = "src/dealflow/intents"

MODULES = (
    "bare.py",
    "decide.py",
    "ensemble.py",
    "evidence.py",
    "explain.py",
    "finding.py",
    "grammar.py",
    "guards.py",
    "lexicon/automaton.py",
    "lexicon/languages.py",
    "lexicon/reader.py",
    "linear/features.py",
    "linear/table.py",
    "normalise.py",
    "numbers.py",
    "scene.py",
    "slots/colors.py",
    "slots/counts.py",
    "slots/marked.py",
    "slots/naming.py",
    "slots/numerals.py",
    "slots/offers.py",
    "slots/reader.py",
    "slots/sizes.py",
    "slots/spoken.py",
    "slots/written.py",
    "standing.py",
    "tokens.py",
)
"""The modules of `FOLDER` that are compiled: those in which most of a message's time goes.

None of them may define what is decoded, because the compiler leaves little of its annotations:
`slots/speech.py` and `lexicon/parts.py` do, and so are not among them (0019).
"""

LIBRARY = "dealflow_judge__mypyc"
"""Holds the code of all modules; the file beside each source only leads to it."""

STAMP = ".cache/compiled"
"""What was compiled: a line on the tools, then the digest of each file that went in or came out."""

ADVICE = "run scripts/compile, or scripts/compile --remove to go on from source"


def compiled(root: Path = ROOT) -> list[Path]:
    """Return the compiled files that lie in a checkout, the library first."""
    found = (root / "src").rglob("*.so")
    return sorted(found, key=lambda path: (not path.name.startswith(LIBRARY), path))


def is_stale(root: Path = ROOT) -> bool:
    """Say whether compiled files lie there that do not fit their sources, or not all of them."""
    files = compiled(root)
    try:
        stamp = (root / STAMP).read_text(encoding="utf-8")
    except FileNotFoundError:
        return bool(files)
    named = [line.partition("  ")[2] for line in stamp.splitlines()[1:]]
    unknown = {path.relative_to(root).as_posix() for path in files} - set(named)
    return bool(unknown) or stamp != describe(root, named)


def describe(root: Path, names: Iterable[str]) -> str:
    """Return what a stamp says of some files, named from the root, as they are now."""
    lock = (root / "requirements.lock").read_text(encoding="utf-8")
    mypy = next((line.split()[0] for line in lock.splitlines() if line.startswith("mypy==")), "")
    lines = [f"{EXTENSION_SUFFIXES[0]} {mypy}"]
    lines += [f"{_digest(root / name)}  {name}" for name in names]
    return "\n".join([*lines, ""])


def remove(root: Path = ROOT) -> None:
    """Remove all that was compiled."""
    # The library goes first: what is left of a removal that was cut off cannot be imported, and
    # so never runs beside sources that it does not fit.
    for path in compiled(root):
        path.unlink(missing_ok=True)
    (root / STAMP).unlink(missing_ok=True)


def drop_stale(root: Path = ROOT) -> bool:
    """Remove compiled files that do not fit, and say whether there were any."""
    if not is_stale(root):
        return False
    with held(root, "install"):
        if not is_stale(root):  # another process has just put fresh ones there
            return False
        remove(root)
    return True


@contextmanager
def held(root: Path, what: str) -> Iterator[None]:
    """Keep other processes from doing the same in this checkout; wait for one that does."""
    path = root / ".cache" / f"{what}.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest() if path.exists() else "missing"

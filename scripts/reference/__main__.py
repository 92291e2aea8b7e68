"""Writes docs/reference/, or says with ``--check`` which of its pages are out of date."""

from __future__ import annotations

import sys
from pathlib import Path

from scripts.reference.pages import PAGES

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"


def main(arguments: list[str]) -> int:
    """Write the pages, or compare them; return the exit code."""
    check = "--check" in arguments
    stale = []
    for name, page in PAGES.items():
        path, text = FOLDER / name, page().rstrip() + "\n"
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            FOLDER.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale and check:
        print(f"error: out of date in docs/reference: {', '.join(stale)}. Run scripts/docs.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

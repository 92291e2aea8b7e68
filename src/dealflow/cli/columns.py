"""Figures in columns: the first to the left, the others to the right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

GAP = "  "


def columns(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the head and the rows as lines of equal columns; a column without a name is text."""
    lines = [head, *rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    return [
        GAP.join(
            cell.ljust(width) if at == 0 or not head[at] else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]

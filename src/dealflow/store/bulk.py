"""Many rows with few statements."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import apsw

# Rows in the largest statement. Each statement gives up Python's lock once, and while the event
# loop is busy it takes up to 5 ms to come back; one statement a row would take seconds a batch.
# 256 rows of the widest table stay below 16 KB of SQL, which apsw still keeps prepared.
_LARGEST = 256


class BulkInsert:
    """An INSERT of any number of rows into one table.

    Args:
        table: the table's name.
        columns: its columns, quoted where needed.
        ending: what follows the values: a conflict clause, RETURNING.
    """

    def __init__(self, table: str, columns: Sequence[str], ending: str = "") -> None:
        row = f"({','.join('?' * len(columns))})"
        self._head = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "
        # One text for each power of two, so that a handful of prepared statements fit all sizes.
        self._texts: dict[int, str] = {}
        size = _LARGEST
        while size:
            self._texts[size] = f"{self._head}{','.join([row] * size)} {ending}"
            size //= 2

    def run(
        self, connection: apsw.Connection, rows: Sequence[tuple[Any, ...]]
    ) -> list[tuple[Any, ...]]:
        """Insert the rows in order; return what RETURNING gave."""
        returned: list[tuple[Any, ...]] = []
        start, size = 0, _LARGEST
        while start < len(rows):
            while size > len(rows) - start:
                size //= 2
            values = tuple(chain.from_iterable(rows[start : start + size]))
            returned += connection.execute(self._texts[size], values).fetchall()
            start += size
        return returned

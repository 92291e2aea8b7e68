"""Inserts of any size."""

from __future__ import annotations

from contextlib import closing

import apsw
import pytest

from dealflow.store.bulk import BulkInsert
from dealflow.store.columns import MESSAGE_COLUMNS


@pytest.mark.parametrize("count", [0, 1, 2, 3, 255, 256, 257, 1_000])
def test_all_rows_go_in_in_order(count: int) -> None:
    rows = [(n, f"text {n}") for n in range(count)]
    with closing(apsw.Connection(":memory:")) as connection:
        connection.execute("CREATE TABLE t (a, b)")
        returned = BulkInsert("t", ("a", "b"), "RETURNING a").run(connection, rows)
        assert returned == [(n,) for n in range(count)]
        assert list(connection.execute("SELECT a, b FROM t ORDER BY rowid")) == rows


def test_the_widest_statement_stays_prepared() -> None:
    with closing(apsw.Connection(":memory:")) as connection:
        connection.execute(f"CREATE TABLE t ({', '.join(MESSAGE_COLUMNS)})")
        insert = BulkInsert("t", MESSAGE_COLUMNS)
        rows = [tuple(range(len(MESSAGE_COLUMNS)))] * 256
        insert.run(connection, rows)
        insert.run(connection, rows)
        assert connection.cache_stats()["too_big"] == 0
        assert connection.cache_stats()["hits"] >= 1

"""The page on Whatnot names tests and files that exist."""

from __future__ import annotations

import ast
import functools
import re

import pytest

from tests.architecture.source_tree import ROOT

PAGE = (ROOT / "docs" / "whatnot.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[^`:]+\.py)::(\w+)`", PAGE)))


def breakages() -> list[list[str]]:
    """Return the cells of each row of the last table."""
    table = PAGE.rpartition("| what breaks readers |")[2].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("| ").split(" | ")] for row in table if row]


@functools.cache
def functions(path: str) -> frozenset[str]:
    """Return the names of the functions at the top of a file; it is not imported."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, kinds))


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_test_that_is_named_exists(path: str, name: str) -> None:
    assert name in functions(path)


def test_every_breakage_says_what_is_done_and_names_a_test() -> None:
    rows = breakages()
    assert len(rows) >= 23
    for row in rows:
        assert len(row) == 3, row
        assert all(row), row
        tests = row[2].split()
        assert tests
        assert all(re.fullmatch(r"`tests/[^`:]+\.py::test_\w+`", test) for test in tests), row


def test_the_data_files_are_where_it_says() -> None:
    named = re.findall(r"`(sources/[^`]+\.toml)`", PAGE)
    assert len(named) >= 2
    for path in named:
        assert (ROOT / "src" / "dealflow" / path).is_file(), path


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md"])
def test_the_page_can_be_found(page: str) -> None:
    assert "whatnot.md)" in (ROOT / page).read_text(encoding="utf-8")

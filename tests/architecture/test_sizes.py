"""Files fit the head; each run lists the longest."""

from __future__ import annotations

import sys

import pytest

from tests.architecture.source_tree import ROOT, Module, modules, read

SOURCE_LINES = 400
TEST_LINES = 600
STAYS_WHOLE = "stays whole because"
"""What the docstring of a longer file must say, followed by the reason."""


def _tests() -> list[Module]:
    return [read(path, ROOT) for path in sorted((ROOT / "tests").rglob("*.py"))]


def _too_long(files: list[Module], limit: int) -> list[str]:
    return [
        f"{file.path.relative_to(ROOT)}: {file.code_lines} code lines"
        for file in files
        if file.code_lines > limit and STAYS_WHOLE not in file.sign
    ]


def test_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = sorted(modules(), key=lambda module: -module.code_lines)
    median = sizes[len(sizes) // 2].code_lines
    longest = ", ".join(f"{module.name} {module.code_lines}" for module in sizes[:8])
    with capsys.disabled():
        sys.stdout.write(f"\n{len(sizes)} source files, median {median} code lines; {longest}\n")
    assert _too_long(list(modules()), SOURCE_LINES) == []
    assert _too_long(_tests(), TEST_LINES) == []

"""A version has its entry in the changelog, and everywhere the same number."""

from __future__ import annotations

import re
import tomllib

from dealflow import __version__
from tests.architecture.source_tree import ROOT


def test_the_version_has_an_entry() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (\d+\.\d+\.\d+)", changelog, re.MULTILINE)
    assert versions[0] == __version__
    assert len(set(versions)) == len(versions)


def test_each_entry_opens_with_a_sentence() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for entry in re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]:
        first = entry.partition("\n")[2].strip().partition("\n\n")[0]
        assert re.fullmatch(r"[A-Z][^#]*\.", first, re.DOTALL), entry.splitlines()[0]


def test_the_package_says_the_same_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__

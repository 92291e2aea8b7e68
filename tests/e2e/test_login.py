"""login explains what stands in its way; what it does is tested beside its source."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.command import run

NO_SCREEN = {"DISPLAY": "", "WAYLAND_DISPLAY": ""}
LOGIN = ("login", "whatnot", "--json")


def test_without_a_screen_it_says_so(tmp_path: Path) -> None:
    done = run(tmp_path, *LOGIN, "--data-dir", tmp_path / "data", env=NO_SCREEN)
    assert done.code == 1
    assert done.records[0]["error"] == "browser_unusable"
    assert "no display" in done.records[0]["message"]
    assert not (tmp_path / "data").exists()


def test_without_a_browser_it_says_how_to_get_one(tmp_path: Path) -> None:
    env = {"DISPLAY": ":99", "DEALFLOW_BROWSER__EXECUTABLE": "/nowhere/chromium"}
    done = run(tmp_path, *LOGIN, env=env)
    assert done.code == 1
    assert done.records[0]["error"] == "browser_missing"
    assert "apt-get install chromium" in done.records[0]["hint"]


@pytest.mark.browser
def test_a_window_that_cannot_open_is_explained(tmp_path: Path) -> None:
    done = run(tmp_path, *LOGIN, env={"DISPLAY": ":99"})
    assert done.code == 1
    assert done.records[0]["error"] == "browser_unusable"

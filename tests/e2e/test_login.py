"""login opens a browser for a person and leaves it alone."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.e2e.command import run, started

SCREEN = {"DISPLAY": ":99"}


@pytest.fixture
def browser(tmp_path: Path) -> Path:
    """A program that notes how it was started."""
    program = tmp_path / "browser"
    program.write_text(
        "#!/usr/bin/env python3\nimport json, os, sys, time\n"
        'open(os.environ["NOTES"], "w").write(json.dumps(sys.argv[1:]))\n'
        'time.sleep(float(os.environ.get("STAYS", "0")))\n'
        'sys.stderr.write("cannot open display: :99\\n")\n'
        'sys.exit(int(os.environ.get("CODE", "0")))\n'
    )
    program.chmod(0o755)
    return program


@pytest.fixture
def env(tmp_path: Path, browser: Path) -> dict[str, str]:
    notes = str(tmp_path / "notes.json")
    return {**SCREEN, "NOTES": notes, "DEALFLOW_BROWSER__EXECUTABLE": str(browser)}


def test_a_person_logs_in_on_a_profile_of_our_own(tmp_path: Path, env: dict[str, str]) -> None:
    done = run(tmp_path, "login", "whatnot", "--data-dir", tmp_path / "data", env=env)
    assert done.code == 0
    assert str(tmp_path / "data" / "profile") in done.out.decode()
    arguments = json.loads((tmp_path / "notes.json").read_text())
    assert f"--user-data-dir={tmp_path / 'data' / 'profile'}" in arguments
    assert arguments[-1] == "https://www.whatnot.com"
    assert not any("headless" in one or "remote-debugging" in one for one in arguments)


def test_a_browser_that_does_not_start_is_explained(tmp_path: Path, env: dict[str, str]) -> None:
    done = run(tmp_path, "login", "whatnot", "--json", env={**env, "CODE": "1"})
    assert done.code == 1
    assert done.records[0]["error"] == "browser_unusable"
    assert "cannot open display" in done.records[0]["message"]


def test_without_a_screen_it_says_so(tmp_path: Path, env: dict[str, str]) -> None:
    done = run(tmp_path, "login", "whatnot", env={**env, "DISPLAY": ""})
    assert done.code == 1
    assert "no screen" in done.err
    assert not (tmp_path / "notes.json").exists()


def test_ctrl_c_closes_the_browser(tmp_path: Path, env: dict[str, str]) -> None:
    with started(tmp_path, "login", "whatnot", env={**env, "STAYS": "60"}) as process:
        assert process.stderr is not None
        assert b"Log in" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.wait(timeout=9)

"""The demo shows the whole way, and says what it did."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from dealflow.model.recording import ChatLine
from dealflow.stage.script import load_show
from tests.e2e.command import Done, line_of, run, started

SAID = sum(isinstance(line, ChatLine) for line in load_show())
SPEED = "30"


def summary(done: Done) -> dict[str, Any]:
    record = done.records[-1]
    assert record["type"] == "summary"
    return record


def assert_whole(done: Done) -> None:
    """Prove that every message of the demo show was read once, and buyers were captured."""
    assert done.code == 0, done.err
    said = summary(done)
    assert said["said"] == sum(said["read"].values()) == SAID
    messages = [record for record in done.records if record["type"] == "new_message"]
    assert len(messages) == SAID
    buyers = [record for record in done.records if record["type"] == "buyer_detected"]
    assert len(buyers) == said["buyers"] > 0
    assert said["claims"] > 0


SOCKET = ("demo", "--transport", "socket", "--speed", SPEED)


def test_by_socket(tmp_path: Path) -> None:
    done = run(tmp_path, *SOCKET, "--json", env={"TMPDIR": str(tmp_path)})
    assert_whole(done)
    store = Path(summary(done)["store"])
    assert store.is_file()
    assert store.is_relative_to(tmp_path)


@pytest.mark.browser
@pytest.mark.timeout(60)
def test_through_a_real_browser(tmp_path: Path) -> None:
    done = run(tmp_path, "demo", "--speed", SPEED, "--json", "--data-dir", tmp_path / "data")
    assert_whole(done)
    assert "starts" in done.err
    assert "socket" not in done.err
    assert summary(done)["store"] == str(tmp_path / "data" / "dealflow.db")


def test_without_a_browser_it_says_so_and_goes_on(tmp_path: Path) -> None:
    env = {"DEALFLOW_BROWSER__EXECUTABLE": "/nowhere/chromium"}
    options = ("--speed", SPEED, "--json", "--data-dir", tmp_path)
    done = run(tmp_path, "demo", *options, env=env)
    assert_whole(done)
    assert "There is no program at /nowhere/chromium." in done.err
    assert "apt-get install chromium" in done.err
    assert "goes on by socket" in done.err


def test_a_person_reads_plain_lines_and_a_summary(tmp_path: Path) -> None:
    done = run(tmp_path, *SOCKET, "--data-dir", tmp_path)
    said = done.out.decode()
    assert done.code == 0
    assert "BUYER" in said
    assert f"{SAID} messages were said; {SAID} were read" in said
    assert f"dealflow shows --data-dir {tmp_path}" in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_can_be_ended_at_any_time(tmp_path: Path, number: signal.Signals) -> None:
    with started(tmp_path, *SOCKET, "--json", "--data-dir", tmp_path) as process:
        assert line_of(process)["type"] == "stream_selected"
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    assert process.returncode == 0
    assert b'"type":"summary"' in out
    assert err == b""

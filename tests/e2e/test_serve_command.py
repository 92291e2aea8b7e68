"""``serve`` says where it is, stops when asked, and says what stands in its way."""

from __future__ import annotations

import signal
import socket
import stat
import time
from pathlib import Path

import httpx
import pytest

from tests.e2e.command import line_of, run, started

OPTIONS = ("serve", "--port", "0", "--json")
READY_SECONDS = 2.0
"""What is promised of a quiet machine with a warm cache; a busy one is given ten times as long."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_is_ready_and_stops_when_asked(tmp_path: Path, number: signal.Signals) -> None:
    with started(tmp_path, *OPTIONS, "--data-dir", tmp_path / "data") as process:
        began = time.monotonic()
        ready = line_of(process)
        assert time.monotonic() - began < 10 * READY_SECONDS
        assert ready["type"] == "ready"
        assert ready["link"].startswith(ready["url"])
        token = (tmp_path / "data" / "token").read_text().strip()
        assert token not in ready["link"]
        health = httpx.get(f"{ready['url']}/health", trust_env=False)
        assert (health.status_code, health.json()["status"]) == (200, "ok")
        refused = httpx.get(f"{ready['url']}/api/streams", trust_env=False)
        assert refused.status_code == 401
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, b"", b"")
    for path in (tmp_path / "data", tmp_path / "data" / "token"):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077


def test_a_person_is_shown_a_link(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--port", "0") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"DealFlow listens on http://127.0.0.1:")
        assert b"http://127.0.0.1:" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
    assert process.returncode == 0


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(tmp_path, "serve", "--port", str(port), "--json")
    assert done.code == 1
    assert done.records[0]["error"] == "port_taken"


def test_an_open_address_needs_a_token(tmp_path: Path) -> None:
    done = run(tmp_path, "serve", "--host", "0.0.0.0", "--port", "0", "--json")
    assert done.code == 1
    assert done.records[0]["error"] == "token_required"

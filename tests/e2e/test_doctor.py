"""doctor says what is well, what is not, and what to do."""

from __future__ import annotations

import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import Done, line_of, run, started


@pytest.fixture
def platform() -> Iterator[str]:
    """A platform that can be reached and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def found(done: Done) -> dict[str, dict[str, Any]]:
    return {record["name"]: record for record in done.records}


@pytest.mark.browser
def test_a_sound_machine(tmp_path: Path, platform: str) -> None:
    env = {"DEALFLOW_WHATNOT__BASE_URL": platform, "DEALFLOW_API__PORT": "0"}
    done = run(tmp_path, "doctor", "--json", env=env)
    checks = found(done)
    assert {name: check["status"] for name, check in checks.items()} == dict.fromkeys(
        (
            *("data folder", "disk", "store", "classifier", "second opinion"),
            *("browser", "platform", "port"),
        ),
        "ok",
    )
    assert "durability full" in checks["store"]["message"]
    assert all(check["todo"] == "" for check in checks.values())
    assert done.code == 0


def test_what_is_broken_is_named_with_what_to_do(tmp_path: Path, platform: str) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o755)
    taken = platform.rpartition(":")[2]
    env = {
        "DEALFLOW_WHATNOT__BASE_URL": "http://127.0.0.1:1",
        "DEALFLOW_API__PORT": taken,
        "DEALFLOW_BROWSER__EXECUTABLE": "/nowhere/chromium",
    }
    done = run(tmp_path, "doctor", "--json", "--data-dir", folder, env=env)
    checks = found(done)
    assert {name: check["status"] for name, check in checks.items() if check["todo"]} == {
        "data folder": "warn",
        "browser": "warn",
        "platform": "fail",
        "port": "warn",
    }
    assert done.code == 1
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755  # it looks and changes nothing


def test_a_data_folder_that_cannot_be_used_fails(tmp_path: Path, platform: str) -> None:
    env = {"DEALFLOW_WHATNOT__BASE_URL": platform, "DEALFLOW_BROWSER__EXECUTABLE": "/nowhere"}
    done = run(tmp_path, "doctor", "--data-dir", "/dev/null/x", env=env)
    assert done.code == 1
    said = done.out.decode()
    assert "fail  data folder" in said
    assert "→ Choose a folder that you own" in said


def test_a_store_in_use_is_well(tmp_path: Path, platform: str) -> None:
    env = {"DEALFLOW_WHATNOT__BASE_URL": platform, "DEALFLOW_BROWSER__EXECUTABLE": "/nowhere"}
    with started(tmp_path, "serve", "--port", "0", "--json", env=env) as server:
        assert line_of(server)["type"] == "ready"
        checks = found(run(tmp_path, "doctor", "--json", env=env))
    assert checks["store"]["status"] == "ok"
    assert "in use" in checks["store"]["message"]


def test_a_model_that_cannot_be_asked_is_named(tmp_path: Path, platform: str) -> None:
    env = {
        "DEALFLOW_WHATNOT__BASE_URL": platform,
        "DEALFLOW_BROWSER__EXECUTABLE": "/nowhere",
        "DEALFLOW_API__PORT": "0",
        "DEALFLOW_LLM__BASE_URL": "http://127.0.0.1:1/v1",
        "DEALFLOW_LLM__MODEL": "m",
    }
    done = run(tmp_path, "doctor", "--json", env=env)
    check = found(done)["second opinion"]
    assert check["status"] == "warn"
    assert "m gives no answer" in check["message"]
    assert check["todo"]
    env["DEALFLOW_LLM__MODEL"] = ""
    check = found(run(tmp_path, "doctor", "--json", env=env))["second opinion"]
    assert "only one of them is set" in check["message"]
    assert done.code == 0

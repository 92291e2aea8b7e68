"""What every command keeps: exit codes, quiet pipes, clear errors, quick starts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dealflow import __version__
from dealflow.cli.main import COMMANDS
from tests.e2e.command import environment, line_of, run, started

HEAVY = ("fastapi", "playwright", "rich", "uvicorn", "pydantic")
"""Libraries that a command may load only when it uses them."""


def error(code: str) -> dict[str, str]:
    return {"type": "error", "error": code}


def test_help_names_every_command_and_imports_none(tmp_path: Path) -> None:
    script = (
        "import sys; from dealflow.cli.main import run; code = run(['--help']);"
        "mine = [name for name in sys.modules if name.startswith('dealflow.cli.')];"
        f"heavy = sorted(set(sys.modules) & set({HEAVY!r}));"
        "sys.stderr.write(repr((code, sorted(mine), heavy)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, env=environment(tmp_path), check=True
    )
    loaded = ["dealflow.cli.main", "dealflow.cli.output"]
    assert done.stderr.decode() == repr((0, loaded, []))
    for name, summary in COMMANDS.items():
        assert name in done.stdout.decode()
        assert summary.split()[0] in done.stdout.decode()


def test_version(tmp_path: Path) -> None:
    done = run(tmp_path, "--version")
    assert (done.code, done.out.decode()) == (0, f"dealflow, version {__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["nope"],
        ["watch"],
        ["watch", "u", "--transport", "pigeon"],
        ["watch", "u", "--for", "-1"],
        ["replay", "f", "--speed", "0"],
        ["serve", "--port", "x"],
        ["login", "myspace"],
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_2_with_one_sentence(tmp_path: Path, arguments: list[str]) -> None:
    plain = run(tmp_path, *arguments)
    assert (plain.code, plain.out) == (2, b"")
    assert plain.err.startswith("error: ")
    assert len(plain.err.splitlines()) == 1
    as_json = run(tmp_path, *arguments, "--json")
    assert as_json.code == 2
    (record,) = as_json.records
    assert record.items() >= error("usage").items()
    assert as_json.err == ""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["watch", "https://example.com/live/1"], "show_url_refused"),
        (["watch", "https://www.whatnot.com.evil.test/live/x"], "show_url_refused"),
        (["watch", "file:///etc/passwd"], "show_url_refused"),
        (["watch", "http://127.0.0.1:1/live/x"], "show_url_refused"),
        (["replay", "nowhere.jsonl"], "file_unreadable"),
        (["classify", "nowhere.jsonl"], "file_unreadable"),
        (["shows", "--config", "nowhere.toml"], "settings_invalid"),
        (["shows", "--data-dir", "/dev/null/x"], "data_dir_unusable"),
        (["serve", "--port", "70000"], "settings_invalid"),
        (["watch", "https://www.whatnot.com/live/x", "--record", "/dev/null/x"], "file_unreadable"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_what_goes_wrong_is_one_sentence_with_a_hint(
    tmp_path: Path, arguments: list[str], code: str
) -> None:
    done = run(tmp_path, *arguments, "--json")
    assert done.code == 1
    (record,) = done.records
    assert record.items() >= error(code).items()
    assert record["message"].endswith(".")
    assert record["hint"]
    plain = run(tmp_path, *arguments)
    assert (plain.code, plain.out) == (1, b"")
    assert plain.err == f"error: {record['message']} → {record['hint']}\n"


def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    done = run(tmp_path, "shows", env={"DEALFLOW_API__PORT": "often"})
    assert done.code == 1
    assert "api" in done.err
    assert "port" in done.err


def test_a_setting_that_does_not_exist_is_warned_about(tmp_path: Path) -> None:
    done = run(tmp_path, "classify", env={"DEALFLOW_COLOUR": "red"})
    assert done.code == 0
    assert "DEALFLOW_COLOUR" in done.err


def test_logs_never_reach_standard_output(tmp_path: Path) -> None:
    done = run(tmp_path, "shows", "--json", "--log-level", "debug")
    assert (done.code, done.out) == (0, b"")


def test_a_store_in_use_is_one_sentence(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--port", "0", "--json") as server:
        assert line_of(server)["type"] == "ready"
        done = run(tmp_path, "watch", "https://www.whatnot.com/live/x", "--json")
    assert done.records[0].items() >= error("store_locked").items()
    assert done.code == 1


def lines(count: int) -> bytes:
    text = "mine!" if count % 2 else "hello"
    return b"".join(json.dumps({"id": n, "text": text}).encode() + b"\n" for n in range(count))


def test_classify_answers_ten_thousand_lines_in_order(tmp_path: Path) -> None:
    """A line that cannot be read is answered in its place and harms no other."""
    file = tmp_path / "messages.jsonl"
    given = lines(10_000).splitlines()
    for at in range(0, 10_000, 997):
        given[at] = given[at][:-1]
    file.write_bytes(b"\n".join(given))
    done = run(tmp_path, "classify", file)
    assert (done.code, done.err) == (0, "")
    assert len(done.records) == 10_000
    for number, record in enumerate(done.records, start=1):
        if (number - 1) % 997:
            assert record["id"] == number - 1
            assert "intent" in record
        else:
            assert record["line"] == number
            assert record["error"].startswith("The line is not JSON")


def test_classify_reads_standard_input_and_survives_a_bad_line(tmp_path: Path) -> None:
    lot = b'{"code":"A1","title":"Jacket","price":20}'
    given = b'{"id":"a","text":"mine!","context":{"lot":' + lot + b"}}\n"
    given += b'nonsense\n{"id":"c","text":"\\ud800"}'
    first, second, third = run(tmp_path, "classify", given=given).records
    assert (first["id"], first["isBuyer"]) == ("a", True)
    assert (second["line"], set(second)) == (2, {"error", "line"})
    assert third["id"] == "c"


def test_classify_answers_a_line_before_the_next_one_comes(tmp_path: Path) -> None:
    with started(tmp_path, "classify") as process:
        assert process.stdin is not None
        for name in ("a", "b", "c"):
            process.stdin.write(json.dumps({"id": name, "text": "mine!"}).encode() + b"\n")
            process.stdin.flush()
            assert line_of(process)["id"] == name
        process.stdin.close()
        assert process.wait() == 0


@pytest.mark.parametrize("command", ["classify", "replay"])
def test_a_reader_that_goes_away_is_no_error(tmp_path: Path, command: str) -> None:
    file = tmp_path / "lines.jsonl"
    if command == "classify":
        file.write_bytes(lines(5_000))
    else:
        file.write_text(
            "".join(
                json.dumps({"t": n, "kind": "chat", "user": "amy", "text": f"hi {n}"}) + "\n"
                for n in range(2_000)
            )
        )
    with started(tmp_path, command, file, "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line_of(process)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0

"""``filters`` changes what is kept out of a show, while it is served and while nothing runs."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import httpx
import pytest

from tests.e2e.command import line_of, run, started

LINES = (
    {"t": 0, "kind": "show", "show": {"title": "Friday", "mode": "claim"}},
    {"t": 1, "kind": "lot", "lot": {"code": "12", "title": "12 Red dress", "stock": 1}},
    {"t": 2, "kind": "chat", "user": "spam", "text": "free followers evil.com"},
    {"t": 3, "kind": "chat", "user": "amy", "text": "12"},
    {"t": 4, "kind": "chat", "user": "bo", "text": "marbles"},
    {"t": 5, "kind": "end"},
)


def test_filters_of_a_served_show_and_of_one_at_rest(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with started(tmp_path, "serve", "--port", "0", "--json", "--data-dir", data) as process:
        ready = line_of(process)
        env = {"DEALFLOW_API__PORT": ready["url"].rpartition(":")[2]}
        token = (data / "token").read_text().strip()
        bearer = {"Authorization": f"Bearer {token}"}

        def push(text: str) -> str:
            body = {"messages": [{"username": "amy", "message": text}]}
            address = f"{ready['url']}/api/sessions/friday/messages"
            answer = httpx.post(address, json=body, headers=bearer, trust_env=False)
            return str(answer.json()["outcomes"][0]["status"])

        assert push("free stuff") == "stored"
        command = ("filters", "friday", "--json", "--data-dir", data)
        done = run(tmp_path, *command, "--deny", "free", "--no-links", env=env)
        assert done.code == 0, done.err
        assert done.records[0]["filters"]["deny"] == ["free"]
        assert push("free stuff") == "denied"
        shown = run(tmp_path, *command[:2], "--data-dir", data, env=env)
        assert "kept out so far: 1 denied" in shown.out.decode()
        assert "amy: free stuff" in shown.out.decode()
        refused = run(tmp_path, *command, "--pattern", "/(/", env=env)
        assert refused.code == 1
        assert "patterns[0]" in refused.records[0]["message"]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
    done = run(tmp_path, *command, "--mute", "bot_*", "--remove", "free", env=env)
    filters = done.records[0]["filters"]
    assert (filters["mute"], filters["deny"], filters["links"]) == (["bot_*"], [], True)


@pytest.mark.parametrize(
    ("options", "buyers"),
    [
        ((), ["amy"]),
        (("--rules", "claim words: marbles; number = item"), ["amy", "bo"]),
        (("--mute", "amy", "--rules", "claim words: marbles"), ["bo"]),
    ],
)
def test_a_replay_takes_filters_and_a_line_of_rules(
    tmp_path: Path, options: tuple[str, ...], buyers: list[str]
) -> None:
    show = tmp_path / "show.jsonl"
    show.write_text("\n".join(json.dumps(line) for line in LINES))
    done = run(tmp_path, "replay", show, "--json", "--no-links", *options)
    assert done.code == 0, done.err
    said = [record["message"] for record in done.records if record["type"] == "new_message"]
    assert all(message["username"] != "spam" for message in said)
    assert [message["username"] for message in said if message["isBuyer"]] == buyers


def test_a_line_of_rules_that_is_not_understood(tmp_path: Path) -> None:
    done = run(tmp_path, "serve", "--rules", "number = item; blah", "--json")
    assert done.code == 1
    assert "'blah'" in done.records[0]["message"]
    assert "number = item" in done.records[0]["hint"]

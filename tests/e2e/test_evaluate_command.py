"""``evaluate`` measures a classifier; a model that is not whole says what mends it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

import dealflow
from dealflow.compose import CLASSIFIERS
from dealflow.intents import artefacts
from dealflow.intents.training.evaluate import THRESHOLDS
from tests.e2e.command import Done, run

LOT = {"code": "7", "title": "Straw hat", "price": 9, "currency": "USD"}
CONTEXT = {"mode": "claim", "lot": LOT, "author_role": "viewer", "history": []}
LINES = [
    {"id": "1", "text": "mine!", "context": CONTEXT, "lang": "en", "intent": "claim"},
    {"id": "2", "text": "sold 7 please", "context": CONTEXT, "lang": "en", "intent": "claim",
     "slots": {"item": "7"}},
    {"id": "3", "text": "hello from ohio", "context": CONTEXT, "lang": "en", "intent": "chatter"},
    {"id": "4", "text": "is it straw?", "context": CONTEXT, "lang": "en",
     "intent": "product_question"},
    {"id": "5", "text": "¡mío!", "context": CONTEXT, "lang": "es", "intent": "claim"},
]  # fmt: skip
SHOW = [
    {"t": 0, "kind": "show", "show": {"mode": "claim", "lang": "en"}},
    {"t": 1, "kind": "lot", "lot": LOT},
    {"t": 2, "kind": "chat", "user": "amy", "text": "mine", "intent": "claim"},
    {"t": 3, "kind": "chat", "user": "shop", "role": "host", "text": "sold!", "intent": "seller"},
    {"t": 9, "kind": "end"},
]
EVERY_MODEL = pytest.mark.parametrize("model", list(CLASSIFIERS))


def written(path: Path, lines: Sequence[Mapping[str, object]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@EVERY_MODEL
def test_the_figures_of_a_file_as_json(tmp_path: Path, model: str) -> None:
    file = written(tmp_path / "lines.jsonl", LINES)
    done = run(tmp_path, "evaluate", file, "--model", model, "--json", "--curve")
    assert (done.code, done.err) == (0, "")
    (record,) = done.records
    assert record["type"] == "evaluation"
    assert (record["file"], record["model"], record["messages"]) == ("lines.jsonl", model, 5)
    assert (record["buyers"], record["threshold"]) == (3, 0.7)
    assert set(record["languages"]) == {"en", "es"}
    assert all(0 <= value <= 1 for value in record["figures"].values())
    assert record["figures"]["recall"] > 0.5
    assert sum(count for count, _, _ in record["bins"]) == 5
    assert [point[0] for point in record["curve"]] == list(THRESHOLDS)
    for threshold, found, missed, extra in record["curve"]:
        assert found + missed == 3
        assert 0 <= extra <= 2, threshold


def test_tables_for_people(tmp_path: Path) -> None:
    lines, show = written(tmp_path / "lines.jsonl", LINES), written(tmp_path / "show.jsonl", SHOW)
    done = run(tmp_path, "evaluate", lines, show, "--curve", "--threshold", "0.6")
    assert done.code == 0
    said = done.out.decode()
    assert "lines.jsonl: 5 messages, 3 by buyers (60%), judged by " in said
    assert "show.jsonl: 2 messages, 1 by buyers (50%), judged by " in said
    assert " at 0.6" in said
    for word in ("precision", "recall", "F1", "slot F1 of buyers", "false alarms", "passes"):
        assert word in said
    assert said.lower().count("precision if 8% of the messages") == 1, "a show is as it is"


def test_plain_chat_tells_what_would_be_captured(tmp_path: Path) -> None:
    chat = tmp_path / "chat.txt"
    chat.write_bytes("hello all\n\nlol 🔥\nmine!\n\xff bad byte\n".encode("latin-1", "replace"))
    command = ("evaluate", chat, "--model", "grammar-1")
    (record,) = run(tmp_path, *command, "--json").records
    assert record == {
        "type": "captures",
        "file": "chat.txt",
        "model": "grammar-1",
        "threshold": 0.7,
        "messages": 4,
        "captured": record["captured"],
        "share": record["captured"] / 4,
    }
    said = run(tmp_path, *command).out.decode()
    assert "of 4 messages would be captured at 0.7" in said


def test_an_unknown_model_names_those_that_are_known(tmp_path: Path) -> None:
    file = written(tmp_path / "lines.jsonl", LINES)
    done = run(tmp_path, "evaluate", file, "--model", "gpt-9", "--json")
    assert done.code == 1
    assert done.records[0]["error"] == "input_invalid"
    assert "gpt-9" in done.records[0]["message"]
    for name in CLASSIFIERS:
        assert name in done.records[0]["hint"]


@pytest.mark.parametrize(
    ("data", "code", "word"),
    [
        (b"{\n", "input_invalid", "Line 1"),
        (b'{"text":"x","intent":"claim"}\n{"text":"y"}\n', "input_invalid", "Line 2"),
        (b'{"text":"x","intent":"purchase"}\n', "input_invalid", "purchase"),
        (None, "file_unreadable", "No such file"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, data: bytes | None, code: str, word: str) -> None:
    file = tmp_path / "friday.jsonl"
    if data is not None:
        file.write_bytes(data)
    done = run(tmp_path, "evaluate", file, "--model", "grammar-1", "--json")
    assert done.code == 1
    assert done.records[0]["error"] == code
    assert "friday.jsonl" in done.records[0]["message"]
    assert word in done.records[0]["message"]


def test_no_file_is_wrong_usage(tmp_path: Path) -> None:
    assert run(tmp_path, "evaluate").code == 2


class Copy:
    """A DealFlow of its own, whose model may be broken."""

    def __init__(self, folder: Path) -> None:
        self.home = folder
        source = Path(dealflow.__file__).parent
        left_out = shutil.ignore_patterns("__pycache__", artefacts.FOLDER.name, "page")
        shutil.copytree(source, folder / "dealflow", ignore=left_out)
        self.models = folder / "dealflow" / artefacts.FOLDER.relative_to(source)
        self.models.mkdir()
        for file in artefacts.FOLDER.iterdir():
            (self.models / file.name).symlink_to(file)

    def put(self, name: str, data: bytes | None) -> None:
        """Put another file in the place of one of the model's, or none."""
        (self.models / name).unlink()
        if data is not None:
            (self.models / name).write_bytes(data)

    def run(self, *arguments: str | Path) -> Done:
        return run(self.home, *arguments, env={"PYTHONPATH": str(self.home)})


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """A DealFlow of its own."""
    return Copy(tmp_path)


@pytest.mark.parametrize("name", ["linear.npz", "judge.json", "manifest.json", "encoder.onnx"])
def test_a_missing_file_of_the_model_is_named(copy: Copy, name: str) -> None:
    copy.put(name, None)
    file = written(copy.home / "lines.jsonl", LINES)
    done = copy.run("evaluate", file, "--model", "ensemble-1", "--json")
    assert done.code == 1
    (record,) = done.records
    assert record["error"] == "model_damaged"
    assert name in record["message"]
    assert "scripts/train" in record["hint"]


def test_a_damaged_file_of_the_model_is_one_sentence(copy: Copy) -> None:
    whole = (artefacts.FOLDER / "linear.npz").read_bytes()
    copy.put("linear.npz", whole[: len(whole) // 2] + b"?" + whole[len(whole) // 2 + 1 :])
    file = written(copy.home / "lines.jsonl", LINES)
    done = copy.run("evaluate", file, "--model", "linear-1")
    assert (done.code, done.out) == (1, b"")
    said = "error: The model's linear.npz is damaged. → Install DealFlow again, or make the model"
    assert done.err.startswith(said)
    assert done.err.count("scripts/train") == 1
    assert copy.run("evaluate", file, "--model", "grammar-1").code == 0

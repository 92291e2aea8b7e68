from __future__ import annotations

import json
from pathlib import Path

import pytest

from dealflow.errors import FileUnreadable, InputInvalid
from dealflow.intents.training import card, corpus
from dealflow.intents.training.corpus import Part
from dealflow.intents.training.train import spoken
from dealflow.model.intent import Role


def line(text: str, intent: str, **more: object) -> bytes:
    return json.dumps({"id": text, "text": text, "intent": intent, **more}).encode() + b"\n"


SHOW = b"".join(
    json.dumps(entry).encode() + b"\n"
    for entry in (
        {"t": 0, "kind": "show", "show": {"mode": "auction", "world": "hats", "lang": "de"}},
        {"t": 1, "kind": "chat", "user": "a", "text": "hallo", "intent": "chatter"},
        {"t": 2, "kind": "chat", "user": "b", "role": "host", "text": "hi", "intent": "seller"},
        {"t": 3, "kind": "chat", "user": "a", "text": "20!", "intent": "bid"},
        {"t": 9, "kind": "end"},
    )
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A corpus of four files."""
    for name, data in {
        "lines/b.jsonl": line("mine", "claim", world="cards", platform="tiktok"),
        "lines/a.jsonl": line("lol", "chatter") + line("dibs", "claim", lang="fr"),
        "shows/a.jsonl": SHOW,
        "shows/c.jsonl": SHOW,
        "README.md": b"# Card\n\n<!-- figures: begin -->\nold\n<!-- figures: end -->\nrest\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    split(tmp_path, calibration=["shows/a"], heldout=["lines/a"])
    return tmp_path


def split(folder: Path, **parts: list[str]) -> None:
    (folder / "splits.json").write_text(json.dumps(parts))


def test_every_line_knows_its_file_and_its_part(folder: Path) -> None:
    found = [
        (entry.example.utterance.text, entry.file, entry.part, entry.in_show)
        for entry in corpus.read(folder)
    ]
    assert found[:3] == [
        ("lol", "lines/a", Part.HELDOUT, False),
        ("dibs", "lines/a", Part.HELDOUT, False),
        ("mine", "lines/b", Part.TRAINING, False),
    ]
    assert found[3] == ("hallo", "shows/a", Part.CALIBRATION, True)
    assert found[-1] == ("20!", "shows/c", Part.TRAINING, True)


def test_what_the_shop_says_is_no_line_to_learn_from(folder: Path) -> None:
    entries = corpus.read(folder)
    roles = {entry.example.utterance.context.author_role for entry in entries}
    assert roles == {Role.VIEWER, Role.HOST}
    assert len(spoken(entries)) == len(entries) - 2


def test_a_split_that_names_no_file_is_refused(folder: Path) -> None:
    split(folder, calibration=["lines/gone"], heldout=["lines/a", "shows/away"])
    with pytest.raises(InputInvalid, match=r"lines/gone, shows/away"):
        corpus.read(folder)


def test_a_folder_without_a_corpus_is_refused(folder: Path) -> None:
    (folder / "splits.json").write_text("[]")
    with pytest.raises(InputInvalid, match=r"splits\.json"):
        corpus.read(folder)
    (folder / "splits.json").unlink()
    with pytest.raises(FileUnreadable, match="holds no corpus"):
        corpus.read(folder)


def test_a_bad_line_is_named_with_its_file(folder: Path) -> None:
    (folder / "lines" / "b.jsonl").write_bytes(line("mine", "claim") + b"nonsense\n")
    with pytest.raises(InputInvalid, match=r"b\.jsonl: Line 2"):
        corpus.read(folder)


def test_the_digest_is_of_every_file(folder: Path) -> None:
    first = corpus.digest(folder)
    assert first == corpus.digest(folder)
    (folder / "notes.txt").write_text("not a line")
    assert corpus.digest(folder) == first
    path = folder / "shows" / "c.jsonl"
    path.write_bytes(path.read_bytes() + b"\n")
    second = corpus.digest(folder)
    assert second != first
    split(folder, calibration=[], heldout=[])
    assert corpus.digest(folder) != second


def test_the_figures_of_a_corpus(folder: Path) -> None:
    figures = card.corpus_figures(corpus.read(folder))
    assert figures.startswith(
        "9 lines, 78% of them in other languages than English; 6 stand in 2 whole shows and "
        "3 are single lines; 2 worlds."
    )
    for row in (
        "| training | 4 | 50% |",
        "| calibration | 3 | 33% |",
        "| heldout | 2 | 50% |",
        "| fr | 1 | 100% | 1 |",
        "| tiktok | 1 |",
        "| hats | 6 |",
        "| c | de | auction | 3 | 33% |",
    ):
        assert row in figures.splitlines()


def test_figures_stand_between_the_marks(folder: Path) -> None:
    path = folder / "README.md"
    assert card.taken(path) == "old"
    card.put(path, "new\nfigures")
    assert card.taken(path) == "new\nfigures"
    assert path.read_text().startswith("# Card\n\n")
    assert path.read_text().endswith("\nrest\n")
    card.put(path, "new\nfigures")
    assert path.read_text().count("new") == 1


def test_a_card_without_marks_is_refused(folder: Path) -> None:
    (folder / "README.md").write_text("# Card\n")
    with pytest.raises(InputInvalid, match="no marks"):
        card.put(folder / "README.md", "figures")

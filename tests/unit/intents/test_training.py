from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from dealflow.errors import FileUnreadable, InputInvalid
from dealflow.intents.grammar import GrammarClassifier
from dealflow.intents.training import calibrate, evaluate
from dealflow.intents.training.dataset import Example, read_examples, read_file
from dealflow.intents.training.evaluate import Rate, measure
from dealflow.model.intent import Context, Intent, Role, Slots, Utterance, Verdict
from dealflow.model.show import Lot, SaleMode

ROOT = Path(__file__).parents[3]
CORPUS = [ROOT / "corpus" / "dev.jsonl", ROOT / "corpus" / "fresh.jsonl"]
SHOW = [
    {"t": 0, "kind": "show", "show": {"mode": "claim"}},
    {"t": 1, "kind": "chat", "user": "amy", "role": "viewer", "text": "hi", "intent": "chatter"},
    {"t": 5, "kind": "lot", "lot": {"code": "7", "title": "Hat", "price": 9, "currency": "USD"}},
    {"t": 9, "kind": "chat", "user": "amy", "role": "viewer", "text": "mine", "intent": "claim"},
    {"t": 9.5, "kind": "chat", "user": "host", "role": "host", "text": "sold!", "intent": "seller"},
    {"t": 10, "kind": "sold", "lot": "7", "user": "amy"},
    {"t": 11, "kind": "lot", "lot": {"title": "Bag"}, "mode": "auction"},
    {"t": 12, "kind": "chat", "user": "bo", "role": "viewer", "text": "unlabelled"},
    {"t": 13, "kind": "end"},
]


def lines(*entries: Mapping[str, object]) -> list[bytes]:
    return [json.dumps(entry).encode() for entry in entries]


def judged(intent: Intent, confidence: float, truth: Intent, lang: str = "en") -> evaluate.Pair:
    verdict = Verdict(intent=intent, confidence=confidence, scores={}, slots=Slots(item="#7"))
    example = Example(
        id="x", utterance=Utterance(text="x"), intent=truth, slots=Slots(item="7"), lang=lang
    )
    return example, verdict


def test_a_show_gives_each_message_its_context() -> None:
    first, claim, host = read_examples(lines(*SHOW))
    assert first.utterance.context == Context(mode=SaleMode.CLAIM)
    assert claim.utterance.context == Context(
        mode=SaleMode.CLAIM,
        lot=Lot(code="7", title="Hat", price=9, currency="USD"),
        history=("hi",),
        lot_age=4.0,
    )
    assert host.utterance.context.author_role is Role.HOST


def test_single_lines_carry_their_own_context() -> None:
    entry = {
        "id": "D-1",
        "text": "mine",
        "context": {"mode": "claim", "lot": None, "author_role": "mod", "history": ["a"]},
        "lang": "en",
        "intent": "seller",
        "slots": {"quantity": 2},
    }
    (example,) = read_examples([*lines(entry), b"  "])
    assert example.utterance.context.history == ("a",)
    assert example.slots.quantity == 2
    assert example.id == "D-1"


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"text":"x"}', b'{"text":"x","intent":"buy"}'])
def test_other_lines_are_refused(line: bytes) -> None:
    with pytest.raises(InputInvalid):
        list(read_examples([line]))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable):
        read_file(tmp_path / "none.jsonl")


def test_the_figures_of_a_small_set() -> None:
    report = measure(
        [
            judged(Intent.CLAIM, 0.95, Intent.CLAIM),
            judged(Intent.CLAIM, 0.95, Intent.CHATTER),
            judged(Intent.CHATTER, 0.05, Intent.BID, lang="es"),
            judged(Intent.CHATTER, 0.05, Intent.CHATTER, lang="es"),
        ]
    )
    assert report.buyers == Rate(1, 1, 1)
    assert (report.buyers.precision, report.buyers.recall, report.buyers.f1) == (0.5, 0.5, 0.5)
    assert report.accuracy == 0.5
    assert report.calibration_error == pytest.approx(0.45)
    assert report.languages["es"] == Rate(0, 0, 1)
    assert report.slots.f1 == 1.0
    assert report.intents[Intent.CLAIM] == Rate(1, 1, 0)
    assert measure([]).accuracy == 0.0


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "show.jsonl"
    path.write_bytes(b"\n".join(lines(*SHOW)))
    assert evaluate.main([str(path)]) == 0
    assert "buyers at 0.7" in capsys.readouterr().out
    assert evaluate.main([]) == 2
    assert calibrate.main(["more"]) == 2


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_the_corpus_is_well_formed(path: Path) -> None:
    examples = read_file(path)
    ids = [example.id for example in examples]
    assert len(set(ids)) == len(ids)
    assert all(example.id.startswith("D-") for example in examples)
    said = {
        (example.utterance.text, repr(example.utterance.context), example.intent)
        for example in examples
    }
    assert len(said) == len(examples)


def test_the_corpus_is_as_its_card_says() -> None:
    known, fresh = (read_file(path) for path in CORPUS)
    assert len(known) >= 900
    assert len(fresh) >= 150
    assert {example.id for example in known} & {example.id for example in fresh} == set()
    foreign = sum(example.lang != "en" for example in known + fresh)
    assert foreign / len(known + fresh) >= 0.35


def test_the_shipped_table_is_what_the_corpus_gives(classifier: GrammarClassifier) -> None:
    known, fresh = (read_file(path) for path in CORPUS)
    counts = calibrate.count(classifier, known, fresh)
    assert json.loads(calibrate.TABLE.read_text()) == counts

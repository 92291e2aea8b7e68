"""What the card of the corpus promises holds for every line."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from functools import cache
from pathlib import Path

import msgspec
import pytest

from dealflow.intents.judge_settings import read_settings
from dealflow.intents.training import card, corpus
from dealflow.intents.training.corpus import Entry, Part, Splits
from dealflow.intents.training.dataset import Example, read_file
from dealflow.model.intent import Intent, Role
from dealflow.model.show import SaleMode
from tests.corpus.near import near_pairs
from tests.corpus.shapes import (
    CORPUS,
    GRAMMAR,
    ROOT,
    SHOWS,
    SINGLE,
    Chat,
    End,
    Head,
    LotStep,
    Single,
    Sold,
    Step,
    singles,
    stated,
    steps,
)

DENSE = "q"
"""What the names of shows begin with in which there are more buyers than in life."""

WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
CURRENCY = re.compile(r"[A-Z]{3}")
VALIDATION = Path(
    os.environ.get("DEALFLOW_VALIDATION", ROOT.parent / "shared" / "data" / "validation")
)


@cache
def read_singles() -> dict[str, list[Single]]:
    return {
        path.stem: [singles.decode(line) for line in path.read_bytes().splitlines()]
        for path in SINGLE
    }


@cache
def read_show(path: Path) -> list[Step]:
    return [steps.decode(line) for line in path.read_bytes().splitlines()]


@cache
def entries() -> list[Entry]:
    return corpus.read(CORPUS)


@cache
def every_line() -> list[tuple[str, Single | Chat]]:
    """Return all messages with a name for each."""
    found: list[tuple[str, Single | Chat]] = [
        (line.id, line) for lines in read_singles().values() for line in lines
    ]
    for path in SHOWS:
        found += [
            (f"{path.stem}:{number}", step)
            for number, step in enumerate(read_show(path), start=1)
            if isinstance(step, Chat)
        ]
    return found


def chats(path: Path) -> list[Chat]:
    return [step for step in read_show(path) if isinstance(step, Chat)]


def test_every_line_is_of_its_shape() -> None:
    assert sum(map(len, read_singles().values())) + sum(len(chats(path)) for path in SHOWS) == len(
        entries()
    )
    assert all(line.text.strip() for _, line in every_line())


def test_ids_are_unique() -> None:
    counted = Counter(line.id for lines in read_singles().values() for line in lines)
    assert [name for name, times in counted.items() if times > 1] == []


def test_worlds_platforms_and_languages_have_plain_names() -> None:
    for name, lines in read_singles().items():
        for line in lines:
            assert re.fullmatch(r"[a-z]{2,3}(?:-[A-Za-z]{2,4})?", line.lang), line.id
            if name not in GRAMMAR:
                assert WORD.fullmatch(line.world), line.id
                assert WORD.fullmatch(line.platform), line.id


def test_slots_stand_in_the_text() -> None:
    wrong = [
        (name, value)
        for name, line in every_line()
        for slots in stated(line)
        for value in (slots.item, slots.size, slots.color)
        if value is not None and value.casefold() not in line.text.casefold()
    ]
    assert wrong == []


def test_numbers_in_slots_are_possible() -> None:
    for name, line in every_line():
        for slots in stated(line):
            assert slots.quantity is None or slots.quantity >= 1, name
            assert slots.price is None or slots.price >= 0, name
            assert slots.currency is None or CURRENCY.fullmatch(slots.currency), name


def test_several_claims_are_several() -> None:
    for name, line in every_line():
        assert len(line.claims) != 1, name


def test_lots_have_a_price_in_a_currency() -> None:
    lots = [(line.id, line.context.lot) for lines in read_singles().values() for line in lines]
    lots += [
        (f"{path.stem} {step.t}", step.lot)
        for path in SHOWS
        for step in read_show(path)
        if isinstance(step, LotStep)
    ]
    for name, lot in lots:
        if lot is not None:
            assert lot.title or lot.code, name
            assert lot.price is None or lot.price >= 0, name
            assert lot.currency is None or CURRENCY.fullmatch(lot.currency), name


def test_the_shop_speaks_for_itself_and_viewers_never_do() -> None:
    wrong = [
        entry.example.id
        for entry in entries()
        if (entry.example.utterance.context.author_role is not Role.VIEWER)
        is not (entry.example.intent is Intent.SELLER)
    ]
    assert wrong == []


def test_it_is_large_and_wide() -> None:
    lines = entries()
    foreign = sum(entry.example.lang != "en" for entry in lines)
    assert len(lines) >= 20_000
    assert foreign / len(lines) >= 0.35
    assert len({entry.example.world for entry in lines} - {""}) >= 40
    assert {entry.example.intent for entry in lines} == set(Intent)


def test_there_are_whole_shows_of_every_kind() -> None:
    assert len(SHOWS) >= 20
    sold = {step.mode for path in SHOWS for step in read_show(path) if isinstance(step, LotStep)}
    assert sold >= set(SaleMode)


def test_a_show_is_long_and_has_as_many_buyers_as_a_show() -> None:
    for path in SHOWS:
        assert len(chats(path)) >= 100, path.stem
        # Where a lot is bid up in the chat there are more of them, and some shows are dense on
        # purpose; they train and measure nothing.
        most = 0.25 if path.stem.startswith(DENSE) else 0.15
        assert 0.05 <= _buyers(path) <= most, path.stem


def test_dense_shows_measure_nothing() -> None:
    measuring = {entry.file for entry in entries() if entry.part is not Part.TRAINING}
    assert not any(file.startswith(f"shows/{DENSE}") for file in measuring)


def test_most_shows_have_as_many_buyers_as_people_who_sell_know_them() -> None:
    shares = [_buyers(path) for path in SHOWS]
    assert sum(0.06 <= share <= 0.10 for share in shares) >= 20
    assert sum(share <= 0.11 for share in shares) > 0.7 * len(shares)


def _buyers(path: Path) -> float:
    said = chats(path)
    return sum(chat.intent.is_buyer for chat in said) / len(said)


def test_a_show_runs_from_its_head_to_its_end() -> None:
    for path in SHOWS:
        head, *middle, end = read_show(path)
        assert isinstance(head, Head), path.stem
        assert isinstance(end, End), path.stem
        assert WORD.fullmatch(head.show.world), path.stem
        assert WORD.fullmatch(head.show.platform), path.stem
        assert not any(isinstance(step, Head | End) for step in middle), path.stem
        times = [step.t for step in (head, *middle, end)]
        assert times == sorted(times), path.stem


def test_who_gets_a_lot_said_something() -> None:
    for path in SHOWS:
        _check_winners(path)


def _check_winners(path: Path) -> None:
    said: set[str] = set()
    shown: set[str] = set()
    for step in read_show(path):
        match step:
            case Chat():
                said.add(step.user)
            case LotStep(lot=lot) if lot is not None:
                shown |= {lot.title, lot.code or lot.title}
            case Sold():
                assert step.lot in shown, path.stem
                assert step.quantity >= 0, path.stem
                assert {*step.backups, *([step.user] if step.user else [])} <= said, path.stem
            case _:
                pass


def test_the_splits_name_files_that_are_there_and_share_none() -> None:
    splits = msgspec.json.decode((CORPUS / corpus.SPLITS).read_bytes(), type=Splits)
    named = [*splits.calibration, *splits.heldout]
    names = {f"{path.parent.name}/{path.stem}" for path in corpus.files(CORPUS)}
    assert len(set(named)) == len(named)
    assert set(named) <= names
    for part in (splits.calibration, splits.heldout):
        assert any(name.startswith("shows/") for name in part)
        assert any(name.startswith("lines/") for name in part)


def test_held_out_lines_speak_many_languages_and_no_training_line_stands_among_them() -> None:
    held = [entry for entry in entries() if entry.part is corpus.Part.HELDOUT]
    assert len({entry.example.lang for entry in held}) >= 8
    assert {entry.file for entry in held}.isdisjoint(
        entry.file for entry in entries() if entry.part is not corpus.Part.HELDOUT
    )


def test_the_card_tells_the_figures_that_are_counted() -> None:
    assert card.taken(CORPUS / "README.md") == card.corpus_figures(entries()).strip()


@pytest.mark.timeout(180)  # seconds of work, but on a busy machine
def test_no_two_longer_texts_are_near() -> None:
    lines = every_line()
    pairs = [
        (round(shared, 2), *(f"{lines[at][0]}: {lines[at][1].text}" for at in (one, other)))
        for one, other, shared in near_pairs([line.text for _, line in lines])
    ]
    assert pairs == []


def test_the_shipped_model_was_trained_on_it() -> None:
    assert read_settings().corpus == corpus.digest(CORPUS)


def test_no_single_line_is_there_twice() -> None:
    counted = Counter(_moment(entry.example) for entry in entries() if not entry.in_show)
    assert [moment for moment, times in counted.items() if times > 1] == []


def _moment(example: Example) -> tuple[object, ...]:
    context = example.utterance.context
    return (
        example.utterance.text,
        context.lot,
        context.mode,
        context.author_role,
        context.history,
    )


@pytest.mark.timeout(180)
@pytest.mark.skipif(
    not VALIDATION.is_dir(),
    reason="the validation set is no part of the repository; DEALFLOW_VALIDATION names its folder",
)
def test_nothing_of_the_validation_set_is_in_it() -> None:
    kept = [
        json.loads(line)
        for path in sorted(VALIDATION.glob("*.jsonl"))
        for line in path.read_bytes().splitlines()
    ]
    texts = [line["text"] for line in kept if "text" in line]
    assert len(texts) > 100
    lines = every_line()
    near = [lines[at][0] for at, _, _ in near_pairs([line.text for _, line in lines], texts)]
    assert near == []
    examples = [
        example for path in sorted(VALIDATION.glob("*.jsonl")) for example in read_file(path)
    ]
    moments = {_moment(example) for example in examples}
    same = [
        entry.example.id
        for entry in entries()
        if not entry.in_show and _moment(entry.example) in moments
    ]
    assert same == []

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dealflow.intents.encoder import inputs
from dealflow.intents.encoder.inputs import (
    END,
    OTHER,
    OTHERS,
    SHOP,
    START,
    marks,
    plain,
    sequences,
    texts,
)
from dealflow.intents.grammar import GrammarClassifier
from dealflow.model.intent import Utterance
from dealflow.model.show import Lot, SaleMode, ShowRules
from dealflow.stage.hostile import NAMES, TEXTS
from tests.unit.intents.saying import CARD, CUFF, said

GRAMMAR = GrammarClassifier()
LONGEST = 160
"""Places that the encoder has."""


class Characters:
    """Cuts a text into its characters, numbered from 10."""

    def encode(self, texts: list[str]) -> list[list[int]]:
        return [[10 + ord(char) % 1_000 for char in text] for text in texts]


def numbered(*utterances: Utterance, known: dict[str, int] | None = None) -> list[list[int]]:
    read = [(one, *GRAMMAR.read(one)) for one in utterances]
    return sequences(read, Characters(), known or {OTHER: 5_000})


def marks_of(utterance: Utterance) -> list[str]:
    return list(marks(*GRAMMAR.read(utterance)))


def test_a_sequence_is_text_lot_history_and_marks() -> None:
    (row,) = numbered(said("mine", history=("hi",)))
    text, lot, history = (Characters().encode([part])[0] for part in texts(said("mine")))
    assert row[: 2 + len(text)] == [START, *text, END]
    after_lot = 2 + len(text) + min(len(lot), inputs.MAX_LOT)
    assert row[after_lot] == END
    assert history == []
    assert row.count(END) == 3
    assert set(row[-3:]) == {5_000}


def test_without_a_past_there_is_no_place_for_it() -> None:
    (row,) = numbered(said("mine"))
    assert row.count(END) == 2


@settings(max_examples=80, deadline=None)
@given(
    text=st.one_of(st.text(max_size=500), st.sampled_from([*TEXTS, *NAMES])),
    title=st.text(max_size=400),
    history=st.lists(st.text(max_size=300), max_size=5).map(tuple),
    price=st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)),
    shop=st.text(max_size=300),
    others=st.lists(st.text(max_size=300), max_size=9).map(tuple),
)
def test_no_sequence_is_longer_than_the_encoders_places(
    text: str,
    title: str,
    history: tuple[str, ...],
    price: float | None,
    shop: str,
    others: tuple[str, ...],
) -> None:
    lot = Lot(title=title, price=price)
    utterance = said(text, lot=lot, history=history, shop=shop, others=others)
    (row,) = numbered(utterance)
    assert len(row) <= LONGEST
    for part in texts(utterance):
        part.encode("utf-8")


def test_what_the_room_said_stands_behind_its_marks() -> None:
    known = {OTHER: 5_000, SHOP: 5_001, OTHERS: 5_002}
    (row,) = numbered(said("me", shop="who", others=("ab", "cd")), known=known)
    who, ab, cd = Characters().encode(["who", "ab", "cd"])
    assert row[row.index(5_001) :] == [5_001, *who, END, 5_002, *ab, END, *cd, END]


def test_how_a_number_stands_to_the_last_is_a_mark() -> None:
    assert "o:step" in marks_of(said("22", lot=CARD, mode=SaleMode.AUCTION, numbers=("20",)))
    assert not any(mark.startswith("o:") for mark in marks_of(said("mine", numbers=("20",))))


@settings(max_examples=40, deadline=None)
@given(batch=st.lists(st.text(max_size=40), max_size=6))
def test_a_message_reads_the_same_in_any_company(batch: list[str]) -> None:
    utterances = [
        said(
            text,
            history=(text,) if n % 2 else (),
            others=(text,) * (n % 3),
            shop=text if n > 2 else "",
        )
        for n, text in enumerate(batch)
    ]
    assert numbered(*utterances) == [numbered(one)[0] for one in utterances]


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("MINE", "mine"),
        ("mineeeeee!!!!", "minee!!"),
        ("ｍｉｎｅ", "mine"),
        ("a\x00b", "ab"),
        ("lone \ud800 x", "lone  x"),
        ("❤\ufe0f", "❤"),
        ("É", "é"),
    ],
)
def test_texts_are_spelled_as_the_pieces_are(text: str, spelled: str) -> None:
    assert plain(text) == spelled


def test_only_the_beginning_of_a_flood_is_cut() -> None:
    assert len(plain("ab" * 50_000)) == inputs.MAX_CHARACTERS


def test_the_lot_is_told_with_its_price() -> None:
    assert texts(said("x"))[1] == "22 turquoise cuff 48 usd"
    assert texts(said("x", lot=None))[1] == ""
    assert texts(said("x", lot=Lot(title="Hat")))[1].strip() == "hat"


def test_of_the_past_the_newest_is_told() -> None:
    assert texts(said("x", history=("one", "two", "three")))[2] == "two / three"


def test_marks_say_what_words_cannot() -> None:
    assert "n:<Ncode>" in marks_of(said("22"))
    assert "n:<Msame>" in marks_of(said("$48"))
    assert "p:claim+" in marks_of(said("hello"))
    assert "p:auction0" in marks_of(said("hello", lot=None, mode=SaleMode.AUCTION))
    assert "r:size" in marks_of(said("hello", rules=ShowRules(number_is="size")))
    assert any(mark.startswith("f:") and mark.endswith(">claim") for mark in marks_of(said("mine")))
    flood = marks_of(said("1 2 3 4 5 6 7 8"))
    assert sum(mark.startswith("n:") for mark in flood) == inputs.NUMBERS


def test_a_mark_that_was_never_seen_has_its_own_number() -> None:
    known = {OTHER: 700, "p:claim+": 701}
    (row,) = numbered(said("hello", lot=CUFF), known=known)
    assert row[-3:] == [700, 701, 700]

from __future__ import annotations

import string
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dealflow.intents.grammar import GrammarClassifier
from dealflow.intents.linear import features
from dealflow.intents.linear.features import SIZE, Features, Read
from dealflow.intents.normalise import normalise
from dealflow.model.intent import Utterance
from dealflow.model.show import Lot, SaleMode, ShowRules
from dealflow.model.text import clean
from dealflow.stage.hostile import NAMES, TEXTS
from tests.unit.intents.saying import CARD, CUFF, said

GRAMMAR = GrammarClassifier()
KIB10 = 10 * 1024

SCRIPTS = (
    "mine", "MINEEE 🙋‍♀️", "मेरा है भैया", "มายค่ะ รับเลย", "내꺼 저요", "我要这个", "これください",
    "беру", "δικό μου", "שלי", "هذا لي", "ਮੇਰਾ", "আমার", "என்னுடையது", "mein", "chốt đơn ạ",
    "ｍｉｎｅ", "١٢٣", "𝓶𝓲𝓷𝓮", "ለኔ", "მე მინდა", "ես կվերցնեմ",
)  # fmt: skip
HOSTILE = (
    "", " ", "\n\t", "?" * KIB10, "9" * KIB10, "a" * KIB10, "ab " * 3_500, "$1" * 5_000,
    "@" * KIB10, "http://" * 1_500, "e" + "\u0301" * KIB10,
    "👩‍👩‍👧‍👦" * 1_400, "ﷺ" * 600, "\x00" * 50,
    "mine sold claim " * 700, "1.2.3:4/5" * 1_100, "\U0010ffff" * 100,
)  # fmt: skip
WORDS = ("mine", "22", "$40", "?", "x2", "sold", "#7", "A12", "next", "m", "🔥")
TEXT = st.one_of(
    st.text(max_size=60),
    st.sampled_from([*SCRIPTS, *TEXTS, *NAMES]),
    st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join),
)
MESSAGES = st.builds(
    said,
    TEXT,
    lot=st.sampled_from([None, CUFF, CARD, Lot(title="", price=0.0), Lot(price=1e-300)]),
    mode=st.sampled_from([None, *SaleMode]),
    history=st.lists(st.text(max_size=20), max_size=3).map(tuple),
    rules=st.sampled_from([None, ShowRules(number_is="item", codes=("A1-A99",))]),
    shop=st.one_of(st.just(""), st.text(max_size=40)),
    numbers=st.lists(st.one_of(st.text(max_size=9), st.sampled_from(["5", "$9"])), max_size=3).map(
        tuple
    ),
)


def read(utterance: Utterance) -> Read:
    return (*GRAMMAR.read(utterance), normalise(utterance.text))


def rows_of(*utterances: Utterance) -> list[list[int]]:
    """Return the rows of each message of a batch."""
    rows, starts = Features().rows([read(one) for one in utterances])
    return [part.tolist() for part in np.split(rows, starts[1:])]


@settings(max_examples=60, deadline=None)
@given(messages=st.lists(MESSAGES, min_size=1, max_size=8))
def test_a_message_has_the_same_rows_in_any_company(messages: list[Utterance]) -> None:
    together = rows_of(*messages)
    assert together == [rows_of(one)[0] for one in messages]
    assert together[::-1] == rows_of(*messages[::-1])
    assert all(row and min(row) >= 0 and max(row) < SIZE for row in together)


@pytest.mark.parametrize("at", [0, 31, 63])
def test_a_message_in_a_batch_of_64_is_as_it_is_alone(at: int) -> None:
    others = [said(f"{text} {n}") for n, text in enumerate(SCRIPTS * 3)][:63]
    one = said("mine, 22 for $40 please 🙏", history=("hi", "how much?"))
    batch = [*others[:at], one, *others[at:]]
    assert len(batch) == 64
    assert rows_of(*batch)[at] == rows_of(one)[0]


def test_what_was_read_before_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    used = Features()
    used.rows([read(said(f"word{n} {n}")) for n in range(50)])
    fresh, _ = Features().rows([read(said("mine 22"))])
    again, _ = used.rows([read(said("mine 22"))])
    assert again.tolist() == fresh.tolist()
    for memory in ("MAX_WORDS", "MAX_EARLIER", "MAX_GROUPS"):
        monkeypatch.setattr(features, memory, 0)
    forgetful, _ = used.rows([read(said("mine 22"))])
    assert forgetful.tolist() == fresh.tolist()


@pytest.mark.parametrize("text", SCRIPTS)
def test_every_script_has_rows_of_its_own(text: str) -> None:
    ours, empty = rows_of(said(text), said(""))
    assert len(set(ours) - set(empty)) >= 3


@pytest.mark.parametrize("text", [*HOSTILE, *TEXTS, *NAMES], ids=lambda text: repr(text[:12]))
def test_no_text_is_too_much(text: str) -> None:
    for spelled in (text, clean(text)):
        (row,) = rows_of(said(spelled, history=(spelled,) * 3))
        assert 10 < len(row) < 2_500


def test_what_lies_beyond_the_first_characters_costs_nothing() -> None:
    (short,), (long,) = rows_of(said("ab " * 2_000)), rows_of(said("ab " * 20_000))
    assert len(long) == len(short)


@pytest.mark.parametrize("text", ["ab ", "$1", "?", "mine sold ", "1.2:3", "मे", "é"])
def test_the_cost_grows_no_faster_than_the_text(text: str) -> None:
    def cost(size: int) -> float:
        utterance = said((text * size)[:size])
        best = float("inf")
        for _ in range(5):
            began = time.process_time()
            for _ in range(3):
                rows_of(utterance)
            best = min(best, time.process_time() - began)
        return best

    assert cost(1_600) <= 24 * cost(200)  # eight times the text; a square would be sixty-four


def test_a_number_is_how_it_relates_to_the_lot() -> None:
    def shapes(text: str, lot: Lot | None = CUFF) -> list[str]:
        evidence, _ = GRAMMAR.read(said(text, lot=lot))
        return [features.shape_of(token, evidence.scene) for token in evidence.ids]

    assert shapes("22") == ["<Ncode>"]
    assert shapes("$48") == shapes("48 usd") == ["<Msame>"]
    assert shapes("45") == ["<Nnear>"]
    assert shapes("$9000") == ["<Mfar>"]
    assert shapes("7", None) == ["<Nsmall>"]
    assert shapes("70", None) == ["<Nbig>"]


def test_words_of_a_title_stand_for_any_title() -> None:
    plant = Lot(title="Monstera adansonii", price=20, currency="USD")
    shoe = Lot(title="Jordan retro", price=20, currency="USD")
    of_plant, _ = GRAMMAR.read(said("monstera mine", lot=plant))
    of_shoe, _ = GRAMMAR.read(said("jordan mine", lot=shoe))
    shapes = [
        [features.shape_of(token, one.scene) for token in one.tokens] for one in (of_plant, of_shoe)
    ]
    assert shapes[0] == shapes[1] == ["<title>", "mine"]


def test_the_context_is_seen() -> None:
    plain = said("mine")
    others = [
        said("mine", mode=SaleMode.AUCTION),
        said("mine", lot=None),
        said("mine", history=("pass",)),
        said("mine", rules=ShowRules(number_is="price")),
    ]
    rows = rows_of(plain, *others)
    assert all(set(row) != set(rows[0]) for row in rows[1:])


def test_letters_apart_and_digits_alike() -> None:
    letters = rows_of(*(said(letter * 3) for letter in string.ascii_lowercase))
    assert len({tuple(row) for row in letters}) == 26

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dealflow.intents.normalise import MAX_JUDGED, normalise, unstretched


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("I'LL Take It", "ill take it"),
        ("ＳＯＬＤ　４３", "sold 43"),
        ("¿Cuánto?", " cuanto?"),
        ("chốt đơn", "chot don"),
        ("alıyorum", "aliyorum"),
        ("für Größe", "fur grosse"),
        ("biorę ją", "biore ja"),
        ("١١ لي", "11 لي"),
        ("१४ मेरी", "14 मेरी"),
        ("๔๓", "43"),
        ("1️⃣", "1"),
        ("mi\u200bne", "mine"),
        ("mine\u202e", "mine"),
        ("🙋🏽‍♀️", "🙋♀"),
        ("أبيها", "ابيها"),
        ("ＭＩＮＥ！", "mine!"),
        ("a_b", "a b"),
        ("\ud800mine", "mine"),
    ],
)
def test_folds_to_one_spelling(text: str, plain: str) -> None:
    assert normalise(text) == plain


def test_cuts_what_lies_beyond_the_limit() -> None:
    assert len(normalise("a" * 10_000)) == MAX_JUDGED
    assert len(normalise("ﷺ" * 10_000)) <= MAX_JUDGED


@example("Ǽǿ")
@example("ß" * MAX_JUDGED)
@given(st.text())
def test_says_the_same_twice(text: str) -> None:
    once = normalise(text)
    assert len(once) <= MAX_JUDGED
    if len(once) < MAX_JUDGED:
        assert normalise(once) == once


@pytest.mark.parametrize(
    ("stretched", "word"),
    [("mineeee", "mine"), ("sooold", "sold"), ("minee", "mine"), ("mee", "mee"), ("gooo", "goo")],
)
def test_finds_the_word_behind_a_stretched_one(stretched: str, word: str) -> None:
    assert unstretched(stretched, frozenset({"mine", "sold", "me"})) == word

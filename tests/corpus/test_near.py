from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corpus.near import NEAR, folded, is_long, near_pairs, runs

TEXTS = st.lists(
    st.text(alphabet="ab c", min_size=14, max_size=24) | st.text(max_size=30), max_size=14
)


def by_force(texts: list[str], others: list[str]) -> set[tuple[int, int]]:
    found = set()
    for a, one in enumerate(map(folded, texts)):
        for b, other in enumerate(map(folded, others or texts)):
            if (not others and b >= a) or not (is_long(one) and is_long(other)):
                continue
            both = len(runs(one) & runs(other))
            if both >= NEAR * len(runs(one) | runs(other)):
                found.add((a, b))
    return found


@settings(max_examples=150, deadline=None)
@given(texts=TEXTS, others=TEXTS)
def test_it_finds_what_comparing_all_finds(texts: list[str], others: list[str]) -> None:
    assert {(a, b) for a, b, _ in near_pairs(texts)} == by_force(texts, [])
    if others:
        assert {(a, b) for a, b, _ in near_pairs(texts, others)} == by_force(texts, others)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("  I'll TAKE it!! ", "i ll take it"),
        ("$1,250 or 40?", "0 0 or 0"),
        ("ＭＩＮＥ", "mine"),
        ("รับเลยค่ะ 5 ตัว", "รับเลยค่ะ 0 ตัว"),
        ("under_score", "under score"),
        ("🔥🔥", ""),
    ],
)
def test_texts_are_folded(text: str, plain: str) -> None:
    assert folded(text) == plain


def test_short_texts_are_not_compared_and_wide_ones_count_double() -> None:
    assert list(near_pairs(["mine please", "mine please"])) == []
    assert list(near_pairs(["這個我要兩件謝謝", "這個我要兩件謝謝!"])) == [(1, 0, 1.0)]
    assert is_long("รับเลยค่ะ")
    assert not is_long("mine please now")


def test_one_word_more_is_near() -> None:
    said = "my hands are shaking so much right now"
    assert [pair[:2] for pair in near_pairs([said, "OMG " + said.upper()])] == [(1, 0)]
    assert list(near_pairs([said, "is it real leather or is it plastic"])) == []

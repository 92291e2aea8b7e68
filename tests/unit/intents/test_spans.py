"""Marks of the encoder become words of the message, and labels become marks to learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealflow.intents.encoder.inputs import plain
from dealflow.intents.encoder.spans import Cut, Marked, Span, Tag, Tags, cut
from dealflow.intents.training.spans import wanted
from dealflow.model.intent import Slots
from dealflow.stage.hostile import TEXTS


class Words:
    """Cuts a text at its spaces, as sentencepiece writes pieces."""

    def encode_as_pieces(self, text: str, /) -> list[str]:
        return ["\u2581" + word for word in text.split()]


def said(text: str) -> Cut:
    return cut(Words(), plain(text))


def scored(*tags: Tag, sure: float = 9.0) -> Tags:
    return np.eye(len(Tag), dtype=np.float32)[list(tags)] * sure


def spans(said: Cut, tags: Tags) -> list[Span]:
    marked = Marked(said, tags)
    found = (marked.best(tag) for tag in Tag)
    return sorted((one for one in found if one is not None), key=lambda one: one.start)


def told(text: str, *tags: Tag) -> list[tuple[Tag, str]]:
    cut_text = said(text)
    return [(one.tag, cut_text.text[one.start : one.end]) for one in spans(cut_text, scored(*tags))]


NONE, ITEM, COLOR, QUANTITY = Tag.NONE, Tag.ITEM, Tag.COLOR, Tag.QUANTITY


def test_neighbours_of_one_kind_are_one_span() -> None:
    assert told("the makita drill please", NONE, ITEM, ITEM, NONE) == [(ITEM, "makita drill")]


def test_kinds_that_touch_are_two_spans() -> None:
    assert told("two blue mugs", QUANTITY, COLOR, ITEM) == [
        (QUANTITY, "two"),
        (COLOR, "blue"),
        (ITEM, "mugs"),
    ]


def test_a_mark_between_words_parts_them_and_has_no_name() -> None:
    assert told("mugs ! bowls", ITEM, ITEM, NONE) == [(ITEM, "mugs")]
    assert told("!!! yes", ITEM, NONE) == []


class Letters(Words):
    """Cuts a text into its characters."""

    def encode_as_pieces(self, text: str, /) -> list[str]:
        return ["\u2581", *text.replace(" ", "\u2581")]


def test_a_word_is_what_its_pieces_are_on_average() -> None:
    cut_text = cut(Letters(), "goat ok")
    tags = scored(NONE, NONE, ITEM, ITEM, ITEM, NONE, NONE, NONE)
    (found,) = spans(cut_text, tags)
    assert cut_text.text[found.start : found.end] == "goat"
    assert found.chance == pytest.approx(0.75, abs=0.01)


def test_a_script_without_spaces_is_marked_piece_by_piece() -> None:
    cut_text = cut(Letters(), "两个碗")
    (count, item) = spans(cut_text, scored(NONE, QUANTITY, NONE, ITEM))
    assert cut_text.text[count.start : count.end] == "两"
    assert cut_text.text[item.start : item.end] == "碗"


def test_what_was_not_read_has_no_span() -> None:
    assert told("a very long message", ITEM) == [(ITEM, "a")]
    assert told("mugs", ITEM, ITEM, COLOR) == [(ITEM, "mugs")]
    assert told("anything") == []


def test_the_likeliest_of_a_kind_is_chosen() -> None:
    tags = scored(ITEM, NONE, ITEM)
    tags[2] *= 2
    marked = Marked(said("bowl or vase"), tags)
    best = marked.best(ITEM)
    assert best is not None
    assert marked.text[best.start : best.end] == "vase"
    assert marked.best(Tag.SIZE) is None


def test_any_word_can_be_asked_about() -> None:
    marked = Marked(said("bowl or"), scored(ITEM, NONE))
    chances = [marked.chance(ITEM, start, end) for start, end in marked.words()]
    assert chances == [pytest.approx(1, abs=0.01), pytest.approx(0, abs=0.01)]
    assert marked.chance(ITEM, 90, 95) is None


@pytest.mark.parametrize(
    ("text", "slots", "marked"),
    [
        ("ill take the blue mug", Slots(item="mug", color="blue"), {"blue": COLOR, "mug": ITEM}),
        ("2 of B12 pls", Slots(item="B12", quantity=2), {"2": QUANTITY, "b12": ITEM}),
        ("two in medium", Slots(quantity=2, size="medium"), {"two": QUANTITY, "medium": Tag.SIZE}),
        ("forty-five dollars", Slots(price=45), {"forty-five": Tag.PRICE}),
        ("120rb ya kak", Slots(price=120_000), {"120rb": Tag.PRICE}),
        ("dos por favor", Slots(quantity=2), {"dos": QUANTITY}),
        ("mine", Slots(), {}),
    ],
)
def test_a_label_is_found_where_it_was_written(
    text: str, slots: Slots, marked: dict[str, Tag]
) -> None:
    cut_text = said(text)
    tags = wanted(cut_text, slots)
    assert tags is not None
    found = {
        cut_text.text[first:last].strip(): tag
        for (first, last), tag in zip(cut_text.places, tags, strict=True)
        if tag is not NONE
    }
    assert marked.items() <= found.items()


@pytest.mark.parametrize("slots", [Slots(item="vase"), Slots(quantity=3), Slots(price=70)])
def test_a_label_that_stands_nowhere_teaches_nothing(slots: Slots) -> None:
    assert wanted(said("ill take the mug for 40"), slots) is None


@given(
    text=st.one_of(st.text(max_size=80), st.sampled_from(TEXTS)),
    numbers=st.lists(st.floats(-9, 9), min_size=6, max_size=300),
)
def test_any_text_and_any_scores_give_spans_within_the_text(
    text: str, numbers: list[float]
) -> None:
    cut_text = said(text)
    rows = len(numbers) // len(Tag)
    tags = np.array(numbers[: rows * len(Tag)], np.float32).reshape(rows, len(Tag))
    for one in spans(cut_text, tags):
        assert 0 <= one.start < one.end <= len(cut_text.text)
        assert one.tag is not NONE
        assert 0 < one.chance <= 1

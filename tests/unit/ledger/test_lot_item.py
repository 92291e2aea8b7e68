"""What people call a lot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealflow.ledger.item import find, in_ranges, is_code, is_price_of, name_of, normal_code
from dealflow.model.show import Lot


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("#13", "13"),
        ("013", "13"),
        ("Lot 16", "16"),
        ("item no. 7", "7"),
        ("A-12", "a12"),
        ("a 12", "a12"),
        ("๑๒", "12"),
        ("１２", "12"),
        ("000", "0"),
        ("lot", "lot"),
        ("!!", ""),
    ],
)
def test_codes_are_compared_without_their_dress(written: str, code: str) -> None:
    assert normal_code(written) == code


@pytest.mark.parametrize("text", ["43", "A12", "18B", "#7", "lot 5", "GS107"])
def test_short_things_with_digits_are_codes(text: str) -> None:
    assert is_code(text)


@pytest.mark.parametrize("text", ["", "boots", "iphone15", "0901234567", "mine", "X"])
def test_words_and_phone_numbers_are_not(text: str) -> None:
    assert not is_code(text)


@pytest.mark.parametrize(
    ("code", "ranges", "inside"),
    [
        ("a5", ("A1-A99",), True),
        ("a5", ("A1-99",), True),
        ("a100", ("A1-A99",), False),
        ("b5", ("A1-A99",), False),
        ("7", ("1-50", "X1-X9"), True),
        ("x9", ("1-50", "X1-X9"), True),
        ("gold", ("gold",), True),
        ("5", ("-",), False),
    ],
)
def test_ranges_of_codes(code: str, ranges: tuple[str, ...], inside: bool) -> None:
    assert in_ranges(code, ranges) is inside


def test_a_code_that_was_used_twice_means_the_one_on_screen_else_the_newest() -> None:
    first, second = Lot(code="1", platform_id="a"), Lot(code="1", platform_id="b")
    known = [name_of(first), name_of(second)]
    assert find("1", first, known) == known[0]
    assert find("1", None, known) == known[1]


def test_plurals_and_marks_of_other_scripts_do_not_hide_a_word() -> None:
    clogs, thai = name_of(Lot(title="Dansko clog 39")), name_of(Lot(title="กระเป๋า สีแดง"))
    assert find("those clogs", None, [clogs, thai]) == clogs
    assert find("กระเป๋า", None, [clogs, thai]) == thai


def test_less_than_half_of_the_words_is_no_match() -> None:
    assert find("vintage nike running jacket", None, [name_of(Lot(title="Nike hoodie"))]) is None


def test_the_price_of_a_lot() -> None:
    assert is_price_of("$20", Lot(price=20.0))
    assert not is_price_of("20", Lot(price=25.0))
    assert not is_price_of("20", None)


@given(st.text(), st.text(), st.lists(st.text(), max_size=3))
def test_any_text_can_be_compared(item: str, title: str, ranges: list[str]) -> None:
    name = name_of(Lot(code=title, title=title))
    assert find(item, None, [name]) in (None, name)
    if normal_code(title):
        assert find(title, None, [name]) == name
    in_ranges(normal_code(item), ranges)
    is_code(item)

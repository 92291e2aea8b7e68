"""What was said around a message, and no more than that."""

from __future__ import annotations

import pytest

from dealflow.model.intent import Role, Room
from dealflow.model.room import (
    HEARD,
    LONGEST,
    LONGEST_NUMBER,
    NUMBERS,
    OTHERS,
    TOLD,
    Talk,
)
from dealflow.model.show import Lot

HAT, CAP = Lot(code="1", title="Hat", price=1), Lot(code="2", title="Cap", price=1)


class Evening:
    """A show in which a second goes by with each line."""

    def __init__(self) -> None:
        self._talk, self._now = Talk(), 0
        self.lot: Lot | None = HAT

    def say(self, person: str, text: str, role: Role = Role.VIEWER, *, later: int = 1_000) -> Room:
        self._now += later
        return self._talk.note(person, role, text, self._now, self.lot)

    def shop(self, text: str, role: Role = Role.HOST) -> Room:
        return self.say(role, text, role)


@pytest.fixture
def evening() -> Evening:
    return Evening()


def test_the_first_line_of_a_show_answers_nothing(evening: Evening) -> None:
    assert evening.say("amy", "hi") == Room()


def test_an_answer_comes_with_what_was_asked(evening: Evening) -> None:
    evening.shop("welcome")
    evening.shop("who wants this one?", Role.MOD)
    assert evening.say("amy", "me").shop == "who wants this one?"


def test_what_the_shop_said_long_ago_is_no_question_any_more(evening: Evening) -> None:
    evening.shop("who wants this one?")
    assert evening.say("amy", "me", later=TOLD + 1).shop == ""


def test_others_are_those_who_are_not_the_author(evening: Evening) -> None:
    for person, text in (("bo", "a"), ("amy", "b"), ("cy", "c"), ("bot", "d"), ("di", "e")):
        evening.say(person, text, Role.BOT if person == "bot" else Role.VIEWER)
    evening.say("eve", "f")
    assert evening.say("amy", "g").others == ("e", "f")
    assert len(evening.say("amy", "g").others) == OTHERS
    assert evening.say("amy", "h", later=HEARD + 1).others == ()


def test_numbers_are_everybodys_short_lines_of_this_lot(evening: Evening) -> None:
    evening.shop("starting at 1")
    for amount in range(10, 16):
        evening.say("amy" if amount % 2 else "bo", f"{amount} here")
    evening.say("cy", "x" * LONGEST_NUMBER + "7")
    evening.say("cy", "no number")
    assert evening.say("amy", "17").numbers == ("12 here", "13 here", "14 here", "15 here")
    assert len(evening.say("amy", "17").numbers) == NUMBERS


def test_another_lot_begins_without_numbers(evening: Evening) -> None:
    evening.say("amy", "20")
    evening.lot = Lot(code="1", title="Hat", price=20)
    assert evening.say("bo", "22").numbers == ("20",)
    evening.lot = CAP
    assert evening.say("bo", "3").numbers == ()
    evening.lot = None
    assert evening.say("bo", "4").numbers == ()


def test_a_long_line_is_cut(evening: Evening) -> None:
    evening.say("amy", "first" + "a" * 10_000)
    evening.shop("b" * 10_000 + "last?")
    room = evening.say("bo", "c")
    assert (len(room.shop), len(room.others[0])) == (LONGEST, LONGEST)
    assert room.shop.endswith("last?")
    assert room.others[0].startswith("first")

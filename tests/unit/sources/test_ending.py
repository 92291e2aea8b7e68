from __future__ import annotations

import pytest

from dealflow.sources.whatnot.ending import (
    SHORT_SILENCE_SECONDS,
    SILENCE_SECONDS,
    TELLING,
    EndSign,
    EndWatch,
)


@pytest.mark.parametrize("sign", list(EndSign))
def test_one_sign_is_not_enough(sign: EndSign) -> None:
    watch = EndWatch()
    watch.mark(sign, 0.0)
    assert not watch.has_ended(1.0)


@pytest.mark.parametrize("second", sorted(set(EndSign) - {EndSign.STATUS, EndSign.BANNER}))
def test_a_telling_sign_and_a_second_one_are_enough(second: EndSign) -> None:
    watch = EndWatch()
    watch.mark(EndSign.STATUS, 0.0)
    watch.mark(second, 5.0)
    assert watch.has_ended(5.0)


def test_a_banner_only_repeats_the_status_so_chat_has_to_cease_as_well() -> None:
    watch = EndWatch()
    watch.mark(EndSign.STATUS, 0.0)
    watch.mark(EndSign.BANNER, 0.0)
    watch.chat(2.0)
    assert not watch.has_ended(2.0 + SHORT_SILENCE_SECONDS - 0.1)
    assert watch.has_ended(2.0 + SHORT_SILENCE_SECONDS)


def test_a_player_that_went_is_a_second_sign_and_one_that_never_was_is_none() -> None:
    watch = EndWatch()
    watch.mark(EndSign.BANNER, 0.0)
    watch.player(0.0, seen=False)
    assert not watch.has_ended(0.0)
    watch.player(1.0, seen=True)
    watch.player(2.0, seen=False)
    assert watch.has_ended(2.0)


def test_signs_that_tell_nothing_never_end_a_show() -> None:
    watch = EndWatch()
    for sign in set(EndSign) - TELLING:
        watch.mark(sign, 0.0)
    assert not watch.has_ended(1e9)


def test_a_false_banner_is_outlived_by_chat() -> None:
    watch = EndWatch()
    watch.mark(EndSign.BANNER, 0.0)
    for second in range(0, 200, 10):
        watch.chat(float(second))
        assert not watch.has_ended(second + 9.0)
    assert watch.has_ended(190.0 + SILENCE_SECONDS)


def test_a_status_that_is_taken_back_ends_nothing() -> None:
    watch = EndWatch()
    watch.mark(EndSign.STATUS, 0.0)
    watch.mark(EndSign.STATUS, 1.0, seen=False)
    assert not watch.has_ended(1e9)

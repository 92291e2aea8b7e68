from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dealflow.intents.allowance import FIRST_GUESS, MOST_SECONDS, SHARE, Allowance


class Hand:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def spend(allowance: Allowance, clock: Hand, count: int, each: float) -> None:
    with allowance.spending(count):
        clock.now += count * each


def test_a_first_batch_is_what_one_batch_may_wait() -> None:
    allowance = Allowance(clock=Hand())
    assert allowance.take(100) == int(MOST_SECONDS / FIRST_GUESS)
    assert allowance.take(2) == 2


@pytest.mark.parametrize("each", [0.0004, 0.005, 0.03, 0.4])
def test_a_long_flood_never_takes_more_than_the_share(each: float) -> None:
    clock = Hand()
    allowance = Allowance(clock=clock)
    began, spent, judged = clock.now, 0.0, 0
    while clock.now < began + 600:
        count = allowance.take(64)
        if count:
            before = clock.now
            spend(allowance, clock, count, each)
            spent += clock.now - before
            judged += count
        clock.now += 0.02
    total = clock.now - began
    longest = MOST_SECONDS + max(each, 64 * each if each < FIRST_GUESS else each)
    assert spent <= SHARE * total + longest + 4 * each
    assert spent >= 0.8 * min(SHARE * total, judged * each)
    assert judged > 0


def test_a_slow_machine_still_judges_one_when_anything_is_saved() -> None:
    clock = Hand()
    allowance = Allowance(clock=clock)
    for _ in range(40):
        spend(allowance, clock, 1, 2.0)
    clock.now += 10_000
    assert allowance.take(64) == 1


def test_nothing_is_allowed_while_it_is_overdrawn() -> None:
    clock = Hand()
    allowance = Allowance(share=0.5, clock=clock)
    spend(allowance, clock, 4, 0.25)
    assert allowance.take(64) == 0
    clock.now += 0.9
    assert allowance.take(64) == 0
    clock.now += 0.2
    assert allowance.take(64) >= 1


def test_a_quiet_show_saves_no_more_than_one_batch() -> None:
    clock = Hand()
    allowance = Allowance(clock=clock)
    clock.now += 3_600
    assert allowance.take(10_000) == int(MOST_SECONDS / FIRST_GUESS)


def test_it_learns_how_fast_the_machine_is() -> None:
    clock = Hand()
    allowance = Allowance(clock=clock)
    for _ in range(60):
        spend(allowance, clock, 10, 0.0005)
        clock.now += 1
    assert 30 <= allowance.take(1_000) <= 40


def test_what_fails_is_paid_for_too() -> None:
    clock = Hand()
    allowance = Allowance(clock=clock)
    with suppress(ZeroDivisionError), allowance.spending(1):
        clock.now += 5
        clock.now /= 0
    assert allowance.take(1) == 0


@settings(max_examples=100, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(1, 200), st.floats(0, 0.2), st.floats(0, 2)), max_size=40)
)
def test_it_never_allows_more_than_is_wanted(steps: list[tuple[int, float, float]]) -> None:
    clock = Hand()
    allowance = Allowance(clock=clock)
    for wanted, each, pause in steps:
        count = allowance.take(wanted)
        assert 0 <= count <= wanted
        if count:
            spend(allowance, clock, count, each)
        clock.now += pause

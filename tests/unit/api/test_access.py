"""Tokens, login codes, sessions and failed attempts."""

from __future__ import annotations

import pytest

from dealflow.api.access import (
    CODE_SECONDS,
    MAX_ADDRESSES,
    MAX_CODES,
    MAX_FAILURES,
    SESSION_SECONDS,
    Access,
    Failures,
)
from dealflow.errors import RateLimited, TokenMissing
from tests.fakes.clock import ManualClock

TOKEN = "t" * 43


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def access(clock: ManualClock) -> Access:
    return Access(TOKEN, clock)


def test_only_the_token_enters(access: Access) -> None:
    assert access.holds(access.by_token(TOKEN, "a"))
    for wrong in ("", "x", TOKEN + "t", TOKEN[:-1], "\ud800"):
        with pytest.raises(TokenMissing):
            access.by_token(wrong, "a")


def test_without_a_token_nobody_enters(clock: ManualClock) -> None:
    with pytest.raises(TokenMissing):
        Access("", clock).by_token("", "a")


def test_a_replaced_token_ends_every_grant(access: Access) -> None:
    token = access.by_token(TOKEN, "a")
    cookie = access.redeem(access.new_code(), "a")
    session = access.by_session(cookie)
    assert session is not None
    access.replace_token("another")
    assert not access.holds(token)
    assert not access.holds(session)
    assert access.holds(access.by_token("another", "a"))


def test_a_code_works_once(access: Access) -> None:
    code = access.new_code()
    cookie = access.redeem(code, "a")
    assert access.by_session(cookie) is not None
    with pytest.raises(TokenMissing):
        access.redeem(code, "a")


async def _pass(clock: ManualClock, seconds: float) -> None:
    await clock.advance(seconds)


@pytest.mark.asyncio
async def test_codes_and_sessions_end(access: Access, clock: ManualClock) -> None:
    code = access.new_code()
    await _pass(clock, CODE_SECONDS)
    with pytest.raises(TokenMissing):
        access.redeem(code, "a")
    cookie = access.redeem(access.new_code(), "a")
    await _pass(clock, SESSION_SECONDS - 1)
    grant = access.by_session(cookie)
    assert grant is not None
    await _pass(clock, 1)
    assert access.by_session(cookie) is None
    assert not access.holds(grant)


def test_old_codes_make_room(access: Access) -> None:
    first = access.new_code()
    for _ in range(MAX_CODES):
        access.new_code()
    with pytest.raises(TokenMissing):
        access.redeem(first, "a")


@pytest.mark.asyncio
async def test_wrong_tokens_are_limited_and_right_ones_are_not(
    access: Access, clock: ManualClock
) -> None:
    for _ in range(MAX_FAILURES):
        with pytest.raises(TokenMissing):
            access.by_token("wrong", "a")
    with pytest.raises(RateLimited) as caught:
        access.by_token("wrong", "a")
    assert 0 < caught.value.retry_after <= 60
    with pytest.raises(TokenMissing):
        access.by_token("wrong", "b")
    assert access.holds(access.by_token(TOKEN, "a"))
    await _pass(clock, 60)
    with pytest.raises(TokenMissing):
        access.by_token("wrong", "a")


def test_addresses_that_fail_take_bounded_memory(clock: ManualClock) -> None:
    failures = Failures(clock)
    for number in range(MAX_ADDRESSES * 2):
        failures.note(str(number))
    assert len(failures._times) == MAX_ADDRESSES

"""R24 and R25: trouble with the model touches no message, and is made up for once it is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from dealflow.pipeline.second.breaker import FAILURES, Circuit
from tests.fakes.clock import ManualClock
from tests.fakes.endpoint import Endpoint, Mode, open_endpoint, troubles
from tests.fakes.second import SHIRT, Shop, open_shop

pytestmark = pytest.mark.asyncio

ABOUT_A_MESSAGE = (Mode.REFUSAL, Mode.FILTERED)
"""The service is well; nothing is wrong with other people's messages."""


@pytest_asyncio.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with open_endpoint() as opened:
        yield opened


async def chat(shop: Shop, count: int = 100) -> None:
    """Say so many lines: one in twenty is a buyer's for sure, one in ten is doubtful."""
    for part in range(0, count, 20):
        lines = [(f"user{n}", f"lol {n}") for n in range(part, part + 20)]
        lines[3] = (f"buyer{part}", f"mine {part}")
        lines[7] = (f"maybe{part}", f"hmm buy {part}")
        lines[9] = (f"perhaps{part}", f"hmm so nice {part}")
        outcomes = await shop.say(*lines)
        assert [outcome.status for outcome in outcomes] == ["stored"] * 20
        assert [n for n, outcome in enumerate(outcomes) if outcome.captured] == [3]


@pytest.mark.parametrize("mode", list(troubles()), ids=str)
async def test_local_verdicts_stand_and_all_doubts_are_judged_after_recovery(
    endpoint: Endpoint, mode: Mode
) -> None:
    endpoint.mode = mode
    clock = ManualClock()
    async with open_shop(None, endpoint, clock=clock, deadline_seconds=2.0) as shop:
        await shop.put_on_screen(SHIRT)
        await chat(shop, 500)
        if mode in ABOUT_A_MESSAGE:
            await shop.until(lambda: len(endpoint.requests) > 2 * FAILURES)
            assert shop.reader._breaker.circuit is Circuit.CLOSED
        else:
            await shop.until(lambda: shop.reader._breaker.circuit is Circuit.OPEN)
            assert len(endpoint.requests) <= 2 * (FAILURES + 4)  # with retries, and those under way
        labels = await shop.labels()
        assert {source for _, _, source in labels.values()} == {"local"}
        assert len(await shop.buyers()) == 25
        assert len(await shop.doubts()) == 50
        endpoint.mode = Mode.WELL
        await shop.settled()
        labels = await shop.labels()
        judged = [text for text, (_, _, source) in labels.items() if source == "second_opinion"]
        assert len(judged) == 50
        assert len(await shop.buyers()) == 50


async def test_a_long_outage_is_told_once(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.mode = Mode.BROKEN
    async with open_shop(None, endpoint, clock=ManualClock()) as shop:
        await chat(shop)
        await shop.until(lambda: len(endpoint.requests) > 20)
        endpoint.mode = Mode.WELL
        await shop.settled()
    told = [record.getMessage() for record in caplog.records if "second" in record.getMessage()]
    assert told == [
        "second opinions are paused: the model is in trouble",
        "second opinions are asked for again",
    ]


async def test_nobody_listens(endpoint: Endpoint) -> None:
    async with open_endpoint() as gone:
        url = gone.url
    async with open_shop(None, endpoint, clock=ManualClock(), base_url=url) as shop:
        await chat(shop)
        await shop.until(lambda: shop.reader._breaker.circuit is Circuit.OPEN)
        assert len(await shop.doubts()) == 10


async def test_an_open_circuit_lets_one_through_every_30_seconds(endpoint: Endpoint) -> None:
    endpoint.mode = Mode.HTML
    clock = ManualClock()
    async with open_shop(None, endpoint, clock=clock) as shop:
        await chat(shop)
        async with asyncio.timeout(5):
            while shop.reader._breaker.circuit is not Circuit.OPEN or shop.reader._under_way:
                await asyncio.sleep(0.01)
                await clock.advance(0.05)
        before = len(endpoint.requests)
        for _ in range(56):
            await clock.advance(0.5)
        assert len(endpoint.requests) == before
        await shop.until(lambda: len(endpoint.requests) > before)
        await shop.until(lambda: shop.reader._breaker.circuit is Circuit.OPEN)
        assert len(endpoint.requests) == before + 1


async def test_who_asks_to_be_left_alone_is(endpoint: Endpoint) -> None:
    endpoint.mode = Mode.BUSY_AFTER  # 20 seconds
    clock = ManualClock()
    async with open_shop(None, endpoint, clock=clock) as shop:
        await shop.say(("amy", "hmm buy"))
        await shop.until(lambda: endpoint.requests and not shop.reader._under_way)
        began = clock.monotonic()
        endpoint.mode = Mode.WELL
        await shop.settled()
        assert clock.monotonic() - began >= 19


async def test_one_person_cannot_open_the_circuit_for_all(endpoint: Endpoint) -> None:
    endpoint.mode = Mode.HTML  # as if they made the model answer in prose
    clock = ManualClock()
    async with open_shop(None, endpoint, clock=clock, person_per_minute=100, batch=1) as shop:
        await shop.say(*(("mallory", f"hmm {n}") for n in range(12)))
        await shop.until(lambda: len(endpoint.requests) == 12)
        assert shop.reader._breaker.circuit is Circuit.CLOSED
        endpoint.mode = Mode.WELL
        await shop.say(("amy", "hmm buy"))
        await shop.settled(left=12)
        assert await shop.buyers() == ["amy"]


async def test_what_the_model_declines_three_times_is_not_asked_again(endpoint: Endpoint) -> None:
    endpoint.mode = Mode.REFUSAL
    clock = ManualClock()
    async with open_shop(None, endpoint, clock=clock) as shop:
        await shop.say(("amy", "hmm foul words"))
        for attempt, wait in enumerate((0, 61, 601), start=1):
            for _ in range(wait):
                await clock.advance(1)
            await shop.until(lambda: len(endpoint.requests) == attempt)  # noqa: B023 - at once
        await shop.settled()
        assert len(endpoint.requests) == 3
        assert (await shop.labels())["hmm foul words"][2] == "local"


async def test_a_fault_of_our_own_reaches_no_show(endpoint: Endpoint) -> None:
    clock = ManualClock()
    async with open_shop(None, endpoint, clock=clock) as shop:
        estimate = shop.reader._opinion.estimate
        shop.reader._opinion.estimate = None  # type: ignore[assignment,method-assign]  # the fault
        await shop.say(("amy", "hmm buy"))
        for _ in range(5):
            await shop.pass_time()
        [outcome] = await shop.say(("bo", "mine"))
        assert outcome.captured
        shop.reader._opinion.estimate = estimate  # type: ignore[method-assign]
        await shop.settled()
        assert sorted(await shop.buyers()) == ["amy", "bo"]

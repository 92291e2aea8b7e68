"""R27: what second opinions cost is bounded, to the call, whoever floods the chat."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from dealflow.pipeline.second import waiting
from tests.fakes.clock import ManualClock
from tests.fakes.endpoint import Endpoint, Mode, open_endpoint
from tests.fakes.second import Shop, open_shop

pytestmark = pytest.mark.asyncio

HOUR = 3_600_000


@pytest_asyncio.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with open_endpoint() as opened:
        yield opened


async def flood(shop: Shop, count: int, people: int) -> None:
    """Say so many doubtful lines, all different."""
    for start in range(0, count, 500):
        await shop.say(
            *((f"user{n % people}", f"hmm buy {n}") for n in range(start, min(count, start + 500)))
        )


async def quiet(shop: Shop, endpoint: Endpoint, passes: int = 20) -> None:
    """Wait until no call has been made for a while."""
    before, calm = -1, 0
    while calm < passes:
        await shop.pass_time()
        calm = calm + 1 if len(endpoint.requests) == before else 0
        before = len(endpoint.requests)


@pytest.mark.parametrize("people", [1, 400])
@pytest.mark.parametrize("cap", ["calls_per_show", "calls_per_month"])
async def test_calls_stop_at_the_cap(endpoint: Endpoint, people: int, cap: str) -> None:
    async with open_shop(
        None, endpoint, clock=ManualClock(), person_per_minute=10_000, batch=1, **{cap: 10}
    ) as shop:
        await flood(shop, 2_000, people)
        await shop.until(lambda: len(endpoint.requests) >= 9)
        await quiet(shop, endpoint)
        assert len(endpoint.requests) in (9, 10)  # one is held back for a retry
        assert (await shop.spent()).calls == len(endpoint.requests)
        assert len(shop.reader._waiting) <= waiting.CAPACITY


async def test_tokens_stop_at_the_cap(endpoint: Endpoint) -> None:
    cap = 40_000
    async with open_shop(None, endpoint, clock=ManualClock(), tokens_per_show=cap, batch=1) as shop:
        await flood(shop, 100, 100)
        await quiet(shop, endpoint)
        spent = await shop.spent()
        assert spent.tokens_in + spent.tokens_out == 730 * len(endpoint.requests)
        a_call = 4_000  # what is held back for one, with its retry
        assert cap - a_call < spent.tokens_in + spent.tokens_out <= cap


async def test_retries_are_on_the_bill(endpoint: Endpoint) -> None:
    endpoint.mode = Mode.BROKEN
    async with open_shop(None, endpoint, clock=ManualClock(), calls_per_show=8) as shop:
        await flood(shop, 50, 50)
        await quiet(shop, endpoint, 50)  # longer than the circuit is open
        assert len(endpoint.requests) in (7, 8)
        assert (await shop.spent()).calls == len(endpoint.requests)


async def test_the_month_outlives_a_restart_and_ends(endpoint: Endpoint, tmp_path: Path) -> None:
    caps = {"calls_per_month": 4, "batch": 1}
    clock = ManualClock()
    async with open_shop(tmp_path, endpoint, clock=clock, **caps) as shop:
        await flood(shop, 20, 20)
        await quiet(shop, endpoint)
        assert len(endpoint.requests) == 3
    async with open_shop(tmp_path, endpoint, clock=clock, **caps) as shop:
        await flood(shop, 20, 20)
        await quiet(shop, endpoint)
        assert len(endpoint.requests) == 3
    later = ManualClock(clock.now_ms() + 31 * 24 * HOUR)
    async with open_shop(tmp_path, endpoint, clock=later, **caps) as shop:
        await flood(shop, 20, 20)
        await quiet(shop, endpoint)
        assert len(endpoint.requests) == 6


async def test_a_minute_holds_so_many_calls(endpoint: Endpoint) -> None:
    clock = ManualClock()
    async with open_shop(None, endpoint, clock=clock, calls_per_minute=6, batch=1) as shop:
        await flood(shop, 200, 200)
        while clock.monotonic() < 58:
            await shop.pass_time()
        assert len(endpoint.requests) in (5, 6)  # one is held back for a retry
        while clock.monotonic() < 100:
            await shop.pass_time()
        assert len(endpoint.requests) in (10, 11, 12)


async def test_one_chatter_cannot_use_up_what_others_need(endpoint: Endpoint) -> None:
    async with open_shop(
        None, endpoint, clock=ManualClock(), calls_per_show=12, person_per_minute=2, batch=1
    ) as shop:
        await flood(shop, 5_000, 1)
        await shop.say(*((f"honest{n}", f"hm buy please {n}") for n in range(5)))
        await shop.until(lambda: len(endpoint.requests) >= 7)
        texts = [line["text"] for lines in endpoint.lines[:7] for line in lines]
        assert sum("please" in text for text in texts) == 5
        await shop.until(lambda: len(shop.reader._waiting) <= waiting.EACH)


async def test_a_call_that_a_stop_interrupts_is_on_the_bill_once(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    endpoint.mode = Mode.HANG
    async with open_shop(tmp_path, endpoint) as shop:
        await shop.say(("amy", "hmm buy"), ("bo", "hmm buy too"))
        await shop.until(lambda: len(endpoint.requests) == 2)
    endpoint.mode = Mode.WELL
    async with open_shop(tmp_path, endpoint, calls_per_month=2) as shop:
        assert (await shop.spent()).calls == 2
        assert len(await shop.doubts()) == 2

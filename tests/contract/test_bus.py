"""What every bus must do, over every bus there is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from dealflow.bus.base import Bus, Committed, Subscription
from dealflow.bus.memory import MemoryBus
from dealflow.model.events import Frame

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture(params=[MemoryBus])
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    made: Bus = request.param()
    yield made
    await made.aclose()


def committed(seq: int, show: str = "one") -> Committed:
    return Committed(show, f"session-{show}", 1, (Frame(seq, "viewers", b"{}"),))


async def news(listener: Subscription) -> list[Committed] | None:
    async with asyncio.timeout(5):
        return await listener.next()


async def test_every_listener_hears_every_show_in_order(bus: Bus) -> None:
    listeners = [bus.subscribe(f"listener-{n}", 10) for n in range(3)]
    told = [committed(1), committed(1, "two"), committed(2), committed(2, "two")]
    for each in told:
        await bus.publish(each)
    for listener in listeners:
        assert await news(listener) == told


async def test_whoever_waits_is_woken(bus: Bus) -> None:
    listener = bus.subscribe("waiting", 10)
    waiting = asyncio.create_task(listener.next())
    await asyncio.sleep(0)
    assert not waiting.done()
    await bus.publish(committed(1))
    async with asyncio.timeout(5):
        assert await waiting == [committed(1)]


async def test_what_was_published_before_is_not_heard(bus: Bus) -> None:
    await bus.publish(committed(1))
    late = bus.subscribe("late", 10)
    await bus.publish(committed(2))
    assert await news(late) == [committed(2)]


async def test_nobody_waits_for_a_slow_listener(bus: Bus) -> None:
    slow = bus.subscribe("slow", 4)
    quick = bus.subscribe("quick", 4)
    for seq in range(1, 101):
        async with asyncio.timeout(5):
            await bus.publish(committed(seq))
        assert await news(quick) == [committed(seq)]
    assert await news(slow) is None


async def test_a_full_queue_is_no_loss(bus: Bus) -> None:
    listener = bus.subscribe("full", 4)
    for seq in range(1, 5):
        await bus.publish(committed(seq))
    assert await news(listener) == [committed(seq) for seq in range(1, 5)]


async def test_a_loss_is_told_once_however_much_was_lost(bus: Bus) -> None:
    listener = bus.subscribe("slow", 4)
    for seq in range(1, 51):
        await bus.publish(committed(seq))
    assert await news(listener) is None
    await bus.publish(committed(51))
    heard: list[Committed] = []
    while committed(51) not in heard:
        later = await news(listener)
        assert later is not None
        heard += later
    seqs = [each.frames[0].seq for each in heard]
    # The store covers what was lost; what follows the loss has no hole.
    assert seqs == list(range(seqs[0], 52))


async def test_a_closed_listener_ends_and_the_others_go_on(bus: Bus) -> None:
    leaving, staying = bus.subscribe("leaving", 10), bus.subscribe("staying", 10)
    waiting = asyncio.create_task(leaving.next())
    await asyncio.sleep(0)
    leaving.close()
    leaving.close()
    async with asyncio.timeout(5):
        assert await waiting == []
    await bus.publish(committed(1))
    assert await news(leaving) == []
    assert await news(staying) == [committed(1)]


async def test_a_listener_whose_wait_is_cancelled_misses_nothing(bus: Bus) -> None:
    listener = bus.subscribe("impatient", 10)
    waiting = asyncio.create_task(listener.next())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await bus.publish(committed(1))
    assert await news(listener) == [committed(1)]


async def test_a_listener_may_leave_while_others_are_told(bus: Bus) -> None:
    leaving = bus.subscribe("leaving", 10)

    async def leave() -> None:
        await leaving.next()
        leaving.close()

    going = asyncio.create_task(leave())
    staying = bus.subscribe("staying", 10)
    for seq in (1, 2):
        await bus.publish(committed(seq))
        await asyncio.sleep(0)
    await going
    assert await news(staying) == [committed(1), committed(2)]


async def test_a_closed_bus_wakes_and_ends_everyone(bus: Bus) -> None:
    listeners = [bus.subscribe(f"listener-{n}", 10) for n in range(3)]
    waiting = [asyncio.create_task(listener.next()) for listener in listeners]
    await asyncio.sleep(0)
    await bus.aclose()
    async with asyncio.timeout(5):
        assert await asyncio.gather(*waiting) == [[], [], []]
    assert await news(listeners[0]) == []
    await bus.aclose()


async def test_whoever_comes_after_the_end_is_told_so_at_once(bus: Bus) -> None:
    await bus.aclose()
    assert await news(bus.subscribe("late", 10)) == []

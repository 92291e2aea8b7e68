"""What every reader must do, over every reader there is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

import pytest
import pytest_asyncio

from dealflow.errors import DealflowError, PlatformError, Retry, Stopping
from dealflow.model.facts import ChatDropped, ChatSeen, Fact, Oddity, Pulse, ShowSeen
from dealflow.model.show import ShowStatus
from dealflow.stage.hostile import NAMES, TEXTS
from tests.fakes.shared_browser import until
from tests.fakes.socket_bench import running
from tests.fakes.venues import Venue, live, open_venue

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

WAYS = ["socket", pytest.param("browser", marks=pytest.mark.browser), "replay"]
LINES = [(f"viewer{n % 7}", "mine" if n % 3 else f"{n} please") for n in range(200)]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest_asyncio.fixture
async def venue(way: str) -> AsyncIterator[Venue]:
    async with open_venue(way) as opened:
        yield opened


async def test_it_tells_everything_in_order_and_returns_when_the_show_ends(venue: Venue) -> None:
    async with running(venue.run) as venue.told:
        await venue.play(LINES, "end")
        await venue.told.over()
    assert live(venue.told) == LINES
    assert venue.told.of(ShowSeen)[-1].status is ShowStatus.ENDED
    await until(venue.is_left)


async def test_a_pipeline_without_room_loses_nothing(venue: Venue) -> None:
    async with running(venue.run) as venue.told:
        await venue.play(LINES, hold=True)
        told = len(venue.told.facts)
        await asyncio.sleep(0.3)  # the time in which a reader that does not wait would tell more
        assert len(venue.told.facts) == told
        venue.told.gate.set()
        await venue.told.until(lambda: len(live(venue.told)) >= len(LINES))
    assert live(venue.told) == LINES


@pytest.mark.parametrize("hold", [False, True], ids=["while it hears", "while it tells"])
async def test_one_that_is_cancelled_leaves_nothing(venue: Venue, hold: bool) -> None:
    async with running(venue.run) as venue.told:
        await venue.play(LINES[:5], hold=hold)
        if not hold:
            await venue.told.until(lambda: len(live(venue.told)) == 5)
        assert venue.told.task is not None
        venue.told.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await venue.told.task
        await until(venue.is_left)


async def test_a_way_that_fails_says_what_to_do_next(venue: Venue, way: str) -> None:
    async with running(venue.run) as venue.told:
        await venue.play(LINES[:5], "fail")
        with pytest.raises(DealflowError) as failure:
            await venue.told.over()
    assert live(venue.told) == LINES[:5]
    assert isinstance(failure.value, PlatformError) is (way != "replay")
    assert failure.value.retry is (Retry.NEVER if way == "replay" else Retry.BACKOFF)
    await until(venue.is_left)


async def test_a_pipeline_that_stops_ends_it_and_is_named(venue: Venue) -> None:
    async def emit(facts: Sequence[Fact]) -> None:
        await venue.told.emit(facts)
        if live(venue.told):
            raise Stopping("The pipeline stops.")

    reading = asyncio.ensure_future(venue.run(emit))
    try:
        await venue.play(LINES[:1])
        with pytest.raises(Stopping):
            async with asyncio.timeout(10):
                await reading
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError, DealflowError):
            await reading
    await until(venue.is_left)


async def test_signs_of_life_come_while_nobody_speaks(venue: Venue) -> None:
    async with running(venue.run) as venue.told:
        await venue.play([("amy", "mine")])
        await venue.told.until(lambda: ("amy", "mine") in live(venue.told))
        before = len(venue.told.of(Pulse))
        await venue.told.until(lambda: len(venue.told.of(Pulse)) >= before + 3)
        assert all(pulse.way for pulse in venue.told.of(Pulse))


async def test_hostile_words_cost_no_neighbour_and_are_told_as_they_are(venue: Venue) -> None:
    said = [("mallory", text) for text in TEXTS] + [(name, "mine too") for name in NAMES]
    async with running(venue.run) as venue.told:
        await venue.play([("amy", "before"), *said, ("amy", "after")])
        await venue.told.until(lambda: ("amy", "after") in live(venue.told))
    heard = live(venue.told)
    assert heard[0] == ("amy", "before")
    told = {text for user, text in heard if user == "mallory"}
    assert {text for text in TEXTS if is_plain(text)} <= told
    lost = sum(fact.count for fact in venue.told.of(ChatDropped)) + len(venue.told.of(Oddity))
    assert len(heard) + lost >= len(said) + 2
    assert all(isinstance(fact.username, str) for fact in venue.told.of(ChatSeen))


def is_plain(text: str) -> bool:
    """Say whether any way can carry a text whole."""
    is_unicode = not any("\ud800" <= letter <= "\udfff" for letter in text)
    return bool(text.strip()) and len(text) <= 10_000 and is_unicode

"""A follower presents every committed frame once and in order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from dealflow.bus.base import Committed
from dealflow.bus.memory import MemoryBus
from dealflow.cli.follow import CAPACITY, Following
from dealflow.errors import ShowUnknown
from dealflow.model.events import (
    EventBody,
    Frame,
    SourceStateChanged,
    ViewersChanged,
    encode_body,
    frame_data,
    frame_prefix,
    kind_of,
)
from dealflow.model.facts import SourceStatus
from dealflow.model.position import Position
from dealflow.store.base import Show

SHOW = Show(
    id="s", session_id="key", platform="whatnot", url="https://x.test/live/1", epoch=1, started_at=0
)


class House:
    """A store and a monitor of one show, as far as a follower uses them."""

    def __init__(self) -> None:
        self.bus = MemoryBus()
        self.stored: list[Frame] = []
        self.active = frozenset({"key"})
        self.last_words: list[EventBody] = []
        self.stopped = 0

    async def frames(self, show_id: str, *, after: int, limit: int) -> list[Frame]:
        return [frame for frame in self.stored if frame.seq > after][:limit]

    async def stop(self, session_id: str) -> Show:
        if session_id not in self.active:
            raise ShowUnknown("gone")
        self.stopped += 1
        self.active = frozenset()
        self.commit(*self.last_words)
        return SHOW

    def commit(self, *events: EventBody) -> list[Frame]:
        frames = []
        for event in events:
            position = Position(1, len(self.stored) + 1)
            data = frame_data(frame_prefix("key"), position, encode_body(event))
            frames.append(Frame(position.seq, kind_of(event), data))
            self.stored.append(frames[-1])
        return frames

    async def show_of(self, session_id: str) -> Show:
        return SHOW

    async def tell(self, frames: Sequence[Frame], session_id: str = "key") -> None:
        await self.bus.publish(Committed("s", session_id, 1, tuple(frames)))


class Watching:
    """A follower with what it presented."""

    def __init__(self, house: House) -> None:
        self.seen: list[int] = []
        self.stop = asyncio.Event()
        self.house = house
        self.following = Following(cast(Any, house), cast(Any, house), house.bus, self._present)

    async def _present(self, frames: Sequence[Frame]) -> None:
        self.seen += [frame.seq for frame in frames]

    async def until_over(self, seconds: float | None = None) -> None:
        async with asyncio.timeout(5):
            await self.following.until_over(
                "key", self.stop, seconds=seconds, is_read=lambda: bool(self.house.active)
            )


def viewers(count: int) -> ViewersChanged:
    return ViewersChanged(viewers=count)


def state(status: SourceStatus) -> SourceStateChanged:
    return SourceStateChanged(state=status, reason="", gap=None)


@pytest.fixture
def house() -> House:
    return House()


@pytest.mark.asyncio
async def test_it_ends_with_the_show_and_presents_its_last_words(house: House) -> None:
    watching = Watching(house)
    house.last_words = [viewers(9)]
    await house.tell(house.commit(viewers(1), state(SourceStatus.ENDED)))
    await watching.until_over()
    assert watching.seen == [1, 2, 3]
    assert not watching.following.failed


@pytest.mark.asyncio
async def test_what_the_bus_lost_is_read_from_the_store(house: House) -> None:
    watching = Watching(house)
    first = house.commit(viewers(1))
    house.commit(viewers(2), viewers(3))
    await house.tell(first)
    await house.tell(house.commit(viewers(4), state(SourceStatus.FAILED)))
    await watching.until_over()
    assert watching.seen == [1, 2, 3, 4, 5]
    assert watching.following.failed


@pytest.mark.asyncio
async def test_frames_that_come_twice_are_presented_once(house: House) -> None:
    watching = Watching(house)
    frames = house.commit(viewers(1), viewers(2))
    await house.tell(frames)
    await house.tell(frames)
    await house.tell(house.commit(state(SourceStatus.ENDED)))
    await watching.until_over()
    assert watching.seen == [1, 2, 3]


@pytest.mark.asyncio
async def test_an_overflow_is_made_good_from_the_store(house: House) -> None:
    watching = Watching(house)
    for count in range(CAPACITY + 10):
        await house.tell(house.commit(viewers(count)))
    house.commit(state(SourceStatus.ENDED))
    await watching.until_over()
    assert watching.seen == list(range(1, CAPACITY + 12))


@pytest.mark.asyncio
async def test_other_shows_are_left_out(house: House) -> None:
    watching = Watching(house)
    await house.tell(house.commit(viewers(1)), session_id="another")
    house.stored.clear()
    await house.tell(house.commit(state(SourceStatus.ENDED)))
    await watching.until_over()
    assert watching.seen == [1]


@pytest.mark.asyncio
async def test_a_wish_to_stop_commits_and_presents_what_was_read(house: House) -> None:
    watching = Watching(house)
    house.last_words = [viewers(1), state(SourceStatus.ENDED)]
    watching.stop.set()
    await watching.until_over()
    assert (house.stopped, watching.seen) == (1, [1, 2])


@pytest.mark.asyncio
async def test_time_runs_out(house: House) -> None:
    watching = Watching(house)
    await watching.until_over(seconds=0.01)
    assert house.stopped == 1


@pytest.mark.asyncio
async def test_a_show_that_is_gone_without_a_word_is_over(house: House) -> None:
    watching = Watching(house)
    house.active = frozenset()
    house.commit(viewers(1))
    await watching.until_over()
    assert (house.stopped, watching.seen) == (0, [1])

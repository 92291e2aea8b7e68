"""A listener that falls too far behind is cut off; a fault touches only what it is about."""

from __future__ import annotations

import json

import pytest

from dealflow.stage.faults import Faults
from dealflow.stage.frames import Frame
from dealflow.stage.house import OUTBOX, Door, House, Seat

CHAT = "chat:UUID"


def taken(house: House) -> Seat:
    seat = Seat(Door.LIVE, ("127.0.0.1", 1))
    seat.topics[CHAT] = "1"
    house.seats.add(seat)
    return seat


def message(number: int) -> Frame:
    return Frame(CHAT, "new_msg", {"id": str(number), "message": "mine"})


@pytest.mark.asyncio
async def test_a_full_outbox_closes_the_seat() -> None:
    house = House(seed=1)
    seat = taken(house)
    for number in range(OUTBOX):
        house.deliver(message(number))
    assert not seat.closing.done()
    house.deliver(message(OUTBOX))
    assert seat.closing.result() == 1013
    assert seat.outbox.qsize() == OUTBOX


@pytest.mark.asyncio
async def test_a_share_of_duplicates_is_the_same_for_the_same_seed() -> None:
    counts = []
    for _ in range(2):
        house = House(seed=7)
        house.faults = Faults(duplicates=0.3)
        seat = taken(house)
        for number in range(1_000):
            house.deliver(message(number))
        counts.append(seat.outbox.qsize())
    assert counts[0] == counts[1]
    assert 1_200 < counts[0] < 1_400


@pytest.mark.asyncio
async def test_who_did_not_join_hears_nothing() -> None:
    house = House(seed=1)
    seat = taken(house)
    seat.topics.clear()
    house.deliver(message(1))
    assert seat.outbox.empty()


@pytest.mark.asyncio
async def test_a_frame_is_the_same_text_for_all() -> None:
    house = House(seed=1)
    first, second = taken(house), taken(house)
    house.deliver(message(1))
    text = first.outbox.get_nowait()
    assert text is second.outbox.get_nowait()
    assert json.loads(text)[:4] == [None, None, CHAT, "new_msg"]

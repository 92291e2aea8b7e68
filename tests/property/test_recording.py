"""What was recorded and is replayed tells the same show."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dealflow.cli.recorder import Recorder
from dealflow.model.events import (
    EventBody,
    Frame,
    LotChanged,
    MessageView,
    NewMessage,
    SaleCompleted,
    ViewersChanged,
    encode_body,
    kind_of,
)
from dealflow.model.facts import (
    ChatSeen,
    Fact,
    LotClosed,
    LotShown,
    SaleSeen,
    ShowSeen,
    ViewersSeen,
)
from dealflow.model.intent import Intent, Role, Slots
from dealflow.model.show import Lot, Sale, SaleMode
from dealflow.sources.replay import ReplayReader
from tests.fakes.clock import ManualClock

START = 1_764_000_000_000

# Text as it stands in a frame is clean already: no NUL, no lone surrogate.
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1)
names = text.map(str.strip).filter(bool)
prices = st.none() | st.floats(0, 10_000)

messages = st.builds(
    lambda name, said, role, platform_id: NewMessage(
        message=MessageView(
            id="m",
            platform_id=platform_id,
            username=name,
            message=said,
            timestamp="2026-11-24T09:04:53.120Z",
            role=role,
            backlog=False,
            is_buyer=False,
            confidence=0.5,
            message_type="general",
            intent=Intent.CHATTER,
            slots=Slots(),
            lot=None,
        )
    ),
    names,
    text,
    st.sampled_from(Role),
    st.none() | names,
)
lots = st.builds(
    Lot,
    code=names,
    platform_id=st.none() | names,
    title=names,
    price=prices,
    currency=st.none() | st.just("USD"),
    stock=st.none() | st.integers(0, 9),
    mode=st.none() | st.sampled_from(SaleMode),
)
sales = st.builds(Sale, lot=names, username=st.none() | names, price=prices)
events = st.lists(
    st.one_of(
        messages,
        st.builds(LotChanged, lot=st.none() | lots),
        st.builds(SaleCompleted, sale=sales),
        st.builds(ViewersChanged, viewers=st.integers(0, 10**6)),
    ),
    max_size=15,
)


class Nobody:
    async def show(self, frames: Sequence[Frame]) -> None:
        pass


def of_event(event: EventBody, at: int) -> Any:
    match event:
        case NewMessage(message=message):
            return (at, message.username, message.message, message.role, message.platform_id)
        case LotChanged(lot=lot):
            return (at, lot)
        case SaleCompleted(sale=sale):
            return (at, sale.lot, sale.username, sale.price)
        case ViewersChanged(viewers=viewers):
            return (at, viewers)
        case _:
            raise AssertionError(event)


def of_fact(fact: Fact) -> Any:
    match fact:
        case ChatSeen():
            return (fact.at, fact.username, fact.text, fact.role, fact.platform_id)
        case LotShown(lot=lot, at=at):
            return (at, lot)
        case LotClosed(at=at):
            return (at, None)
        case SaleSeen(sale=sale, at=at):
            return (at, sale.lot, sale.username, sale.price)
        case ViewersSeen(viewers=viewers, at=at):
            return (at, viewers)
        case _:
            raise AssertionError(fact)


@settings(deadline=None, max_examples=80)
@given(events)
@pytest.mark.asyncio
async def test_a_replay_tells_what_was_recorded(shown: list[EventBody]) -> None:
    seconds = itertools.count()
    heard: list[Fact] = []

    async def emit(facts: Sequence[Fact]) -> None:
        heard.extend(facts)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "show.jsonl"
        async with Recorder(path, Nobody(), seconds=lambda: float(next(seconds))) as recorder:
            for number, event in enumerate(shown):
                frame = Frame(number + 1, kind_of(event), encode_body(event))
                await recorder.show([frame])
        with path.open("rb") as file:
            await ReplayReader(file, clock=ManualClock(START)).run(emit)

    *told, end = heard
    assert isinstance(end, ShowSeen)
    assert [of_fact(fact) for fact in told] == [
        of_event(event, START + 1_000 * number) for number, event in enumerate(shown)
    ]

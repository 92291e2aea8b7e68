"""The live screen fits every terminal and never lets a stranger draw on it."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from dealflow.cli.plain import plain_line
from dealflow.cli.view import Picture, advance, draw
from dealflow.model.claim import Claim, ClaimState, ValueRange
from dealflow.model.events import (
    BuyerDetected,
    BuyerView,
    ClaimUpdated,
    Event,
    GapView,
    LotChanged,
    MessageView,
    NewMessage,
    SaleCompleted,
    SourceStateChanged,
    StatsUpdated,
    StreamSelected,
    Totals,
    ViewersChanged,
)
from dealflow.model.facts import SourceStatus
from dealflow.model.intent import Intent, Role, Slots
from dealflow.model.show import Lot, Sale, StreamInfo

HOSTILE = "\x1b[2J\x1b]0;owned\x07[bold]hi[/bold] [link=x]\r\n\u202e\x9b1m"
TIME = "2026-11-24T09:04:53.120Z"


def message(text: str, *, name: str = "amy", intent: Intent = Intent.CLAIM) -> NewMessage:
    return NewMessage(
        message=MessageView(
            id="m",
            platform_id=None,
            username=name,
            message=text,
            timestamp=TIME,
            role=Role.VIEWER,
            backlog=False,
            is_buyer=intent.is_buyer,
            confidence=0.97,
            message_type="general",
            intent=intent,
            slots=Slots(),
            lot=None,
        )
    )


def buyer(number: int, *, name: str = "amy", item: str | None = "A12") -> BuyerDetected:
    return BuyerDetected(
        buyer=BuyerView(
            capture_id="c",
            message_id="m",
            username=name,
            message="mine",
            confidence=0.97,
            intent=Intent.CLAIM,
            reason="claims",
            timestamp=TIME,
            buyer_number=number,
            item=item,
            quantity=2,
            estimated_value=25.0,
            value_range=ValueRange(low=20.0, high=30.0, currency="USD", basis="lot_price"),
        ),
        stats=Totals(total_messages=1234, total_buyers=number, messages_per_minute=88.0),
    )


def events(text: str, name: str) -> list[Event]:
    gap = GapView(start=TIME, end=TIME)
    lot = Lot(code="A12", title=text, price=20.0, currency="USD", stock=3)
    return [
        StreamSelected(stream_id="s", stream=StreamInfo(url="u", title=text, platform=name)),
        ViewersChanged(viewers=321),
        LotChanged(lot=lot),
        *(message(text, name=name, intent=intent) for intent in Intent),
        ClaimUpdated(claim=Claim(lot="A12", username=name)),
        ClaimUpdated(claim=Claim(lot="A12", username="bo", state=ClaimState.BACKUP)),
        buyer(1, name=name, item=text),
        SaleCompleted(sale=Sale(lot=text, username=name, price=20.0, currency="USD")),
        SourceStateChanged(state=SourceStatus.STALLED, reason=text, gap=gap),
        StatsUpdated(stats=Totals(total_messages=1234, total_buyers=1, estimated_value=25.0)),
    ]


def drawn(width: int, height: int, text: str = "mine!", name: str = "amy") -> str:
    picture = Picture()
    for seq, event in enumerate(events(text, name), 1):
        picture = advance(picture, seq, event)
    out = io.StringIO()
    console = Console(file=out, width=width, height=height, color_system=None)
    console.print(draw(picture, width, height))
    return out.getvalue()


def test_a_seller_sees_what_matters() -> None:
    screen = drawn(120, 40)
    for word in ("stalled", "321 viewers", "1,234 messages", "1 buyers", "25.00", "BUYER", "97%"):
        assert word in screen
    for word in ("1.", "amy", "2 × mine!", "20.00–30.00 USD", "A12 · mine! · 20.00 USD · 3 left"):
        assert word in screen
    for word in ("awarded: amy", "backup 1: bo", "1 gap(s)", "09:04:53"):
        assert word in screen


@pytest.mark.parametrize("width", [1, 2, 10, 40, 69, 70, 120, 300])
@pytest.mark.parametrize("height", [1, 2, 5, 13, 14, 24, 80])
def test_every_size_is_filled_and_not_left(width: int, height: int) -> None:
    lines = drawn(width, height).splitlines()
    assert len(lines) <= height
    assert all(len(line) <= width for line in lines)


def test_an_empty_show_can_be_drawn() -> None:
    console = Console(file=io.StringIO(), width=80, height=24)
    console.print(draw(Picture(), 80, 24))


@pytest.mark.parametrize(("width", "height"), [(200, 60), (60, 10)])
def test_strangers_are_drawn_as_text(width: int, height: int) -> None:
    screen = drawn(width, height, HOSTILE, HOSTILE)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", screen)
    assert "[bold]hi[/bold]" in screen


def test_plain_lines_say_it_in_one_safe_line_each() -> None:
    lines = [plain_line(event) for event in events(HOSTILE, HOSTILE)]
    said = [line for line in lines if line is not None]
    assert len(said) == len(lines) - 2  # viewers and stats only tick
    assert not any(re.search("[\x00-\x1f\x7f-\x9f]", line) for line in said)


def test_a_plain_message_names_verdict_author_and_text() -> None:
    assert plain_line(message("mine")) == "09:04:53  BUYER     97%  amy: mine"

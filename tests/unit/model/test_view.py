"""What a dashboard sees follows verdicts that change and captures that are taken back."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from dealflow.model.claim import ValueRange
from dealflow.model.events import (
    EVENT_CLASSES,
    BuyerDetected,
    BuyerReturned,
    BuyerView,
    BuyerWithdrawn,
    Event,
    MessageView,
    NewMessage,
    PreviousVerdict,
    Totals,
    VerdictUpdated,
    decode,
    encode_body,
)
from dealflow.model.intent import Intent, Role, Slots
from dealflow.model.revision import VerdictSource
from dealflow.model.view import RECENT_BUYERS, RECENT_MESSAGES, ShowView, apply

TIME = "2026-11-24T09:04:53.120Z"


def buyer(number: int) -> BuyerView:
    return BuyerView(
        capture_id=f"c{number}",
        message_id=f"m{number}",
        username=f"u{number}",
        message="mine",
        confidence=0.97,
        intent=Intent.CLAIM,
        reason="claims",
        timestamp=TIME,
        buyer_number=number,
        item="A12",
        quantity=1,
        estimated_value=20.0,
        value_range=ValueRange(),
    )


def message(id: str) -> MessageView:
    return MessageView(
        id=id,
        platform_id=None,
        username="amy",
        message="that one is for me",
        timestamp=TIME,
        role=Role.VIEWER,
        backlog=False,
        is_buyer=False,
        confidence=0.02,
        message_type="general",
        intent=Intent.CHATTER,
        slots=Slots(),
        lot=None,
    )


def updated(id: str) -> VerdictUpdated:
    judged = msgspec.structs.replace(
        message(id), is_buyer=True, confidence=1.0, intent=Intent.CLAIM
    )
    return VerdictUpdated(
        message=judged,
        source=VerdictSource.SELLER,
        reason="the seller says so",
        previous=PreviousVerdict(intent=Intent.CHATTER, confidence=0.02, is_buyer=False),
    )


def folded(*events: Event) -> ShowView:
    view = ShowView()
    for seq, event in enumerate(events, 1):
        view = apply(view, seq, event)
    return view


def numbers(view: ShowView) -> list[int]:
    return [one.buyer_number for one in view.buyers]


def test_every_event_can_be_asked_for() -> None:
    assert set(EVENT_CLASSES) == set(get_args(Event))
    assert len(set(EVENT_CLASSES)) == len(EVENT_CLASSES)


def test_a_message_is_shown_as_it_is_judged_now_in_its_place() -> None:
    before = [NewMessage(message=message(id)) for id in ("a", "b", "c")]
    view = folded(*before, updated("b"))
    assert [(one.id, one.is_buyer) for one in view.messages] == [
        ("a", False),
        ("b", True),
        ("c", False),
    ]


def test_a_message_that_is_shown_no_more_does_not_come_back() -> None:
    many = [NewMessage(message=message(f"m{n}")) for n in range(RECENT_MESSAGES + 1)]
    assert folded(*many, updated("m0")).messages == folded(*many).messages


def test_a_buyer_goes_and_comes_back_in_the_place_of_their_number() -> None:
    told = [BuyerDetected(buyer=buyer(n), stats=Totals(total_buyers=n)) for n in (1, 2, 3)]
    gone = BuyerWithdrawn(buyer=buyer(2), stats=Totals(total_buyers=2))
    back = BuyerReturned(buyer=buyer(2), stats=Totals(total_buyers=3))
    assert numbers(folded(*told, gone)) == [1, 3]
    assert folded(*told, gone).stats.total_buyers == 2
    assert numbers(folded(*told, gone, back)) == [1, 2, 3]
    assert folded(*told, gone, back).stats.total_buyers == 3


def test_the_oldest_of_many_buyers_does_not_push_out_a_newer_one() -> None:
    told = [BuyerDetected(buyer=buyer(n), stats=Totals()) for n in range(1, RECENT_BUYERS + 2)]
    back = BuyerReturned(buyer=buyer(1), stats=Totals())
    assert numbers(folded(*told, back)) == list(range(2, RECENT_BUYERS + 2))


@pytest.mark.parametrize(
    "event",
    [
        updated("a"),
        BuyerWithdrawn(buyer=buyer(1), stats=Totals()),
        BuyerReturned(buyer=buyer(1), stats=Totals()),
    ],
    ids=lambda event: type(event).__name__,
)
def test_a_frame_is_read_as_it_was_written(event: Event) -> None:
    assert decode(encode_body(event)) == event

"""Every chat fact ends as exactly one of: a step, a duplicate, a named drop."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dealflow.model.facts import (
    BidSeen,
    ChatDropped,
    ChatSeen,
    DropReason,
    Fact,
    LotClosed,
    LotShown,
    Oddity,
    Pulse,
)
from dealflow.model.intent import Role
from dealflow.model.show import Lot
from dealflow.model.text import MAX_NAME, MAX_TEXT
from dealflow.pipeline.intake import Heard, Intake, LotMoved, Taken

SHIRT = Lot(code="1", title="Shirt #1", price=20.0, currency="USD", platform_id="p1")
SHOES = Lot(code="2", title="Shoes #2", platform_id="p2")


def intake() -> Intake:
    return Intake(mode=None, rules=None)


def chat(text: str, user: str = "amy", **more: object) -> ChatSeen:
    return ChatSeen(**({"username": user, "text": text, "at": 1_000} | more))  # type: ignore[arg-type]  # built from parts


def heard(taken: Taken) -> list[Heard]:
    return [step for step in taken.steps if isinstance(step, Heard)]


def test_a_message_is_bound_to_the_lot_that_was_on_screen_when_it_was_sent() -> None:
    door = intake()
    door.take([LotShown(lot=SHIRT, at=0), LotShown(lot=SHOES, at=10_000)])
    late, now = heard(
        door.take([chat("mine", at=10_500, sent_at=9_000), chat("mine", at=10_500, sent_at=10_400)])
    )
    assert late.message.lot == SHIRT
    assert now.message.lot == SHOES
    assert late.context.lot_age == 9.0


def test_a_message_without_a_time_belongs_to_the_lot_on_screen() -> None:
    door = intake()
    [one] = heard(door.take([LotShown(lot=SHIRT, at=0), chat("mine")]))
    assert one.message.lot == SHIRT


def test_the_first_backlog_has_no_lot_because_none_was_seen_then() -> None:
    door = intake()
    [one] = heard(door.take([LotShown(lot=SHIRT, at=0), chat("mine", backlog=True)]))
    assert one.message.lot is None


def test_a_backlog_after_a_cut_has_the_lot_that_never_left_the_screen() -> None:
    door = intake()
    door.take([LotShown(lot=SHIRT, at=0), chat("hi", at=500)])
    [one] = heard(door.take([chat("mine", at=3_000, backlog=True)]))
    assert one.message.lot == SHIRT


def test_a_backlog_after_a_cut_has_no_lot_when_another_came_meanwhile() -> None:
    door = intake()
    door.take([LotShown(lot=SHIRT, at=0), chat("hi", at=500), LotShown(lot=SHOES, at=2_000)])
    [one] = heard(door.take([chat("mine", at=3_000, backlog=True)]))
    assert one.message.lot is None


def test_a_bid_moves_the_price_of_the_lot_on_screen_only() -> None:
    door = intake()
    taken = door.take(
        [
            LotShown(lot=SHIRT, at=0),
            BidSeen(lot_platform_id="p1", username="bo", price=25.0, currency="USD", at=1),
            BidSeen(lot_platform_id="p2", username="bo", price=99.0, currency="USD", at=2),
        ]
    )
    assert [step.lot.price for step in taken.steps if isinstance(step, LotMoved) and step.lot] == [
        20.0,
        25.0,
    ]


def test_the_same_lot_told_twice_is_one_step() -> None:
    door = intake()
    taken = door.take([LotShown(lot=SHIRT, at=0), LotShown(lot=SHIRT, at=5), LotClosed(at=9)])
    assert [step.lot for step in taken.steps if isinstance(step, LotMoved)] == [SHIRT, None]


def test_a_classifier_gets_the_authors_earlier_messages() -> None:
    door = intake()
    door.take([chat("how much?"), chat("hi", "bo")])
    [one] = heard(door.take([chat("ok mine")]))
    assert one.context.history == ("how much?",)


def test_nul_and_lone_surrogates_are_replaced_and_nothing_else_is() -> None:
    [one] = heard(intake().take([chat("mi\x00ne \ud800 \u202emine\u200d 🙋‍♀️", "a\x00my")]))
    assert one.message.text == "mi\ufffdne \ufffd \u202emine\u200d 🙋‍♀️"
    assert one.message.username == "a\ufffdmy"


def test_what_cannot_be_kept_is_dropped_by_name_and_takes_no_neighbour_along() -> None:
    taken = intake().take(
        [
            chat("x" * (MAX_TEXT + 1)),
            chat(" \n"),
            chat("mine", " "),
            chat("mine", "n" * (MAX_NAME + 1)),
            ChatDropped(reason=DropReason.MALFORMED, at=0, count=3),
            chat("mine"),
        ]
    )
    assert taken.dropped == {"oversize": 2, "empty": 1, "nameless": 1, "malformed": 3}
    assert len(heard(taken)) == 1
    assert taken.fates == {0: "oversize", 1: "empty", 2: "nameless", 3: "oversize"}


def test_signs_of_life_are_no_steps() -> None:
    taken = intake().take([Pulse(at=0), Oddity(kind="new_thing", at=0)])
    assert taken.steps == []
    assert taken.odd == {"new_thing": 1}


chats = st.builds(
    ChatSeen,
    username=st.text(max_size=8),
    text=st.text(max_size=30),
    at=st.integers(0, 10_000),
    platform_id=st.none() | st.sampled_from("abcdef"),
    user_id=st.none() | st.text(max_size=3),
    role=st.sampled_from(Role),
    backlog=st.booleans(),
)
facts = st.lists(
    chats
    | st.builds(LotShown, lot=st.sampled_from([SHIRT, SHOES]), at=st.integers(0, 10_000))
    | st.builds(
        ChatDropped, reason=st.sampled_from(DropReason), at=st.just(0), count=st.integers(1, 3)
    ),
    max_size=40,
)


@given(st.lists(facts, max_size=4))
def test_the_accounting_identity_holds(parcels: list[list[Fact]]) -> None:
    """read = stored + duplicates + dropped, for anything that comes in."""
    door = intake()
    for parcel in parcels:
        taken = door.take(parcel)
        stored = len(heard(taken))
        assert taken.read == stored + taken.duplicates + sum(taken.dropped.values())
        for one in heard(taken):
            one.message.text.encode()
            one.message.username.encode()


@given(facts)
def test_the_same_ids_again_are_all_duplicates(parcel: list[Fact]) -> None:
    door = intake()
    door.take(parcel)
    again = [fact for fact in parcel if isinstance(fact, ChatSeen) and fact.platform_id]
    assert heard(door.take(again)) == []

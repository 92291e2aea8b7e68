"""Chat frames, one by one: the samples of the platform's notes and what else may come."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dealflow.model.facts import ChatDropped, ChatSeen, DropReason, Fact, Oddity, Pulse
from dealflow.model.intent import Role
from dealflow.model.text import MAX_TEXT
from dealflow.sources.whatnot.parse import MAX_FRAME, FrameParser

SHOW = "3f0c2a9e-7f43-4a52-9a86-0d2f1b6f6c01"
OTHER = "00000000-0000-4000-8000-00000000f0e1"
AT = 1_790_960_500_000

ALICE: dict[str, Any] = {"id": "123", "username": "alice_k"}


def frame(event: str, payload: object, *, topic: str = f"chat:{SHOW}") -> str:
    return json.dumps([None, None, topic, event, payload])


def said(text: object = "mine", **more: object) -> dict[str, Any]:
    return {"id": "b7c1e0a2", "message": text, "user": ALICE, **more}


def feed(data: str | bytes, show_id: str = SHOW) -> list[Fact]:
    return FrameParser(show_id).feed(data, AT)


def one(payload: object) -> Fact:
    [fact] = feed(frame("new_msg", payload))
    return fact


def test_a_message_with_all_that_stands_beside_it() -> None:
    user = {
        "id": "123",
        "username": "alice_k",
        "isHost": False,
        "isModerator": False,
        "isNewUser": False,
        "isTopBuyer": True,
        "loyaltyTierForSeller": "GOLD",
        "profileImage": {"id": "1", "key": "a.jpg", "url": "https://images.whatnot.com/a.jpg"},
    }
    fact = one(
        {
            "id": "b7c1e0a2",
            "type": None,
            "message": "I'll take it",
            "topic": f"chat:{SHOW}",
            "buyerBadge": "returning_buyer",
            "muted": False,
            "isComment": True,
            "properties": {},
            "taggedUsers": [],
            "user": user,
        }
    )
    assert fact == ChatSeen(
        username="alice_k",
        text="I'll take it",
        at=AT,
        platform_id="b7c1e0a2",
        user_id="123",
        badges=("top_buyer", "gold", "returning_buyer"),
    )


@pytest.mark.parametrize(
    ("flags", "role"),
    [
        ({"isHost": True}, Role.HOST),
        ({"isCohost": True}, Role.HOST),
        ({"isModerator": True}, Role.MOD),
        ({"isNominatedModerator": True}, Role.MOD),
        ({"isEmployee": True}, Role.MOD),
        ({"isHost": "true"}, Role.VIEWER),
        ({}, Role.VIEWER),
    ],
)
def test_roles(flags: dict[str, Any], role: Role) -> None:
    fact = one(said(user={**ALICE, **flags}))
    assert isinstance(fact, ChatSeen)
    assert fact.role is role


def test_an_announcement_is_the_hosts_speech() -> None:
    fact = one(said("Next lot in 2 min", type="announcement", isComment=False))
    assert isinstance(fact, ChatSeen)
    assert fact.role is Role.HOST


@pytest.mark.parametrize(
    ("timestamp", "sent_at"),
    [
        (AT - 500, AT - 500),
        (AT // 1000, AT),
        (str(AT), AT),
        (AT + 3_600_000, None),
        (AT - 30 * 86_400_000, None),
        (True, None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_a_time_in_seconds_or_milliseconds(timestamp: object, sent_at: int | None) -> None:
    fact = one(said(timestamp=timestamp))
    assert isinstance(fact, ChatSeen)
    assert fact.sent_at == sent_at


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (None, DropReason.MALFORMED),
        ([], DropReason.MALFORMED),
        (said(5), DropReason.MALFORMED),
        (said(user=5), DropReason.MALFORMED),
        (said(None), DropReason.EMPTY),
        (said(" \n"), DropReason.EMPTY),
        (said(user={}), DropReason.NAMELESS),
        (said(user=None), DropReason.NAMELESS),
        (said(user={"username": " "}), DropReason.NAMELESS),
        (said("x" * (MAX_TEXT + 1)), DropReason.OVERSIZE),
        (said(user={"username": "n" * 201}), DropReason.OVERSIZE),
        (said(muted=True), DropReason.FILTERED),
    ],
)
def test_what_cannot_be_kept_is_a_named_drop(payload: object, reason: DropReason) -> None:
    fact = one(payload)
    assert isinstance(fact, ChatDropped)
    assert (fact.reason, fact.count) == (reason, 1)
    assert len(fact.sample) <= 100


def test_wrong_types_beside_a_message_do_not_cost_it() -> None:
    user = {"id": 123, "username": "alice_k", "isHost": "no", "loyaltyTierForSeller": 7}
    fact = one({"id": 99, "message": "mine", "user": user, "buyerBadge": [], "muted": "no"})
    assert isinstance(fact, ChatSeen)
    assert (fact.platform_id, fact.user_id, fact.badges) == ("99", "123", ())


@pytest.mark.parametrize(
    ("payload", "is_message"),
    [
        (said("joined 👋"), False),
        (said("joined 👋", isComment=True), False),
        (said("joined", isComment=False), False),
        (said("joined", isComment=True), True),
        (said("joined the waitlist, mine if she passes"), True),
        (said("joinedup"), True),
    ],
)
def test_join_notices_are_no_messages(payload: object, is_message: bool) -> None:
    assert bool(feed(frame("new_msg", payload))) is is_message


def test_other_notices_are_oddities() -> None:
    assert isinstance(one(said("Alice followed the seller", isComment=False)), Oddity)


def test_a_backlog_is_told_oldest_first() -> None:
    newest_first = [said("newest", id="b"), said(7, id="?"), said("older", id="a")]
    facts = feed(frame("latest_messages", {"messages": newest_first}))
    assert [type(fact) for fact in facts] == [ChatSeen, ChatDropped, ChatSeen]
    texts = [fact.text for fact in facts if isinstance(fact, ChatSeen) and fact.backlog]
    assert texts == ["older", "newest"]


def test_a_backlog_whose_times_rise_stands_as_it_is() -> None:
    told = [said("first", timestamp=AT - 2000), said("second", timestamp=AT - 1000)]
    facts = feed(frame("latest_messages", {"messages": told}))
    assert [fact.text for fact in facts if isinstance(fact, ChatSeen)] == ["first", "second"]


def test_messages_in_a_reply_are_a_backlog() -> None:
    payload = {"status": "ok", "response": {"messages": [said("hi")]}}
    [fact] = feed(frame("phx_reply", payload))
    assert isinstance(fact, ChatSeen)
    assert fact.backlog


def test_messages_in_an_unknown_event_are_a_backlog_only_before_the_first_live_one() -> None:
    parser = FrameParser(SHOW)
    unknown = frame("chat_history", {"messages": [said("old", id="o")]})
    before, odd = parser.feed(unknown, AT)
    parser.feed(frame("new_msg", said()), AT)
    after, _ = parser.feed(unknown, AT)
    assert isinstance(before, ChatSeen)
    assert isinstance(after, ChatSeen)
    assert isinstance(odd, Oddity)
    assert (before.backlog, after.backlog) == (True, False)


def test_a_malformed_backlog_is_a_drop() -> None:
    [fact] = feed(frame("latest_messages", {"messages": "none"}))
    assert isinstance(fact, ChatDropped)


def test_frames_of_other_shows_are_passed_over() -> None:
    assert feed(frame("new_msg", said(), topic=f"chat:{OTHER}")) == [
        Oddity(kind="foreign_topic", at=AT)
    ]
    assert feed(frame("new_msg", said(), topic="general:55")) == []


def test_the_case_of_a_topic_does_not_matter() -> None:
    assert isinstance(feed(frame("new_msg", said(), topic=f"chat:{SHOW.upper()}"))[0], ChatSeen)


def test_a_sellers_show_is_the_first_whose_chat_is_heard() -> None:
    parser = FrameParser("seller")
    assert isinstance(parser.feed(frame("new_msg", said()), AT)[0], ChatSeen)
    [foreign] = parser.feed(frame("new_msg", said(), topic=f"chat:{OTHER}"), AT)
    assert isinstance(foreign, Oddity)


def test_a_message_on_two_topics_is_known_by_its_id() -> None:
    parser = FrameParser(SHOW)
    [first] = parser.feed(frame("new_msg", said()), AT)
    [second] = parser.feed(frame("new_msg", said(), topic=f"auction:{SHOW}"), AT)
    assert first == second  # the pipeline counts one
    [elsewhere] = parser.feed(frame("new_msg", said(id=None), topic=f"auction:{SHOW}"), AT)
    assert isinstance(elsewhere, Oddity)


def test_a_heartbeats_answer_is_a_pulse() -> None:
    assert feed('[null,"12","phoenix","phx_reply",{"status":"ok","response":{}}]') == [
        Pulse(at=AT, way="whatnot.socket")
    ]


@pytest.mark.parametrize(
    "data",
    [
        '[null,null,"chat:x","new_msg",{"id":"cut"',
        b'[null,null,"chat:x","latest_messages"',
        '["a","b","c","new_msg",{}' + "]" * 9,
        '[null,null,"chat:x","new_msg",' + "[" * 100_000,
        ('[null,null,"chat:x","new_msg","' + "x" * MAX_FRAME + '"]'),
    ],
)
def test_an_unreadable_frame_that_told_messages_is_a_drop(data: str | bytes) -> None:
    [fact] = feed(data)
    assert isinstance(fact, ChatDropped)


@pytest.mark.parametrize(
    "data",
    ["", "null", "{}", "[]", "[1,2,3,4,5]", b"\x00\xff", b"\x02\x00", "[" * 100_000, "1e999999"],
)
def test_any_other_unreadable_frame_is_an_oddity(data: str | bytes) -> None:
    [fact] = feed(data)
    assert isinstance(fact, Oddity)


def test_text_that_no_encoding_holds_is_read_all_the_same() -> None:
    lone = frame("new_msg", said("a\ud800b"))
    nul = frame("new_msg", said("before\x00after"))
    latin = frame("new_msg", said("cafe")).encode().replace(b"cafe", b"caf\xe9")
    facts = [fact for data in (lone, nul, latin) for fact in feed(data)]
    texts = [fact.text for fact in facts if isinstance(fact, ChatSeen)]
    assert texts == ["a\ud800b", "before\x00after", "caf\N{REPLACEMENT CHARACTER}"]


def test_bytes_and_text_are_read_alike() -> None:
    data = frame("new_msg", said("mine 🙋"))
    assert feed(data) == feed(data.encode())


def test_an_id_too_long_to_store_still_tells_messages_apart() -> None:
    ids = [one(said(id="x" * 300 + end)) for end in "ab"]
    first, second = (fact.platform_id for fact in ids if isinstance(fact, ChatSeen))
    assert first != second
    assert first is not None
    assert len(first) <= 200

"""The client's side of Phoenix: what is sent, and what an answer means."""

from __future__ import annotations

import json

import pytest

from dealflow.sources.whatnot.phoenix import Happened, Phoenix, What

CHAT = "chat:x"


def answer(*parts: object) -> bytes:
    return json.dumps(parts).encode()


def joined() -> Phoenix:
    phoenix = Phoenix()
    phoenix.join(CHAT)
    phoenix.receive(answer("1", "1", CHAT, "phx_reply", {"status": "ok", "response": {}}))
    return phoenix


def test_a_join_and_its_answer() -> None:
    phoenix = Phoenix()
    assert json.loads(phoenix.join(CHAT)) == ["1", "1", CHAT, "phx_join", {}]
    ok = answer("1", "1", CHAT, "phx_reply", {"status": "ok", "response": {}})
    assert phoenix.receive(ok) == Happened(What.JOINED, CHAT)
    assert phoenix.joined == {CHAT}
    assert phoenix.receive(ok) is None


@pytest.mark.parametrize(
    ("response", "reason"),
    [({"reason": "unauthorized"}, "unauthorized"), ({}, "no reason given"), (7, "no reason given")],
)
def test_a_refusal(response: object, reason: str) -> None:
    phoenix = Phoenix()
    phoenix.join(CHAT)
    refused = answer("1", "1", CHAT, "phx_reply", {"status": "error", "response": response})
    assert phoenix.receive(refused) == Happened(What.REFUSED, CHAT, reason)
    assert phoenix.joined == frozenset()


def test_a_heartbeat_and_its_answer() -> None:
    phoenix = Phoenix()
    assert json.loads(phoenix.heartbeat()) == [None, "1", "phoenix", "heartbeat", {}]
    phoenix.heartbeat()
    reply = answer(None, "2", "phoenix", "phx_reply", {"status": "ok", "response": {}})
    assert phoenix.receive(reply) == Happened(What.ALIVE)
    assert phoenix.receive(reply) is None


@pytest.mark.parametrize("event", ["phx_error", "phx_close"])
def test_a_channel_that_is_closed(event: str) -> None:
    phoenix = joined()
    assert phoenix.receive(answer("9", None, CHAT, event, {})) is None  # about an earlier join
    assert phoenix.receive(answer("1", None, CHAT, event, {})) == Happened(What.CLOSED, CHAT, event)
    assert phoenix.receive(answer("1", None, CHAT, event, {})) is None
    assert json.loads(phoenix.join(CHAT))[:2] == ["2", "2"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"phx_",
        b'["phx_reply"]',
        b'[1,2,"chat:x","phx_reply",{}]',
        b'[null,null,"chat:x","phx_reply",null]',
        b'["1","1","chat:other","phx_reply",{"status":"ok"}]',
        b'[null,null,"chat:x","new_msg",{"message":"phx_close"}]',
        b"\xff phx_error",
        b'["1",null,"chat:x","phx_join",{}]',
    ],
)
def test_everything_else_means_nothing(data: bytes) -> None:
    assert joined().receive(data) is None

"""The live protocol: what clients say, which frames they want, how frames look on a wire."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame as WireFrame
from websockets.protocol import State
from websockets.uri import parse_uri

from dealflow.api.live import protocol
from dealflow.api.live.protocol import (
    KINDS,
    MAX_FRAME,
    Authenticate,
    Filter,
    Style,
    Subscribe,
    Unsubscribe,
    filter_of,
    parse,
    render,
)
from dealflow.api.live.sse import position_of
from dealflow.errors import InputInvalid, RateLimited
from dealflow.model.events import Frame, frame_data, frame_prefix
from dealflow.model.position import Position


def frame(seq: int, kind: str = "viewers", **fields: object) -> Frame:
    body = msgspec.json.encode({"type": kind, **fields})
    return Frame(seq, kind, frame_data(frame_prefix("s"), Position(7, seq), body))


def message(seq: int, text: str, *, buyer: bool) -> Frame:
    return frame(seq, "new_message", message={"message": text, "isBuyer": buyer})


def test_what_clients_say() -> None:
    assert parse('{"action":"auth","token":"t"}') == Authenticate("t")
    assert parse('{"action":"subscribe"}') == Subscribe()
    assert parse(
        '{"action":"subscribe","sessionId":"s","after":3,"epoch":7,"types":["stats"],'
        '"buyersOnly":true,"batch":true,"token":"t","later":1}'
    ) == Subscribe(
        session_id="s", after=3, epoch=7, types=["stats"], buyers_only=True, batch=True, token="t"
    )
    assert parse(b'{"action":"unsubscribe","sessionId":"s"}') == Unsubscribe(session_id="s")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"action":"shutdown"}',
        '{"action":1}',
        '{"action":"auth"}',
        '{"action":"subscribe","after":-1}',
        '{"action":"subscribe","after":"1"}',
        '{"action":"subscribe","after":9223372036854775808}',
        '{"action":"subscribe","sessionId":""}',
        '{"action":"subscribe","sessionId":"' + "x" * 201 + '"}',
        '{"action":"subscribe","types":"stats"}',
        '{"action":"unsubscribe"}',
        "[" * 40 + "]" * 40,
        " " * (MAX_FRAME + 1),
    ],
)
def test_what_clients_may_not_say(text: str) -> None:
    with pytest.raises(InputInvalid):
        parse(text)


@given(st.text() | st.binary())
def test_any_text_is_a_frame_or_refused(text: str | bytes) -> None:
    try:
        parse(text)
    except InputInvalid:
        return


def test_a_filter_names_known_kinds_only() -> None:
    assert filter_of(None, False) == protocol.EVERYTHING
    assert filter_of(["stats", "viewers"], True) == Filter(frozenset({"stats", "viewers"}), True)
    with pytest.raises(InputInvalid):
        filter_of(["stats", "hello"], False)


@given(st.text(), st.booleans())
def test_no_text_of_a_stranger_looks_like_a_verdict(text: str, buyer: bool) -> None:
    for hostile in (text, '"isBuyer":true', f'x","isBuyer":true,"y":"{text}'):
        assert Filter(buyers_only=True).wants(message(1, hostile, buyer=buyer)) is buyer


@given(st.lists(st.sampled_from(sorted(KINDS))), st.sets(st.sampled_from(sorted(KINDS))))
def test_a_filter_keeps_order_and_leaves_nothing_else(kinds: list[str], wanted: set[str]) -> None:
    frames = [frame(seq, kind) for seq, kind in enumerate(kinds, 1)]
    chosen = Filter(frozenset(wanted)).of(frames)
    assert list(chosen) == [one for one in frames if not wanted or one.kind in wanted]


def received(data: bytes) -> list[str]:
    """Read wire bytes with the websockets library, as a client does."""
    client = ClientProtocol(parse_uri("ws://localhost/"), state=State.OPEN, max_size=None)
    client.receive_data(data)
    events = client.events_received()
    assert client.parser_exc is None
    return [bytes(event.data).decode() for event in events if isinstance(event, WireFrame)]


SIZES = [0, 1, 60, 125, 126, 200, 65_400, 65_535, 65_536, 70_000]


@pytest.mark.parametrize("size", SIZES)
def test_frames_of_any_size_arrive_whole(size: int) -> None:
    frames = [message(1, "x" * size, buyer=False), message(2, "é" * size, buyer=True)]
    texts = [one.data.decode() for one in frames]
    assert received(render(frames, 7, Style.SINGLE)) == texts
    assert received(render(frames, 7, Style.BATCH)) == [f"[{texts[0]},{texts[1]}]"]


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_events_arrive_whole(texts: list[str]) -> None:
    frames = [message(seq, text, buyer=False) for seq, text in enumerate(texts, 1)]
    events = render(frames, 7, Style.SSE).decode().split("\n\n")
    assert events.pop() == ""
    for one, event in zip(frames, events, strict=True):
        id_line, data = event.split("\n")
        assert position_of(id_line.removeprefix("id: ")) == (7, one.seq)
        assert json.loads(data.removeprefix("data: ")) == json.loads(one.data)


@pytest.mark.parametrize("event_id", ["", "7", "7:", ":7", "7:-1", "a:b", "7:1:1", " 7:1", "7:1\n"])
def test_foreign_event_ids_are_refused(event_id: str) -> None:
    with pytest.raises(InputInvalid):
        position_of(event_id)


def test_control_frames() -> None:
    assert json.loads(protocol.hello("1"))["type"] == "hello"
    assert json.loads(protocol.lagged(session_id="s", seq=3, epoch=7, head=9)) == {
        "type": "lagged",
        "sessionId": "s",
        "seq": 3,
        "epoch": 7,
        "head": 9,
    }
    problem = json.loads(protocol.error(RateLimited("Slow down.", retry_after=3)))
    assert (problem["type"], problem["error"], problem["success"]) == (
        "error",
        "rate_limited",
        False,
    )

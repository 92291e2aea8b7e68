"""What clients and server say to each other on the live channel: pure, no I/O.

A client says ``{"action":"auth","token":…}``, ``{"action":"subscribe","sessionId":…}`` or
``{"action":"unsubscribe","sessionId":…}``; the server answers with control frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from struct import pack
from typing import Annotated

import msgspec
from msgspec import Meta

from dealflow.api.bodies import decode
from dealflow.api.errors import body_of
from dealflow.errors import DealflowError, InputInvalid
from dealflow.model.events import EVENT_CLASSES, Frame
from dealflow.model.text import MAX_NAME
from dealflow.model.view import ShowView

KINDS = frozenset(str(kind.__struct_config__.tag) for kind in EVENT_CLASSES)

MAX_FRAME = 64 * 1024
"""Bytes in a client's frame; the longest honest one has a few hundred."""

CLOSE_GONE = 1000
CLOSE_STOPPING = 1012
CLOSE_RIGHTS = 4401
CLOSE_STALLED = 4408
CLOSE_RENEW = 4410
"""Why the server closes a socket: see the sentence that goes with it."""

_BUYER = b'"isBuyer":true'
_NEW_MESSAGE = "new_message"

Key = Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
Place = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Token = Annotated[str, Meta(max_length=4096)]


class Authenticate(msgspec.Struct, frozen=True, tag_field="action", tag="auth"):
    """The first frame of a client that could set no header."""

    token: Token


class Subscribe(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="action", tag="subscribe"
):
    """Wish for one show from a position, or for every show from now on."""

    session_id: Key | None = None
    after: Place | None = None
    epoch: int | None = None
    types: Annotated[list[str], Meta(max_length=64)] | None = None
    buyers_only: bool = False
    batch: bool | None = None
    token: Token | None = None


class Unsubscribe(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="action", tag="unsubscribe"
):
    """No more of this show."""

    session_id: Key


ClientFrame = Authenticate | Subscribe | Unsubscribe

_decoder: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrame)


class Filter(msgspec.Struct, frozen=True):
    """Which frames a client wants; the same object decides live and in back-fills.

    ``kinds`` is empty for all kinds. ``buyers_only`` leaves out messages that are no buyer's.
    """

    kinds: frozenset[str] = frozenset()
    buyers_only: bool = False

    def wants(self, frame: Frame) -> bool:
        """Say whether the frame is to be sent.

        The verdict is read off the encoded frame: inside a JSON string every quotation mark has a
        backslash before it, so no text of a stranger can look like the field.
        """
        if self.kinds and frame.kind not in self.kinds:
            return False
        return not self.buyers_only or frame.kind != _NEW_MESSAGE or _BUYER in frame.data

    def of(self, frames: Sequence[Frame]) -> Sequence[Frame]:
        """Return the wanted frames, in order."""
        if not self.kinds and not self.buyers_only:
            return frames
        return [frame for frame in frames if self.wants(frame)]


EVERYTHING = Filter()


class Style(Enum):
    """How frames are put on the wire."""

    SINGLE = "single"
    BATCH = "batch"
    SSE = "sse"


def parse(data: str | bytes) -> ClientFrame:
    """Read what a client said.

    Raises:
        InputInvalid: it is no frame that we know.
    """
    raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
    if len(raw) > MAX_FRAME:
        raise InputInvalid(f"The frame has more than {MAX_FRAME} bytes.")
    return decode(raw, _decoder)


def filter_of(types: Sequence[str] | None, buyers_only: bool) -> Filter:
    """Return the filter that a client asked for.

    Raises:
        InputInvalid: a type is none of ours.
    """
    unknown = set(types or ()) - KINDS
    if unknown:
        raise InputInvalid(
            "An unknown type of frame was asked for.", hint=f"Known: {', '.join(sorted(KINDS))}."
        )
    return Filter(frozenset(types or ()), buyers_only)


def hello(version: str) -> bytes:
    """Return the server's first frame."""
    return msgspec.json.encode({"type": "hello", "service": "dealflow", "version": version})


def subscribed(
    *,
    session_id: str | None,
    stream_id: str | None,
    seq: int,
    epoch: int,
    recovered: bool,
    snapshot: ShowView | None,
) -> bytes:
    """Return the answer to a subscription: live frames go on after ``seq``.

    Without recovery a snapshot stands for everything up to ``seq``.
    """
    return msgspec.json.encode(
        {
            "type": "subscribed",
            "sessionId": session_id,
            "streamId": stream_id,
            "seq": seq,
            "epoch": epoch,
            "recovered": recovered,
            "snapshot": snapshot,
        }
    )


def lagged(*, session_id: str | None, seq: int, epoch: int, head: int) -> bytes:
    """Tell a client that it fell behind.

    It has everything up to ``seq`` and is ``head - seq`` frames behind; they follow by themselves.
    Without a ``sessionId`` some frames of some shows are lost on this socket: subscribe again.
    """
    return msgspec.json.encode(
        {"type": "lagged", "sessionId": session_id, "seq": seq, "epoch": epoch, "head": head}
    )


def error(problem: DealflowError) -> bytes:
    """Return an error as a control frame, in the shape of HTTP's."""
    return msgspec.json.encode({"type": "error", **msgspec.to_builtins(body_of(problem))})


def websocket_text(data: bytes) -> bytes:
    """Return one unmasked WebSocket text message with its header (RFC 6455, 5.2)."""
    size = len(data)
    if size < 126:
        return pack(">BB", 0x81, size) + data
    if size < 65_536:
        return pack(">BBH", 0x81, 126, size) + data
    return pack(">BBQ", 0x81, 127, size) + data


def array(frames: Sequence[Frame]) -> bytes:
    """Join frames to one JSON array without encoding them again."""
    return b"[" + b",".join([frame.data for frame in frames]) + b"]"


def render(frames: Sequence[Frame], epoch: int, style: Style) -> bytes:
    """Return the bytes that carry these frames of one show to every client of this style."""
    match style:
        case Style.SINGLE:
            return b"".join([websocket_text(frame.data) for frame in frames])
        case Style.BATCH:
            return websocket_text(array(frames))
        case Style.SSE:
            return b"".join(
                [b"id: %d:%d\ndata: %b\n\n" % (epoch, frame.seq, frame.data) for frame in frames]
            )

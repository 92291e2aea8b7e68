"""The client's side of the Phoenix version 2 protocol on one socket; pure.

Frames are arrays ``[join_ref, ref, topic, event, payload]``. This says what to send and what an
answer means for the channels; what the frames tell of the show is the parser's matter.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import msgspec

from dealflow.sources.whatnot.fields import record

_MARK: Final = b"phx_"
_HEAD: Final = 300
"""Every frame that means something here has its event in this many characters."""

_MAX_REASON: Final = 100

_decoder = msgspec.json.Decoder(tuple[str | None, str | None, str, str, Any])
_encoder = msgspec.json.Encoder()


class What(StrEnum):
    """What happened to a channel, or to the socket."""

    JOINED = "joined"
    REFUSED = "refused"
    CLOSED = "closed"
    ALIVE = "alive"


class Happened(msgspec.Struct, frozen=True):
    """An answer that matters; ``topic`` is empty when the whole socket is meant."""

    what: What
    topic: str = ""
    reason: str = ""


class Phoenix:
    """The channels of one socket: what was asked for, and what was answered."""

    def __init__(self) -> None:
        self._ref = 0
        self._joining: dict[str, str] = {}
        self._joined: dict[str, str] = {}
        self._beats: set[str] = set()

    @property
    def joined(self) -> frozenset[str]:
        """Return the topics that are being heard."""
        return frozenset(self._joined)

    def join(self, topic: str) -> str:
        """Return the frame that asks to hear a topic."""
        ref = self._next()
        self._joined.pop(topic, None)
        self._joining[topic] = ref
        return self._frame(ref, ref, topic, "phx_join")

    def heartbeat(self) -> str:
        """Return the frame that asks whether the server is there."""
        ref = self._next()
        self._beats.add(ref)
        return self._frame(None, ref, "phoenix", "heartbeat")

    def receive(self, data: bytes) -> Happened | None:
        """Return what a frame means for the channels; most mean nothing."""
        if _MARK not in data[:_HEAD]:
            return None
        try:
            join_ref, ref, topic, event, payload = _decoder.decode(data)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return None
        if event == "phx_reply":
            return self._reply(topic, ref, record(payload))
        if event in ("phx_error", "phx_close"):
            return self._close(topic, join_ref, event)
        return None

    def _reply(self, topic: str, ref: str | None, payload: dict[str, Any]) -> Happened | None:
        if ref in self._beats:
            self._beats.clear()  # an answer to a later one answers the earlier ones
            return Happened(What.ALIVE)
        if ref is None or self._joining.get(topic) != ref:
            return None
        del self._joining[topic]
        if payload.get("status") == "ok":
            self._joined[topic] = ref
            return Happened(What.JOINED, topic)
        reason = record(payload.get("response")).get("reason")
        text = reason[:_MAX_REASON] if isinstance(reason, str) else "no reason given"
        return Happened(What.REFUSED, topic, text)

    def _close(self, topic: str, join_ref: str | None, event: str) -> Happened | None:
        """Take in that a channel is gone; the word about an earlier join of it is stale."""
        current = self._joined.get(topic) or self._joining.get(topic)
        if current is None or (join_ref is not None and join_ref != current):
            return None
        self._joined.pop(topic, None)
        self._joining.pop(topic, None)
        return Happened(What.CLOSED, topic, event)

    def _next(self) -> str:
        self._ref += 1
        return str(self._ref)

    def _frame(self, join_ref: str | None, ref: str, topic: str, event: str) -> str:
        return _encoder.encode([join_ref, ref, topic, event, {}]).decode()

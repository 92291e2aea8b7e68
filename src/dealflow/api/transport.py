"""Our two changes to uvicorn's protocols: whole messages may be written, and lines be cut.

uvicorn's `send` encodes a WebSocket message for each client and can only be waited for. The same
bytes go to hundreds of dashboards, so the live channel writes them itself, between uvicorn's own
control frames. Compression is off (`server`), so a message's bytes are the same for everybody.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any, cast

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from dealflow.api.errors import body_of
from dealflow.api.live.connection import RAW
from dealflow.api.live.sse import ABORT
from dealflow.errors import InputInvalid

HIGH_WATER = 256 * 1024
LOW_WATER = 64 * 1024
"""Bytes that may wait in the process for one client: two rounds of the hub."""

SEND_BUFFER = 256 * 1024
"""Bytes that may wait in the kernel. It grows to megabytes by itself, and then a client that
stopped reading looks healthy for a long time."""

UNHEARD_MS = 32_000
"""Bytes that nobody acknowledged for this long mean a dead line. With a sign of life every 10 s
(SSE) or 20 s (WebSocket, whose own pings are quicker to notice) it is cut within 45 s."""

FIRST_REQUEST_SECONDS = 15.0
"""A connection that has not sent a whole request head by then only holds a place."""


class LiveSocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket to which encoded messages can be written."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Bound what waits for this client."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=HIGH_WATER, low=LOW_WATER)

    def handle_connect(self, event: Any) -> None:
        """Offer this object to the endpoint, whose task starts after this returns."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            cast(dict[str, Any], self.scope["extensions"])[RAW] = self

    async def send(self, message: Any) -> None:
        """Send what the app says; a refused handshake is complete, and no error of ours."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True

    def ready(self) -> bool:
        """Say whether the transport has room."""
        return self.writable.is_set() and not self.close_sent and not self.transport.is_closing()

    def write(self, data: bytes) -> None:
        """Write encoded messages."""
        self.transport.write(data)

    async def drain(self) -> None:
        """Wait until the transport has room.

        Raises:
            ConnectionResetError: the connection is over.
        """
        await self.writable.wait()
        if self.disconnected or self.close_sent or self.transport.is_closing():
            raise ConnectionResetError

    def close_soon(self, code: int, reason: str, seconds: float) -> None:
        """Send a close frame, and cut the line when it is not answered in time."""
        self.stop_keepalive()
        if self.disconnected or self.close_sent or self.transport.is_closing():
            self.loop.call_later(seconds, self.transport.abort)
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        # uvicorn closes a socket whose endpoint has returned, unless this timer runs.
        self.close_timer = self.loop.call_later(seconds, self.transport.abort)

    def keepalive_timeout(self) -> None:
        """Cut the line of a peer that answers no ping; there is nobody to close politely with."""
        super().keepalive_timeout()
        self.transport.abort()


class EdgeHttpProtocol(HttpToolsProtocol):
    """HTTP whose lines can be cut, and which does not wait for a first request for ever."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock for the first request."""  # uvicorn narrows the type the same way
        super().connection_made(transport)
        line = cast(socket.socket, transport.get_extra_info("socket"))
        line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNHEARD_MS)
        self._first = self.loop.call_later(FIRST_REQUEST_SECONDS, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._first.cancel()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP in the shape of all errors."""
        body = msgspec.json.encode(body_of(InputInvalid("That is no HTTP request.")))
        head = (
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()

    def on_message_begin(self) -> None:
        """Let the endpoint cut the line."""
        super().on_message_begin()
        cast(dict[str, Any], self.scope)["extensions"] = {ABORT: self.transport.abort}

    def on_headers_complete(self) -> None:
        """Stop the clock: a whole head has come."""
        self._first.cancel()
        super().on_headers_complete()

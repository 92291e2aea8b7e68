"""The WebSocket endpoint: authentication in the first frame, subscriptions, and the end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from starlette.datastructures import QueryParams
from starlette.types import Receive, Scope, Send

from dealflow import __version__
from dealflow.api.access import Access, Grant
from dealflow.api.auth import address_of
from dealflow.api.live import protocol
from dealflow.api.live.client import MAX_SHOWS, Client, EndedError, until_ended
from dealflow.api.live.hub import Hub
from dealflow.api.live.protocol import (
    CLOSE_GONE,
    CLOSE_RIGHTS,
    Authenticate,
    ClientFrame,
    Style,
    Subscribe,
    Unsubscribe,
)
from dealflow.api.live.recovery import Recovery
from dealflow.clock import Clock
from dealflow.errors import DealflowError, InputInvalid, RateLimited, TokenMissing
from dealflow.model.events import Frame
from dealflow.store.base import Show
from dealflow.telemetry.metrics import Metrics

FIRST_FRAME_SECONDS = 5.0
"""A client without a token in its header must send it within this time."""

CLOSE_SECONDS = 10.0
"""How long a client may take to see why it is closed, before its line is cut."""

RAW = "dealflow.raw"
"""The scope's extension with which our own server offers a `RawSocket`."""


class RawSocket(Protocol):
    """A socket whose server lets us write whole WebSocket messages to it."""

    def ready(self) -> bool:
        """Say whether the transport has room."""
        ...

    def write(self, data: bytes) -> None:
        """Write encoded messages."""
        ...

    async def drain(self) -> None:
        """Wait until the transport has room, or the connection is lost."""
        ...

    def close_soon(self, code: int, reason: str, seconds: float) -> None:
        """Send a close frame, and cut the line when it is not answered in time."""
        ...


class RawWire:
    """Writes the same encoded messages to every client, without encoding them for each."""

    def __init__(self, socket: RawSocket, style: Style) -> None:
        self._socket = socket
        self.style = style
        self.ready = socket.ready
        self.write = socket.write

    async def send(self, frames: Sequence[Frame], epoch: int) -> None:
        """Send frames once there is room."""
        await self._socket.drain()
        self.write(protocol.render(frames, epoch, self.style))

    async def control(self, data: bytes) -> None:
        """Send a control frame once there is room."""
        await self._socket.drain()
        batch = self.style is Style.BATCH
        self.write(protocol.websocket_text(b"[%b]" % data if batch else data))


class AsgiWire:
    """Writes through ASGI, for servers that offer nothing better."""

    def __init__(self, send: Send, style: Style) -> None:
        self._send = send
        self.style = style

    def ready(self) -> bool:
        """Return ``False``: ASGI can only be waited for."""
        return False

    def write(self, data: bytes) -> None:
        """Never called, since this wire is never ready."""
        raise NotImplementedError

    async def send(self, frames: Sequence[Frame], epoch: int) -> None:
        """Send frames."""
        if self.style is Style.BATCH:
            await self._text(protocol.array(frames))
            return
        for frame in frames:
            await self._text(frame.data)

    async def control(self, data: bytes) -> None:
        """Send a control frame."""
        await self._text(b"[%b]" % data if self.style is Style.BATCH else data)

    async def _text(self, data: bytes) -> None:
        await self._send({"type": "websocket.send", "text": data.decode()})


class LiveSocket:
    """The ASGI endpoint of ``/`` and ``/ws``; one for all connections."""

    def __init__(
        self,
        *,
        hub: Hub,
        recovery: Recovery,
        access: Access,
        find_show: Callable[[str], Awaitable[Show]],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._hub = hub
        self._recovery = recovery
        self._access = access
        self._find_show = find_show
        self._clock = clock
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection until either side ends it."""
        await receive()
        await send({"type": "websocket.accept"})
        raw = scope.get("extensions", {}).get(RAW)
        batch = QueryParams(scope["query_string"]).get("batch") in ("1", "true")
        style = Style.BATCH if batch else Style.SINGLE
        wire = RawWire(raw, style) if raw is not None else AsgiWire(send, style)
        code, reason = await self._converse(scope, receive, wire)
        if raw is not None:
            raw.close_soon(code, reason, CLOSE_SECONDS)
            return
        with contextlib.suppress(TimeoutError, OSError, RuntimeError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await send({"type": "websocket.close", "code": code, "reason": reason})

    async def _converse(
        self, scope: Scope, receive: Receive, wire: RawWire | AsgiWire
    ) -> tuple[int, str]:
        """Let the client in and serve it; return why it ended."""
        grant: Grant | None = scope["grant"]
        first: Subscribe | None = None
        if grant is None:
            try:
                grant, first = await self._first_frame(scope, receive)
            except DealflowError as error:
                with contextlib.suppress(OSError):
                    await wire.control(protocol.error(error))
                return CLOSE_RIGHTS, error.message
            except _GoneError:
                return CLOSE_GONE, ""
        client = Client(
            wire, grant, recovery=self._recovery, clock=self._clock, metrics=self._metrics
        )
        client.say(protocol.hello(__version__))
        if first is None:
            client.want_everything(protocol.EVERYTHING)
        self._hub.join(client)
        try:
            return await self._serve(client, scope, receive, first)
        finally:
            self._hub.leave(client)

    async def _first_frame(self, scope: Scope, receive: Receive) -> tuple[Grant, Subscribe | None]:
        """Wait for the frame that names the token.

        Raises:
            TokenMissing, RateLimited, InputInvalid: the client may not enter.
        """
        try:
            async with asyncio.timeout(FIRST_FRAME_SECONDS):
                frame = protocol.parse(await _next_text(receive))
        except TimeoutError:
            raise TokenMissing("No token came within 5 s.") from None
        if isinstance(frame, Unsubscribe) or frame.token is None:
            raise TokenMissing("The first frame names no token.")
        grant = self._access.by_token(frame.token, address_of(scope))
        return grant, frame if isinstance(frame, Subscribe) else None

    async def _serve(
        self, client: Client, scope: Scope, receive: Receive, first: Subscribe | None
    ) -> tuple[int, str]:
        """Read and send until the client leaves or must end."""
        self._hub.place(client)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(client.run(), name="client-send")
                group.create_task(self._read(client, scope, receive, first), name="client-read")
                group.create_task(until_ended(client), name="client-end")
        except* (_GoneError, OSError):
            client.end(CLOSE_GONE, "")
        except* EndedError:
            pass
        return client.ended.result()

    async def _read(
        self, client: Client, scope: Scope, receive: Receive, first: Subscribe | None
    ) -> None:
        """Do what the client asks, one wish after the other."""
        frame: ClientFrame | None = first
        while True:
            try:
                if frame is not None:
                    await self._obey(client, scope, frame)
                frame = protocol.parse(await _next_text(receive))
            except (TokenMissing, RateLimited) as error:
                client.end(CLOSE_RIGHTS, error.message)
                return
            except DealflowError as error:
                frame = None
                client.say(protocol.error(error))

    async def _obey(self, client: Client, scope: Scope, frame: ClientFrame) -> None:
        if isinstance(frame, Authenticate):
            client.grant = self._access.by_token(frame.token, address_of(scope))
        elif isinstance(frame, Subscribe):
            await self._subscribe(client, frame)
        else:
            show = await self._find_show(frame.session_id)
            client.forget(show.id)
            self._hub.place(client)

    async def _subscribe(self, client: Client, frame: Subscribe) -> None:
        """Find the place first, then begin there in one step without waiting."""
        wanted = protocol.filter_of(frame.types, frame.buyers_only)
        if frame.session_id is None:
            self._set_style(client, frame)
            client.want_everything(wanted)
            client.say(
                protocol.subscribed(
                    session_id=None, stream_id=None, seq=0, epoch=0, recovered=False, snapshot=None
                )
            )
            self._hub.place(client)
            return
        show = await self._find_show(frame.session_id)
        if show.id not in client.wanted and len(client.wanted) >= MAX_SHOWS:
            raise InputInvalid(f"One socket takes {MAX_SHOWS} shows at most.")
        start = await self._recovery.start(show, frame.after, frame.epoch)
        self._set_style(client, frame)
        client.want(show.id, wanted, start)
        self._hub.place(client)

    def _set_style(self, client: Client, frame: Subscribe) -> None:
        if frame.batch is not None:
            client.wire.style = Style.BATCH if frame.batch else Style.SINGLE


class _GoneError(Exception):
    """The client closed the connection."""


async def _next_text(receive: Receive) -> str | bytes:
    message = await receive()
    if message["type"] == "websocket.disconnect":
        raise _GoneError
    text: str | bytes | None = message.get("text")
    return message.get("bytes") or b"" if text is None else text

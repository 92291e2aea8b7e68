"""The live channel as Server-Sent Events: the same positions, for clients that only read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from dealflow import __version__
from dealflow.api.live import protocol
from dealflow.api.live.client import Client, EndedError, until_ended
from dealflow.api.live.hub import Hub
from dealflow.api.live.protocol import Filter, Style
from dealflow.api.live.recovery import Start
from dealflow.errors import InputInvalid
from dealflow.model.events import Frame

KEEP_ALIVE_SECONDS = 10.0
"""Proxies close a stream that is silent for a minute, and a dead line shows when written to."""

RETRY_MS = 1000
"""How long a browser waits before it connects again."""

ABORT = "dealflow.abort"
"""The scope's extension with which our own server lets us cut a line."""

_EVENT_ID = re.compile(r"(-?[0-9]{1,19}):([0-9]{1,19})")


def position_of(event_id: str) -> tuple[int, int]:
    """Read a ``Last-Event-ID``: epoch and seq.

    Raises:
        InputInvalid: it is none of ours.
    """
    found = _EVENT_ID.fullmatch(event_id)
    if found is None:
        raise InputInvalid("The Last-Event-ID is none of ours.", hint="It looks like 17:42.")
    return int(found[1]), int(found[2])


class SseWire:
    """Writes events to the body of one response."""

    style = Style.SSE

    def __init__(self, send: Send) -> None:
        self._send = send
        self._turn = asyncio.Lock()

    def ready(self) -> bool:
        """Return ``False``: a response can only be waited for."""
        return False

    def write(self, data: bytes) -> None:
        """Never called, since this wire is never ready."""
        raise NotImplementedError

    async def send(self, frames: Sequence[Frame], epoch: int) -> None:
        """Send frames, each with its position as its id."""
        await self.body(protocol.render(frames, epoch, self.style))

    async def control(self, data: bytes) -> None:
        """Send a control frame; it has no id, so that the client's position stays."""
        await self.body(b"data: %b\n\n" % data)

    async def body(self, data: bytes) -> None:
        """Send a piece of the body."""
        async with self._turn:
            await self._send({"type": "http.response.body", "body": data, "more_body": True})


class EventStream(Response):
    """The response of one stream; an ASGI app of its own."""

    def __init__(
        self,
        hub: Hub,
        make_client: Callable[[SseWire], Client],
        *,
        show_id: str,
        wanted: Filter,
        start: Start,
    ) -> None:
        super().__init__(media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        self._hub = hub
        self._make_client = make_client
        self._show_id = show_id
        self._wanted = wanted
        self._start = start

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the client leaves or must end."""
        head = [pair for pair in self.raw_headers if pair[0] != b"content-length"]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        wire = SseWire(send)
        client = self._make_client(wire)
        client.say(protocol.hello(__version__))
        client.want(self._show_id, self._wanted, self._start)
        self._hub.join(client)
        self._hub.place(client)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(client.run(), name="sse-send")
                group.create_task(_keep_alive(wire), name="sse-keep-alive")
                group.create_task(_gone(receive), name="sse-gone")
                group.create_task(until_ended(client), name="sse-end")
        except* (EndedError, OSError):
            pass
        finally:
            self._hub.leave(client)
        await self._finish(client, scope, send)

    async def _finish(self, client: Client, scope: Scope, send: Send) -> None:
        """End the body; cut the line of a client that takes nothing."""
        if client.stalled:
            scope.get("extensions", {}).get(ABORT, lambda: None)()
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _keep_alive(wire: SseWire) -> None:
    await wire.body(b"retry: %d\n\n" % RETRY_MS)
    while True:
        await asyncio.sleep(KEEP_ALIVE_SECONDS)
        await wire.body(b": keep-alive\n\n")


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    raise EndedError

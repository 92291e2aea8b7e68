"""Speaks ASGI to an app without a server, so that any header can be sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from starlette.types import ASGIApp, Message

Headers = Sequence[tuple[str, str]]


class Reply:
    """What an app answered: to a request, or to a WebSocket's handshake."""

    def __init__(self, messages: list[Message]) -> None:
        self.messages = messages
        self.accepted = any(one["type"] == "websocket.accept" for one in messages)
        start = next((one for one in messages if one["type"].endswith("response.start")), None)
        self.status: int = start["status"] if start else (101 if self.accepted else 403)
        self.headers = {
            name.decode(): value.decode() for name, value in (start or {}).get("headers", [])
        }
        self.body = b"".join(one.get("body", b"") for one in messages)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def scope_of(kind: str, method: str, path: str, headers: Headers, port: int) -> dict[str, Any]:
    path, _, query = path.partition("?")
    return {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "ws" if kind == "websocket" else "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", port),
        "state": {},
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}} if kind == "websocket" else {},
    }


async def ask(
    app: ASGIApp,
    method: str,
    path: str,
    headers: Headers,
    *,
    body: bytes = b"",
    port: int = 3001,
    kind: str = "http",
) -> Reply:
    """Send one request, or open a socket and leave at once."""
    sent: list[Message] = []
    incoming: list[Message] = (
        [{"type": "http.request", "body": body}, {"type": "http.disconnect"}]
        if kind == "http"
        else [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}]
    )

    async def receive() -> Message:
        if incoming:
            return incoming.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    async with asyncio.timeout(5):
        await app(scope_of(kind, method, path, headers, port), receive, send)
    return Reply(sent)

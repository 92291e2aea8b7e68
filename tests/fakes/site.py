"""A small web site on loopback: pages by path, one WebSocket that says what a test tells it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response


class Site:
    """What the site answers (``pages``: path to status and HTML) and who asked for what."""

    def __init__(self, server: Server) -> None:
        self.port: int = next(iter(server.sockets)).getsockname()[1]
        self.pages: dict[str, tuple[int, str]] = {}
        self.headers: dict[str, Mapping[str, str]] = {}
        self.asked: list[str] = []
        self.sockets: set[ServerConnection] = set()
        self.joined = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def say(self, *frames: str | bytes) -> None:
        for socket in list(self.sockets):
            for frame in frames:
                await socket.send(frame)


@asynccontextmanager
async def open_site() -> AsyncGenerator[Site]:
    site: Site | None = None

    async def talk(socket: ServerConnection) -> None:
        assert site is not None
        site.sockets.add(socket)
        site.joined.set()
        await socket.wait_closed()
        site.sockets.discard(socket)

    def answer(socket: ServerConnection, request: Request) -> Response | None:
        assert site is not None
        path = request.path.split("?", 1)[0]
        site.asked.append(path)
        if path.endswith("/websocket"):
            return None
        status, body = site.pages.get(path, (404, "not here"))
        headers = Headers(
            {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body.encode()))}
        )
        headers.update(site.headers.get(path, {}))
        return Response(status, HTTPStatus(status).phrase, headers, body.encode())

    async with serve(talk, "127.0.0.1", 0, process_request=answer) as server:
        site = Site(server)
        yield site

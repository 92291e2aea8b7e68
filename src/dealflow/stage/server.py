"""The stage's one port: every address of the platform, and the stage's own under ``/stage``."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from dealflow.errors import PortTaken
from dealflow.stage import graphql, pages
from dealflow.stage.house import House, Seat
from dealflow.stage.programme import Programme
from dealflow.stage.sockets import Sockets

HOST = "127.0.0.1"
FEED_QUEUE = 50_000
"""Commands that may wait for one page; a page that is further behind has crashed."""

CSRF_TOKEN = "stage-csrf-token"


class Platform:
    """Answers HTTP requests as the platform does."""

    def __init__(self, programme: Programme, house: House) -> None:
        self._programme = programme
        self._house = house
        self.pages_served = 0
        self.media_asked = 0

    def routes(self, sockets: Sockets) -> list[BaseRoute]:
        """Return the platform's addresses."""
        return [
            Route("/", self.home),
            Route("/live/{name}", self.live),
            Route("/user/{name}", self.profile),
            Route("/login", self.login),
            Route("/assets/{name}", self.asset),
            Route("/images/{name:path}", self.image),
            Route("/media/{name}", self.media),
            Route("/services/live/socket/session", self.session),
            Route("/services/live/socket/v3/session", self.session),
            Route("/services/graphql/", self.graphql, methods=["POST"]),
            Route("/stage/feed", self.feed),
            WebSocketRoute("/services/live/socket/websocket", sockets.live),
            WebSocketRoute("/services/auction/socket/websocket", sockets.auction),
        ]

    async def live(self, request: Request) -> Response:
        """Serve ``/live/<uuid>`` and ``/live/<username>``."""
        faults, name = self._house.faults, request.path_params["name"]
        if faults.cloudflare:
            return _blocked()
        by_seller = self._programme.by_seller(name)
        if by_seller is not None:
            return RedirectResponse(f"/live/{by_seller.id}")
        show = self._programme.show(name)
        if show is None:
            return HTMLResponse(pages.missing(), 404)
        if faults.login_wall == "redirect":
            return RedirectResponse(f"/login?next=/live/{show.id}")
        if faults.login_wall:
            return HTMLResponse(pages.wall(show))
        self.pages_served += 1
        headers = {"x-frame-options": "SAMEORIGIN", "cache-control": "no-store"}
        return HTMLResponse(pages.live(show, faults), headers=headers)

    async def profile(self, request: Request) -> Response:
        """Serve ``/user/<username>``."""
        if self._house.faults.cloudflare:
            return _blocked()
        show = self._programme.by_seller(request.path_params["name"])
        if show is None:
            return HTMLResponse(pages.missing(), 404)
        return HTMLResponse(pages.profile(show))

    async def home(self, _: Request) -> Response:
        """Serve the home page."""
        if self._house.faults.cloudflare:
            return _blocked()
        return HTMLResponse(pages.home(self._programme.by_viewers()))

    async def login(self, _: Request) -> Response:
        """Serve ``/login``."""
        return HTMLResponse(pages.login())

    async def asset(self, request: Request) -> Response:
        """Serve a script or a style sheet of the page."""
        name = request.path_params["name"]
        if name not in pages.ASSETS:
            return Response(status_code=404)
        return Response(pages.asset(name), media_type=pages.ASSETS[name])

    async def image(self, request: Request) -> Response:
        """Serve a picture: a coloured square that depends on its name."""
        hue = sum(request.path_params["name"].encode()) * 37 % 360
        square = f'<rect width="64" height="64" fill="hsl({hue} 55% 55%)"/>'
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">{square}</svg>'
        headers = {"cache-control": "public, max-age=86400"}
        return Response(svg, media_type="image/svg+xml", headers=headers)

    async def media(self, _: Request) -> Response:
        """Count a request for video; the stage has none."""
        self.media_asked += 1
        return Response(status_code=404)

    async def session(self, _: Request) -> Response:
        """Serve the token of the anonymous socket."""
        if self._house.faults.cloudflare:
            return _blocked()
        return JSONResponse({"csrf_token": CSRF_TOKEN})

    async def graphql(self, request: Request) -> Response:
        """Serve the web GraphQL."""
        try:
            body = await request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return JSONResponse({"errors": [{"message": "Bad request"}]}, 400)
        return JSONResponse(graphql.answer(body, self._programme, self._house.faults))

    async def feed(self, _: Request) -> Response:
        """Serve the page's own line to the stage, as server-sent events."""
        headers = {"cache-control": "no-store"}
        return StreamingResponse(self._commands(), media_type="text/event-stream", headers=headers)

    async def _commands(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[str] = asyncio.Queue(FEED_QUEUE)
        self._house.feeds.add(queue)
        try:
            yield "retry: 500\n\n"
            yield f"data: {json.dumps(self._house.page_state())}\n\n"
            while True:
                yield f"data: {await queue.get()}\n\n"
        finally:
            self._house.feeds.discard(queue)


def _blocked() -> Response:
    return HTMLResponse(pages.challenge(), 403, headers={"cf-mitigated": "challenge"})


class Trouble:
    """Middleware: answers slowly, or not at all, while the faults say so."""

    def __init__(self, app: ASGIApp, house: House) -> None:
        self._app = app
        self._house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope.get("path", "")
        if scope["type"] in ("http", "websocket") and not path.startswith("/stage/"):
            if self._house.faults.slow:
                await asyncio.sleep(self._house.faults.slow)
            await self._house.answering()
        await self._app(scope, receive, send)


class _Quiet(uvicorn.Server):
    """Leaves the process's signals to whoever owns the process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


class Server:
    """Listens on loopback for as long as `run` runs."""

    def __init__(self, port: int, routes: list[BaseRoute], house: House) -> None:
        self._socket = _listen(port)
        self.port: int = self._socket.getsockname()[1]
        app = Trouble(Starlette(routes=routes), house)
        config = uvicorn.Config(
            app,
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            ws_ping_interval=None,
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._uvicorn = _Quiet(config)

    async def run(self) -> None:
        """Serve until `stop`."""
        await self._uvicorn.serve(sockets=[self._socket])

    def stop(self) -> None:
        """Drop every connection and end `run`."""
        for connection in tuple(self._uvicorn.server_state.connections):
            connection.transport.abort()
        self._uvicorn.should_exit = True

    def cut(self, seat: Seat | None = None) -> int:
        """Abort the TCP connections of sockets, without a word; return how many."""
        cut = 0
        for connection in tuple(self._uvicorn.server_state.connections):
            if not isinstance(connection, WebSocketsSansIOProtocol):
                continue
            if seat is None or connection.client == seat.client:
                connection.transport.abort()
                cut += 1
        return cut


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise PortTaken(f"The stage cannot listen on {HOST}:{port}: {error.strerror}.") from error
    listener.listen(128)
    return listener

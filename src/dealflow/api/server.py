"""uvicorn inside our own event loop: bind, serve, stop in time."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from dealflow.api.hosts import bracketed, is_loopback
from dealflow.api.live.protocol import MAX_FRAME
from dealflow.api.services import Services
from dealflow.api.transport import EdgeHttpProtocol, LiveSocketProtocol
from dealflow.errors import PortTaken, SettingsInvalid, TokenRequired
from dealflow.settings import ApiSettings

PING_SECONDS = 20.0
"""A peer that is gone without a word is noticed after two of these."""

BACKLOG = 1024
STREAMS_SECONDS = 1.0
"""How long clients may take to say goodbye when the server stops."""


class _Quiet(uvicorn.Server):
    """uvicorn without signal handlers: signals belong to the command line."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


class Server:
    """The API on a port. Made once; `start`, then `stop`."""

    def __init__(self, app: FastAPI, api: ApiSettings) -> None:
        self._services: Services = app.state.services
        self._api = api
        self._socket: socket.socket | None = None
        self._uvicorn = _Quiet(
            uvicorn.Config(
                app,
                http=EdgeHttpProtocol,
                ws=LiveSocketProtocol,
                ws_max_size=MAX_FRAME,
                ws_ping_interval=PING_SECONDS,
                ws_ping_timeout=PING_SECONDS,
                # A dashboard is on this machine or this network: 27 times fewer bytes are not
                # worth 3.7 times the work, and the same bytes could not go to every client.
                ws_per_message_deflate=False,
                lifespan="on",
                access_log=False,
                log_config=None,
                log_level="warning",
                server_header=False,
                proxy_headers=False,
            )
        )

    @property
    def port(self) -> int:
        """Return the port in use, which the system chose when the setting is 0."""
        if self._socket is None:
            return self._api.port
        port: int = self._socket.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """Return the address for a person on this machine."""
        host = self._api.host if is_loopback(self._api.host) else "127.0.0.1"
        return f"http://{bracketed(host)}:{self.port}"

    def login_link(self) -> str:
        """Return a link that logs one browser in, once and within ten minutes."""
        return f"{self.url}/login?code={self._services.access.new_code()}"

    async def start(self) -> None:
        """Listen.

        Raises:
            TokenRequired: the address is open to others, and no token is set.
            PortTaken: another program listens there.
            SettingsInvalid: the address is none of this machine.
        """
        if not is_loopback(self._api.host) and not self._services.settings.token:
            raise TokenRequired(
                f"Listening on {self._api.host} without a token of your own is open."
            )
        self._socket = _bind(self._api.host, self._api.port)
        self._uvicorn.config.load()
        self._uvicorn.lifespan = self._uvicorn.config.lifespan_class(self._uvicorn.config)
        await self._uvicorn.startup(sockets=[self._socket])

    async def stop(self, grace: float = 8.0) -> None:
        """End streams, let requests finish within ``grace`` seconds, and close everything."""
        if self._socket is None:
            return
        self._services.hub.shut_down()
        for server in self._uvicorn.servers:
            server.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(grace, STREAMS_SECONDS)):
                # uvicorn tells nobody when a connection is gone.
                while any(self._live_sockets()):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        for connection in list(self._live_sockets()):
            connection.transport.abort()
        self._uvicorn.config.timeout_graceful_shutdown = max(1, round(grace - STREAMS_SECONDS))
        await self._uvicorn.shutdown(sockets=[self._socket])
        for rest in list(self._uvicorn.server_state.connections):
            rest.transport.abort()
        self._socket = None

    def _live_sockets(self) -> Iterator[LiveSocketProtocol]:
        for connection in self._uvicorn.server_state.connections:
            if isinstance(connection, LiveSocketProtocol):
                yield connection


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small frames at once only on sockets that name their protocol.
    line = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        line.bind((host.strip("[]"), port))
        line.listen(BACKLOG)
        line.setblocking(False)
    except OSError as error:
        line.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise PortTaken(f"Port {port} on {host} cannot be had: {error.strerror}.") from error
        raise SettingsInvalid(
            f"This machine cannot listen on {host}: {error.strerror}.",
            hint="Set DEALFLOW_API__HOST to an address of this machine, such as 127.0.0.1.",
        ) from error
    return line

"""Opens Whatnot's sockets through the egress gate, anonymously."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlencode

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from dealflow.errors import PlatformError, PlatformRefused, PlatformUnreachable
from dealflow.sources.egress import Gate, origin_of
from dealflow.sources.http import USER_AGENT, GateHttp, tls
from dealflow.sources.whatnot.fields import Undecodable, decode, record
from dealflow.sources.whatnot.parse import MAX_FRAME
from dealflow.sources.whatnot.topics import SocketEntry, Topics
from dealflow.sources.whatnot.walls import is_challenge, refusal
from dealflow.telemetry.metrics import Metrics

CLOSE_SECONDS: Final = 1.0
"""How long a goodbye may take; then the connection is cut."""

MAX_QUEUE: Final = 256
"""Frames that the library holds before it stops reading: a second of the busiest chat."""

_MAX_TOKEN: Final = 1_000


class Denied(msgspec.Struct, frozen=True):
    """A handshake that was answered with something else than a socket."""

    status: int
    challenge: bool
    error: PlatformError

    @property
    def may_want_token(self) -> bool:
        """Say whether the answer could be another one if a token were shown."""
        return self.status in (401, 403) and not self.challenge


class Straight(connect):
    """Opens a socket where it is told to, and follows no redirect."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Take a redirect as the answer that it is."""
        return exc


class Dialer:
    """Knows where the sockets are, and what an anonymous reader says when it opens one."""

    def __init__(
        self,
        base_url: str,
        topics: Topics,
        *,
        gate: Gate,
        http: GateHttp,
        csrf: bool,
        metrics: Metrics,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._topics = topics
        self._gate = gate
        self._http = http
        self._csrf = csrf
        self._metrics = metrics

    @asynccontextmanager
    async def open(self, name: str) -> AsyncIterator[ClientConnection]:
        """Open one of the sockets of the data file, ``live`` or ``auction``.

        Raises:
            PlatformRefused, PlatformBlocked, LoginRequired: it is not for anonymous readers.
            PlatformUnreachable: there is no connection now.
            EgressRefused: the gate does not open the address.
        """
        connection = await self._dial(name, self._topics.sockets[name])
        async with connection:
            yield connection

    async def _dial(self, name: str, entry: SocketEntry) -> ClientConnection:
        """Try the candidate paths, and once more with a token where none is refused."""
        token = await self._token() if self._csrf else None
        denied: Denied | None = None
        for path in entry.paths:
            found = await self._connect(path, token)
            if token is None and isinstance(found, Denied) and found.may_want_token:
                token = await self._token_if_any()
                found = found if token is None else await self._connect(path, token)
            if isinstance(found, ClientConnection):
                way = f"{path} with a token" if token else path
                self._metrics.matched.labels(f"socket {name}: {way}").inc()
                return found
            denied = denied or found
            if found.status != 404:
                break
        raise (
            PlatformRefused("Whatnot has no socket of this kind.")
            if denied is None
            else (denied.error)
        )

    async def _connect(self, path: str, token: str | None) -> ClientConnection | Denied:
        host, port = origin_of(self._base)
        secure = self._base.startswith("https:")
        query = dict(self._topics.query)
        if token is not None:
            query[self._topics.csrf.query_key] = token
        address = f"{self._base.replace('http', 'ws', 1)}{path}?{urlencode(query)}"
        try:
            async with asyncio.timeout(self._topics.timing.connect):
                opened = await self._gate.open(host, port)
                return await Straight(
                    address,
                    sock=opened,
                    ssl=tls() if secure else None,
                    proxy=None,
                    compression=None,  # frames are small, and what inflates can be a bomb
                    max_size=MAX_FRAME,
                    max_queue=MAX_QUEUE,
                    open_timeout=None,
                    close_timeout=CLOSE_SECONDS,
                    ping_interval=None,  # the heartbeat of the protocol asks the same, and more
                    user_agent_header=USER_AGENT,
                )
        except InvalidStatus as error:
            return _denied(error)
        except TimeoutError as error:
            raise PlatformUnreachable("Whatnot did not answer in time.") from error
        except (OSError, WebSocketException) as error:
            raise PlatformUnreachable(
                f"Whatnot's socket could not be opened ({type(error).__name__})."
            ) from error

    async def _token_if_any(self) -> str | None:
        try:
            return await self._token()
        except PlatformError:
            return None

    async def _token(self) -> str:
        csrf = self._topics.csrf
        answer = await self._http.ask(
            "GET", self._base + csrf.path, seconds=self._topics.timing.connect
        )
        if answer.status != 200:
            raise refusal(answer.status, answer.headers, answer.body)
        try:
            token = record(decode(answer.body)).get(csrf.field)
        except Undecodable as error:
            raise refusal(403, answer.headers, answer.body) from error
        if not isinstance(token, str) or not 0 < len(token) <= _MAX_TOKEN:
            raise PlatformRefused("Whatnot gave no token for an anonymous socket.")
        return token


def _denied(error: InvalidStatus) -> Denied:
    response = error.response
    headers = {name.lower(): value for name, value in response.headers.raw_items()}
    body = bytes(response.body or b"")
    return Denied(
        response.status_code,
        is_challenge(headers, body),
        refusal(response.status_code, headers, body),
    )

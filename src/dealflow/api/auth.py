"""The gate in front of every route and socket: Host, Origin, CORS, then the right to enter.

Deny by default: whatever the router knows or does not know, a request needs a grant, unless its
path stands in `PUBLIC`. A socket without a grant may open at the two socket paths only, and must
then name the token in its first frame (`live.connection`).
"""

from __future__ import annotations

import logging
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dealflow.api.access import Access, Grant
from dealflow.api.errors import response_of
from dealflow.api.hosts import HostRule, Origin, check_host, check_origin
from dealflow.errors import DealflowError, InternalError, TokenMissing

PUBLIC = frozenset({"/", "/health", "/live", "/ready", "/login", "/static/landing.css"})
"""All that anybody on an allowed host may ask for. None of it holds a word of any show."""

SOCKETS = frozenset({"/", "/ws"})
"""Where a socket may open before it has named its token."""

COOKIE = "dealflow_session"

_CORS_SECONDS = "600"
_SAFE_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
_REFUSED = 4403

_log = logging.getLogger(__name__)


class Gate:
    """ASGI middleware; the outermost, so that nothing of ours runs before it."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        access: Access,
        hosts: frozenset[HostRule],
        origins: frozenset[Origin],
    ) -> None:
        self._app = app
        self._access = access
        self._hosts = hosts
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request pass with ``scope["grant"]`` set, or answer it here."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        outgoing = _Outgoing(send)
        try:
            foreign = self._check_caller(scope, headers)
            if foreign is not None:
                outgoing.allow(headers["origin"])
                if _is_preflight(scope, headers):
                    await _preflight(headers)(scope, receive, outgoing)
                    return
            scope["grant"] = self._grant(scope, headers)
        except DealflowError as error:
            await refuse(error, scope, receive, outgoing)
            return
        try:
            await self._app(scope, receive, outgoing)
        except Exception:
            if outgoing.started:
                raise
            _log.exception("A request failed.", extra={"path": scope["path"]})
            await refuse(InternalError("DealFlow made a mistake."), scope, receive, outgoing)

    def _check_caller(self, scope: Scope, headers: Headers) -> Origin | None:
        """Return the foreign origin that asks, if it may; see `check_host` and `check_origin`."""
        server = scope.get("server")
        own = check_host(
            headers.getlist("host"),
            scheme="https" if scope["scheme"] in ("https", "wss") else "http",
            own_port=server[1] if server else None,
            rules=self._hosts,
        )
        return check_origin(
            headers.getlist("origin"),
            headers.getlist("sec-fetch-site"),
            own=own,
            allowed=self._origins,
        )

    def _grant(self, scope: Scope, headers: Headers) -> Grant | None:
        """Return the caller's grant; ``None`` only where none is needed yet.

        Raises:
            TokenMissing, RateLimited: the caller may not enter.
        """
        tokens = headers.getlist("authorization")
        if tokens:
            kind, _, token = tokens[0].partition(" ")
            if len(tokens) > 1 or kind.lower() != "bearer":
                raise TokenMissing("The Authorization header holds no bearer token.")
            return self._access.by_token(token.strip(), address_of(scope))
        cookie = _cookie(headers)
        grant = self._access.by_session(cookie) if cookie else None
        if grant is None and scope["path"] not in (
            SOCKETS if scope["type"] == "websocket" else PUBLIC
        ):
            raise TokenMissing("This call needs a token.")
        return grant


class _Outgoing:
    """Passes an answer on, with the headers that every answer has."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._allowed: str | None = None
        self.started = False

    def allow(self, origin: str) -> None:
        """Let pages of this origin read the answer."""
        self._allowed = origin

    async def __call__(self, message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers = MutableHeaders(scope=message)
            for name, value in _SAFE_HEADERS.items():
                headers.setdefault(name, value)
            headers.add_vary_header("Origin")
            if self._allowed is not None:
                headers["access-control-allow-origin"] = self._allowed
                headers["access-control-expose-headers"] = "Retry-After"
        self.started = True
        await self._send(message)


async def refuse(error: DealflowError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request or a handshake with an error."""
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get(
        "extensions", {}
    ):
        await send({"type": "websocket.close", "code": _REFUSED, "reason": error.code})
        return
    await response_of(error)(scope, receive, send)


def address_of(scope: Scope) -> str:
    """Return the caller's address, under which failures are counted."""
    client = scope.get("client")
    return client[0] if client else ""


def _cookie(headers: Headers) -> str | None:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(headers.get("cookie", ""))
    except CookieError:
        return None
    return jar[COOKIE].value if COOKIE in jar else None


def _is_preflight(scope: Scope, headers: Headers) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] == "OPTIONS"
        and "access-control-request-method" in headers
    )


def _preflight(headers: Headers) -> Response:
    """Tell a browser what an allowed origin may send; the token is still asked for."""
    answer = {
        "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
        "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID, apikey",
        "Access-Control-Max-Age": _CORS_SECONDS,
    }
    if headers.get("access-control-request-private-network") == "true":
        answer["Access-Control-Allow-Private-Network"] = "true"
    return Response(status_code=204, headers=answer)

"""The way to the endpoint: through the egress gate's proxy, with bounded answers and few headers.

Redirects are not followed and the environment's proxies are ignored, as for everything that goes
out; only the headers that the question needs leave this machine.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from typing import Final

import httpx2
import msgspec

from dealflow import __version__

MAX_ANSWER: Final = 256 * 1024
"""Bytes in an answer. Sixteen labels take 2 KB; thinking that an endpoint tells along may take
some tens."""

USER_AGENT: Final = f"DealFlow/{__version__}"

_SENT: Final = frozenset(
    {"host", "authorization", "content-type", "content-length", "accept", "connection"}
)
"""Headers that are passed on; the client would also tell the machine's system and its versions."""


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """The proxy that opens every connection, and whom a secure address must be trusted by."""

    server: str
    username: str
    password: str
    tls: ssl.SSLContext | None = None


class AnswerTooLarge(httpx2.ReadError):
    """The answer is larger than an answer can be, or came compressed though nobody asked for it."""


class BoundedTransport(httpx2.AsyncBaseTransport):
    """Carries one question at a time to each connection; see the module."""

    def __init__(self, way: Way | None) -> None:
        # Reading the authorities takes time; without any, nothing but a plain address is opened.
        tls = None if way is None else way.tls
        self._inner = httpx2.AsyncHTTPTransport(
            verify=tls or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            trust_env=False,
            proxy=None
            if way is None
            else httpx2.Proxy(way.server, auth=(way.username, way.password)),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; the answer's body raises `AnswerTooLarge` where it passes the limit."""
        headers = [
            (name, value) for name, value in request.headers.items() if name.lower() in _SENT
        ]
        headers += [("user-agent", USER_AGENT), ("accept-encoding", "identity")]
        response = await self._inner.handle_async_request(
            httpx2.Request(
                request.method,
                request.url,
                headers=headers,
                stream=request.stream,
                extensions=request.extensions,
            )
        )
        if _is_refused(response.headers):
            await response.aclose()
            raise AnswerTooLarge("The answer is larger than an answer can be.", request=request)
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=_Bounded(response.stream, request),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._inner.aclose()


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends with an error once it is too long."""

    def __init__(self, inner: httpx2.AsyncByteStream, request: httpx2.Request) -> None:
        self._inner = inner
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for part in self._inner:
            seen += len(part)
            if seen > MAX_ANSWER:
                raise AnswerTooLarge(
                    "The answer is larger than an answer can be.", request=self._request
                )
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()


def _is_refused(headers: httpx2.Headers) -> bool:
    length = headers.get("content-length", "0")
    if headers.get("content-encoding", "identity").lower() != "identity":
        return True
    return not (length.isascii() and length.isdigit()) or int(length[:12]) > MAX_ANSWER

"""HTTP through the egress gate's proxy, for the few questions that a platform is asked.

Redirects are not followed, bodies are bounded and must come uncompressed, and the proxies that the
environment names are ignored: the gate is the only way out.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import certifi
import httpcore
import msgspec

from dealflow import __version__
from dealflow.errors import PlatformRefused, PlatformUnreachable
from dealflow.sources.egress import Gate

MAX_ANSWER: Final = 2 * 1024 * 1024
"""Bytes in an answer; 50 shows of a feed are about 100 KB."""

USER_AGENT: Final = f"DealFlow/{__version__}"
"""An honest name: one that pretends to be a browser is noticed, and refused."""


FAILURES: Final = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)
"""How an exchange goes wrong when the other side, or the way to it, is at fault."""


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@cache
def tls() -> ssl.SSLContext:
    """Return how platforms must prove who they are; read when the first secure address is opened.

    The authorities are those of ``certifi``, because a bare machine may have none of its own.
    """
    return ssl.create_default_context(cafile=certifi.where())


class GateHttp:
    """Asks questions of hosts that the gate admits, each on a connection of its own."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def ask(
        self,
        method: str,
        url: str,
        *,
        seconds: float,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
    ) -> Answer:
        """Send one request and read the whole answer within ``seconds``.

        Raises:
            PlatformUnreachable: there was no answer, or not in time.
            PlatformRefused: the answer is too large, or compressed though nobody asked for it.
        """
        fields = {"user-agent": USER_AGENT, "accept-encoding": "identity", **(headers or {})}
        body = b"" if json is None else msgspec.json.encode(json)
        if json is not None:
            fields["content-type"] = "application/json"
        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(method, url, fields, body)
        except (TimeoutError, *FAILURES) as error:
            raise PlatformUnreachable(
                f"The platform gave no answer ({type(error).__name__})."
            ) from error

    async def _exchange(
        self, method: str, url: str, fields: Mapping[str, str], body: bytes
    ) -> Answer:
        await self._gate.start()
        way = self._gate.proxy
        async with (
            httpcore.AsyncHTTPProxy(
                way.server,
                proxy_auth=(way.username, way.password),
                ssl_context=tls() if url.startswith("https:") else None,
            ) as client,
            client.stream(method, url, headers=list(fields.items()), content=body) as response,
        ):
            return await _read(response)


async def _read(response: httpcore.Response) -> Answer:
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
    }
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise PlatformRefused("The platform sent a compressed answer that nobody asked for.")
    body = bytearray()
    async for part in response.aiter_stream():
        body += part
        if len(body) > MAX_ANSWER:
            raise PlatformRefused(f"The platform's answer is larger than {MAX_ANSWER} bytes.")
    return Answer(response.status, headers, bytes(body))

"""HTTP through the egress gate's proxy, for the few questions that a platform is asked.

Redirects are not followed, bodies are bounded and must come uncompressed, and the proxies that the
environment names are ignored: the gate is the only way out.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import msgspec

from dealflow import __version__
from dealflow.errors import PlatformRefused, PlatformUnreachable
from dealflow.sources.egress import Gate

MAX_ANSWER: Final = 2 * 1024 * 1024
"""Bytes in an answer; 50 shows of a feed are about 100 KB."""

USER_AGENT: Final = f"DealFlow/{__version__}"
"""An honest name: one that pretends to be a browser is noticed, and refused."""


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class GateHttp:
    """Asks questions of hosts that the gate admits, each on a connection of its own."""

    def __init__(self, gate: Gate, context: ssl.SSLContext) -> None:
        self._gate = gate
        self._context = context

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
        try:
            async with asyncio.timeout(seconds), self._client() as client:
                request = client.stream(method, url, headers=headers, json=json)
                async with request as response:
                    return await _read(response)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
            raise PlatformUnreachable(
                f"The platform gave no answer ({type(error).__name__})."
            ) from error

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[httpx.AsyncClient]:
        await self._gate.start()
        way = self._gate.proxy
        async with httpx.AsyncClient(
            proxy=httpx.Proxy(way.server, auth=(way.username, way.password)),
            verify=self._context,
            headers={"user-agent": USER_AGENT, "accept-encoding": "identity"},
            follow_redirects=False,
            trust_env=False,
            timeout=None,  # the whole exchange has one deadline
        ) as client:
            yield client


async def _read(response: httpx.Response) -> Answer:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise PlatformRefused("The platform sent a compressed answer that nobody asked for.")
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > MAX_ANSWER:
            raise PlatformRefused(f"The platform's answer is larger than {MAX_ANSWER} bytes.")
    return Answer(response.status_code, dict(response.headers), bytes(body))

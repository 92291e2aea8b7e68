"""Reads a show in a page of the shared Chromium: by its sockets, and by its chat list."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import quote, urlsplit

from dealflow.clock import Clock
from dealflow.errors import PlatformError
from dealflow.model.facts import ChatDropped, DropReason, Fact
from dealflow.settings import WhatnotSettings
from dealflow.sources.base import Emit, ShowRef
from dealflow.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from playwright.async_api import WebSocket

    from dealflow.sources.browser.tab import Pages

LOAD_SECONDS: Final = 30.0

MAX_WAITING: Final = 20_000
"""Facts that wait for the pipeline: 100 s of 200 messages/s. More are dropped by name."""

_log = logging.getLogger(__name__)


class Parser(Protocol):
    """What turns the frames of Whatnot's sockets into facts."""

    def feed(self, data: str | bytes, at: int) -> list[Fact]:
        """Read one frame."""
        ...


class Inbox:
    """Hands facts from the browser's callbacks, which cannot wait, to the reader, which can."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._facts: list[Fact] = []
        self._overflow = 0
        self._failure: PlatformError | None = None
        self._ready = asyncio.Event()

    def put(self, facts: Sequence[Fact]) -> None:
        """Add facts; what does not fit is counted and told as dropped."""
        room = MAX_WAITING - len(self._facts)
        self._facts.extend(facts[:room])
        self._overflow += max(0, len(facts) - room)
        if facts:
            self._ready.set()

    def fail(self, error: PlatformError) -> None:
        """Let the reader end with an error once it has taken what is here."""
        if self._failure is None:
            self._failure = error
        self._ready.set()

    async def take(self) -> list[Fact]:
        """Wait for facts and return all that there are.

        Raises:
            PlatformError: the way failed, and nothing is left to take.
        """
        await self._ready.wait()
        self._ready.clear()
        facts, self._facts = self._facts, []
        if self._overflow:
            facts.append(
                ChatDropped(
                    reason=DropReason.OVERFLOW, at=self._clock.now_ms(), count=self._overflow
                )
            )
            self._overflow = 0
        if self._failure is not None:
            if not facts:
                raise self._failure
            self._ready.set()
        return facts


class PageReader:
    """One reading of one show in a page; see `sources.base.Reader`."""

    name = "whatnot.browser"

    def __init__(
        self,
        ref: ShowRef,
        *,
        pages: Pages,
        parser: Parser,
        settings: WhatnotSettings,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._pages = pages
        self._parser = parser
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        base = settings.base_url.rstrip("/")
        self._url = f"{base}/live/{quote(ref.external_id, safe='')}"
        self._origin = urlsplit(base)
        self._inbox = Inbox(clock)

    async def run(self, emit: Emit) -> None:
        """Read until the show ends."""
        async with self._pages.page() as tab:
            tab.on_lost(self._inbox.fail)
            tab.on_socket(self._on_socket)
            await tab.goto(self._url, LOAD_SECONDS)
            while True:
                await emit(await self._inbox.take())

    def _on_socket(self, socket: WebSocket) -> None:
        if not self._is_ours(socket.url):
            return
        socket.on("framereceived", self._on_frame)

    def _is_ours(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.netloc.lower() == self._origin.netloc.lower()

    def _on_frame(self, data: str | bytes) -> None:
        self._inbox.put(self._parser.feed(data, self._clock.now_ms()))

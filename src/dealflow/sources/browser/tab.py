"""A page of one show: opened, asked and listened to, with word of its loss.

All that Playwright can throw becomes an error of ours here, so a reader needs to know only one
tree of errors and never imports the driver.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol

from playwright.async_api import Error, Page, WebSocket

from dealflow.errors import BrowserLost, EgressRefused, PlatformUnreachable

ASK_SECONDS: Final = 2.0
"""A page that cannot answer in this time hangs; a busy one was measured at under 0.1 s."""

_NET_ERROR = re.compile(r"net::(ERR_[A-Z0-9_]{1,60})")


class Pages(Protocol):
    """Whoever gives out pages."""

    def page(self) -> AbstractAsyncContextManager[Tab]:
        """Open an empty page, and close it at the end."""
        ...


class Tab:
    """One page."""

    def __init__(self, page: Page, *, has_login: bool = False) -> None:
        self.has_login = has_login
        self.lost: BrowserLost | None = None
        self._page = page
        self._listeners: list[Callable[[BrowserLost], None]] = []
        page.on("crash", lambda _: self.lose("The page crashed."))
        page.on("popup", _shut)

    @property
    def url(self) -> str:
        """Return where the page is now."""
        return self._page.url

    @property
    def is_closed(self) -> bool:
        """Say whether the page was closed, by us or by a user who sees it."""
        return self._page.is_closed()

    def on_lost(self, listener: Callable[[BrowserLost], None]) -> None:
        """Have ``listener`` called once when the page or its browser is lost."""
        if self.lost is not None:
            listener(self.lost)
        else:
            self._listeners.append(listener)

    def lose(self, reason: str) -> None:
        """Tell everyone that this page is gone; only the first reason counts."""
        if self.lost is None:
            self.lost = BrowserLost(reason)
            for listener in self._listeners:
                listener(self.lost)

    def on_socket(self, listener: Callable[[WebSocket], None]) -> None:
        """Have ``listener`` called for each WebSocket; only before `goto` none is missed."""
        self._page.on("websocket", listener)

    async def bind(self, name: str, listener: Callable[[Any], None]) -> None:
        """Give the page a function ``name`` whose one argument reaches ``listener``.

        The page's other frames have it too, but are not heard.
        """

        def called(source: dict[str, Any], record: Any) -> None:
            if source["frame"] == self._page.main_frame:
                listener(record)

        await self._guard(self._page.expose_binding(name, called))

    async def add_script(self, source: str) -> None:
        """Run a script in every document of this page before any of the page's own."""
        await self._guard(self._page.add_init_script(source))

    async def goto(self, url: str, seconds: float) -> int | None:
        """Load an address, and return the status of the answer as soon as it begins.

        Raises:
            PlatformUnreachable: there was no answer.
            EgressRefused: the browser would not even ask.
            BrowserLost: the page or its browser is gone.
        """
        answer = self._page.goto(url, wait_until="commit", timeout=seconds * 1000)
        return await self._load(answer)

    async def ask(self, expression: str, seconds: float = ASK_SECONDS) -> Any:
        """Evaluate an expression in the page; ``None`` when the page was just changing.

        Raises:
            BrowserLost: the page does not answer in time, or is gone.
        """
        try:
            async with asyncio.timeout(seconds):
                return await self._page.evaluate(expression)
        except TimeoutError as error:
            self.lose("The page hangs.")
            raise BrowserLost("The page hangs.") from error
        except Error as error:
            if self.lost is not None or self._page.is_closed():
                raise self.lost or BrowserLost("The page was closed.") from error
            return None

    async def has_cookie(self, name: str) -> bool:
        """Say whether the page's site gave the browser a cookie of that name."""
        try:
            async with asyncio.timeout(ASK_SECONDS):
                cookies = await self._page.context.cookies(self._page.url)
        except (Error, TimeoutError):
            return False  # a context that is being closed may never answer
        return any(cookie.get("name") == name for cookie in cookies)

    async def close(self) -> None:
        """Close the page."""
        await self._page.close()

    async def _load(self, answer: Any) -> int | None:
        try:
            response = await answer
        except Error as error:
            if self.lost is not None or self._page.is_closed():
                raise self.lost or BrowserLost("The page was closed.") from error
            raise _unreachable(error) from error
        return None if response is None else int(response.status)

    async def _guard(self, call: Any) -> None:
        try:
            await call
        except Error as error:
            raise self.lost or BrowserLost("The page was closed.") from error


def _unreachable(error: Error) -> Exception:
    found = _NET_ERROR.search(error.message)
    code = found[1] if found else "no answer in time"
    if code in ("ERR_BLOCKED_BY_CLIENT", "ERR_UNSAFE_PORT", "ERR_UNKNOWN_URL_SCHEME"):
        return EgressRefused(f"The browser does not open this address ({code}).")
    return PlatformUnreachable(f"The page did not load ({code}).")


async def _shut(popup: Page) -> None:
    """Close a window that the page opened."""
    try:
        await popup.close()
    except Error:
        return  # it is gone already

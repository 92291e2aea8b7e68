"""One Chromium, from its start to its end, and the pages that live in it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, BrowserContext, Error, Playwright, Route

from dealflow.clock import Clock
from dealflow.errors import BrowserLost
from dealflow.settings import BrowserSettings
from dealflow.sources.browser import launch, processes
from dealflow.sources.browser.tab import Tab
from dealflow.sources.forward import ProxyAccess

BEAT_SECONDS: Final = 1.0
BEAT_DEADLINE: Final = 2.0
"""A stopped Chromium still counts as connected and never answers, so we keep our own time."""

MAX_TEMP: Final = 30
SHORT_TEMP: Final = "/tmp"
"""A temporary folder with a longer name than this many bytes is too long for Chromium's socket."""

LAUNCH_SECONDS: Final = 30.0
OPEN_SECONDS: Final = 15.0
CLOSE_SECONDS: Final = 5.0
GOODBYE_SECONDS: Final = 2.0

VIEWPORT_WIDTH: Final = 1280
VIEWPORT_HEIGHT: Final = 1400
"""Wide enough for the desktop layout (the chat panel is missing below about 700 px), and tall, so
that a virtual list keeps many rows."""

_BLOCKED: Final = frozenset({"image", "media", "font"})
_VIDEO: Final = (".m3u8", ".mpd", ".ts", ".m4s", ".mp4")
_QUIET_SCRIPT: Final = "addEventListener('play', (event) => event.target.pause(), true);"

_log = logging.getLogger(__name__)


class Run:
    """A Chromium that was started; `watch` keeps it company until it is lost, and buries it."""

    def __init__(
        self,
        browser: Browser,
        context: BrowserContext | None,
        root: processes.Process | None,
        temporary: list[str],
    ) -> None:
        self.browser = browser
        self.root = root
        self.lost = asyncio.Event()
        self.reason = ""
        self.disconnected = asyncio.Event()
        self.tabs: set[Tab] = set()
        self._context = context
        self._temporary = temporary
        self._planned = False
        browser.on("disconnected", self._on_disconnected)

    def retire(self) -> None:
        """End it on purpose."""
        self._planned = True
        self.lose("Chromium is being closed.")

    def lose(self, reason: str) -> None:
        """Give it up: every reader hears of it now, the burial follows."""
        if not self.lost.is_set():
            self.reason = reason
            self.lost.set()
            for tab in list(self.tabs):
                tab.lose(reason)

    def _on_disconnected(self, _: Browser) -> None:
        self.disconnected.set()
        self.lose("Chromium ended.")

    async def open(self) -> tuple[Tab, BrowserContext]:
        """Open an empty page.

        Raises:
            BrowserLost: Chromium was lost meanwhile, or does not answer.
        """
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                context = self._context or await new_context(self.browser)
                page = await context.new_page()
        except (Error, TimeoutError) as error:
            self.lose("Chromium opens no page.")
            raise BrowserLost(self.reason) from error
        tab = Tab(page, has_login=self._context is not None)
        self.tabs.add(tab)
        if self.lost.is_set():
            tab.lose(self.reason)
        return tab, context

    async def close(self, tab: Tab, context: BrowserContext) -> None:
        """Close a page; a Chromium that cannot do so in time is given up."""
        self.tabs.discard(tab)
        if self.lost.is_set():
            return
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await (tab.close() if context is self._context else context.close())
        except TimeoutError:
            self.lose("Chromium closes no page.")
        except Error:
            pass  # it is gone already, which is what was wanted

    async def watch(self, clock: Clock) -> bool:
        """Ask Chromium every second for a sign of life, then bury it when it is lost.

        Returns whether Playwright's driver is still of use.
        """
        try:
            async with asyncio.TaskGroup() as group:
                beat = group.create_task(self._beat(clock), name="chromium-heartbeat")
                await self.lost.wait()
                beat.cancel()
        finally:
            alive = await self._bury()
        return alive

    async def _beat(self, clock: Clock) -> None:
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                session = await self.browser.new_browser_cdp_session()
            while not self.lost.is_set():
                await clock.sleep(BEAT_SECONDS)
                async with asyncio.timeout(BEAT_DEADLINE):
                    await session.send("Browser.getVersion")
        except TimeoutError:
            self.lose("Chromium hangs.")
        except Error:
            self.lose("Chromium does not answer.")

    async def _bury(self) -> bool:
        """Kill everything that belongs to it; say whether the driver noticed, and so is alive."""
        if self._planned or self.root is None:
            with contextlib.suppress(Error, TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self.browser.close()  # politely, so that a profile is written out
        killed = [] if self.root is None else processes.end(self.root.pid)
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self.disconnected.wait()
        except TimeoutError:
            _log.warning("the browser driver does not answer")
        if self.root is not None:
            # A renderer that was being born while the others died.
            killed += processes.end(self.root.pid)
        processes.reap(killed)
        for folder in self._temporary:
            shutil.rmtree(folder, ignore_errors=True)
        return self.disconnected.is_set()


async def start(
    driver: Playwright,
    executable: str,
    settings: BrowserSettings,
    access: ProxyAccess,
    profile: Path | None = None,
) -> Run:
    """Start Chromium over a pipe, with the gate's proxy as its only way out.

    Raises:
        Error: Playwright's; it holds what Chromium wrote.
    """
    run_name = secrets.token_hex(8)
    temporary = tempfile.mkdtemp(prefix="dealflow-", dir=_short_folder())
    options: dict[str, Any] = {
        "executable_path": executable,
        "headless": settings.headless,
        "args": launch.switches(run_name),
        "ignore_default_args": list(launch.UNWANTED),
        "chromium_sandbox": launch.sandboxed(settings, is_root=os.geteuid() == 0),
        "env": launch.environment(os.environ, temporary),
        "proxy": {
            "server": access.server,
            "username": access.username,
            "password": access.password,
        },
        "handle_sigint": False,
        "handle_sigterm": False,
        "handle_sighup": False,
        "timeout": LAUNCH_SECONDS * 1000,
    }
    context: BrowserContext | None = None
    try:
        if profile is None:
            browser = await driver.chromium.launch(**options)
        else:
            context = await driver.chromium.launch_persistent_context(
                profile, **options, **context_options()
            )
            await _prepare(context)
            assert context.browser is not None
            browser = context.browser
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    root = processes.find_marked(f"{launch.RUN_SWITCH}={run_name}")
    folders = [temporary]
    if root is not None and profile is None:
        folders += launch.profiles_of(processes.arguments(root.pid))
    return Run(browser, context, root, folders)


def _short_folder() -> str | None:
    """Return a folder whose name is short enough for what Chromium makes in it.

    Chromium puts a socket there, and the system allows its path 107 bytes.
    """
    usual = tempfile.gettempdir()
    return SHORT_TEMP if len(usual) > MAX_TEMP and os.access(SHORT_TEMP, os.W_OK) else None


def context_options() -> dict[str, Any]:
    """Return how a context differs from a visitor's: no downloads, no workers that outlive it."""
    return {
        "accept_downloads": False,
        "locale": "en-US",
        "service_workers": "block",
        "viewport": {"width": VIEWPORT_WIDTH, "height": VIEWPORT_HEIGHT},
    }


async def new_context(browser: Browser) -> BrowserContext:
    """Make a context for one show, which shares nothing with the others."""
    context = await browser.new_context(**context_options())
    await _prepare(context)
    return context


async def _prepare(context: BrowserContext) -> None:
    """Deny every permission, and load neither pictures nor video."""
    await context.grant_permissions([])
    await context.add_init_script(_QUIET_SCRIPT)
    await context.route("**/*", _route)


async def _route(route: Route) -> None:
    request = route.request
    path = request.url.split("?", 1)[0].lower()
    with contextlib.suppress(Error):  # the page may be gone before its request is answered
        if request.resource_type in _BLOCKED or path.endswith(_VIDEO):
            await route.abort("blockedbyclient")
        else:
            await route.continue_()

"""One Chromium for all shows: started when first needed, and again whenever it is lost."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

from playwright.async_api import BrowserContext, Error, Playwright, async_playwright

from dealflow.clock import Clock
from dealflow.errors import BrowserLost, BrowserUnusable, TooManyShows
from dealflow.settings import BrowserSettings
from dealflow.sources.browser import launch
from dealflow.sources.browser.run import CLOSE_SECONDS, Run, start
from dealflow.sources.browser.tab import Tab
from dealflow.sources.egress import Gate
from dealflow.telemetry.metrics import Metrics

FREE_RESTARTS: Final = 6
STEADY_SECONDS: Final = 120.0
MAX_DELAY: Final = 60.0
"""The first six losses of a row are mended at once, after that each start waits 1, 2, 4 … 60 s;
a Chromium that lives for two minutes ends the row."""


class SharedBrowser:
    """Gives out pages of one Chromium.

    ``profile`` is the folder of a logged-in profile; with it all pages share that profile's one
    context, without it each page has a context of its own, which knows no login.
    """

    def __init__(
        self,
        settings: BrowserSettings,
        *,
        gate: Gate,
        clock: Clock,
        metrics: Metrics,
        profile: Path | None = None,
    ) -> None:
        self._settings = settings
        self._gate = gate
        self._clock = clock
        self._metrics = metrics
        self._profile = profile
        self._lock = asyncio.Lock()
        self._driver: Playwright | None = None
        self._run: Run | None = None
        self._watch: asyncio.Task[bool] | None = None
        self._losses = Losses()
        self._pages = 0
        self._closed = False

    @property
    def root_pid(self) -> int | None:
        """Return the number of Chromium's main process while one runs."""
        run = self._run
        return None if run is None or run.root is None else run.root.pid

    @property
    def tabs(self) -> tuple[Tab, ...]:
        """Return the pages that are open."""
        return () if self._run is None else tuple(self._run.tabs)

    @contextlib.asynccontextmanager
    async def page(self) -> AsyncGenerator[Tab]:
        """Open an empty page, and close it at the end.

        Raises:
            BrowserMissing: there is no Chromium.
            BrowserUnusable: it does not start.
            BrowserLost: it was lost while the page was being made, or is lost again and again.
            TooManyShows: the cap on pages is reached.
        """
        if self._pages >= self._settings.max_pages:
            raise TooManyShows(
                f"All {self._settings.max_pages} browser pages are in use.",
                hint="Stop a show first, or raise DEALFLOW_BROWSER__MAX_PAGES.",
            )
        self._pages += 1
        try:
            run, tab, context = await self._open()
            try:
                yield tab
            finally:
                await run.close(tab, context)
        finally:
            self._pages -= 1

    async def _open(self) -> tuple[Run, Tab, BrowserContext]:
        """Open a page; a Chromium that died unnoticed is replaced once."""
        run = await self._running()
        try:
            return run, *await run.open()
        except BrowserLost:
            run = await self._running()
            return run, *await run.open()

    async def aclose(self) -> None:
        """End Chromium and Playwright's driver; no process is left."""
        self._closed = True
        async with self._lock:
            if self._run is not None:
                self._run.retire()
            await self._buried()
            await self._stop_driver()

    async def _running(self) -> Run:
        async with self._lock:
            if self._closed:
                raise BrowserLost("The browser was closed.")
            if self._run is not None and not self._run.lost.is_set():
                return self._run
            await self._buried()
            wait = self._losses.wait(self._clock.monotonic())
            if wait > 0:
                raise BrowserLost(f"Chromium is lost again and again; it rests for {wait:.0f} s.")
            await self._gate.start()
            self._run = await self._launch(launch.find_executable(self._settings))
            self._watch = asyncio.create_task(
                self._run.watch(self._clock), name="chromium-watchdog"
            )
            return self._run

    async def _buried(self) -> None:
        """Wait until the last Chromium is gone, so that there are never two."""
        watch, self._watch, self._run = self._watch, None, None
        if watch is None:
            return
        driver_lives = await watch
        if not self._closed:
            self._losses.add(self._clock.monotonic())
        if not driver_lives:
            await self._stop_driver()

    async def _launch(self, executable: str) -> Run:
        had_driver = self._driver is not None
        try:
            return await self._start(executable)
        except (Error, TimeoutError) as error:
            if not had_driver:
                raise _unusable(error) from error
        await self._stop_driver()
        try:
            return await self._start(executable)  # perhaps only the driver had died
        except (Error, TimeoutError) as error:
            raise _unusable(error) from error

    async def _start(self, executable: str) -> Run:
        if self._driver is None:
            self._driver = await async_playwright().start()
        return await start(
            self._driver, executable, self._settings, self._gate.proxy, self._profile
        )

    async def _stop_driver(self) -> None:
        driver, self._driver = self._driver, None
        if driver is not None:
            with contextlib.suppress(Error, TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await driver.stop()


class Losses:
    """How often Chromium was lost lately, and so how long it must rest."""

    def __init__(self) -> None:
        self._row: deque[float] = deque(maxlen=32)
        self._until = 0.0

    def add(self, now: float) -> None:
        """Note a loss."""
        if self._row and now - self._row[-1] > STEADY_SECONDS:
            self._row.clear()
        self._row.append(now)
        excess = len(self._row) - FREE_RESTARTS
        if excess > 0:
            self._until = now + min(MAX_DELAY, 2.0 ** (excess - 1)) * random.uniform(0.8, 1.0)

    def wait(self, now: float) -> float:
        """Return the seconds of rest that are left, 0 when it may start."""
        return max(0.0, self._until - now)


def _unusable(error: Exception) -> BrowserUnusable:
    reason = launch.reason_of(str(error)) if isinstance(error, Error) else "it took too long"
    return BrowserUnusable(f"Chromium does not start: {reason}.")

"""A user logs in by hand; here the page does what the user would."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from dealflow.clock import SystemClock
from dealflow.errors import BrowserUnusable
from dealflow.settings import BrowserSettings, Settings, WhatnotSettings
from dealflow.sources.browser.chromium import SharedBrowser
from dealflow.sources.egress import Gate, policy_for
from dealflow.sources.whatnot.login import MARKER_COOKIE, log_in, profile_of
from dealflow.telemetry.metrics import Metrics
from tests.fakes.shared_browser import open_bench, until
from tests.fakes.site import open_site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]

COOKIE = f"{MARKER_COOKIE}=x; Path=/; Secure; Max-Age=3600"


def without_window(settings: BrowserSettings, **parts: object) -> SharedBrowser:
    """Make the browser that was asked for, but without the window that no test can show."""
    assert not settings.headless
    return SharedBrowser(BrowserSettings(), **parts)  # type: ignore[arg-type] # passed on


@pytest.mark.asyncio
async def test_a_login_is_noticed_and_its_profile_kept(tmp_path: Path) -> None:
    async with open_site() as site:
        site.pages["/login"] = (200, "<title>Log in</title>")
        site.headers["/login"] = {"Set-Cookie": COOKIE}
        site.pages["/"] = (200, "<title>home</title>")
        settings = Settings(
            data_dir=str(tmp_path / "data"), whatnot=WhatnotSettings(base_url=site.url)
        )
        metrics, clock = Metrics(), SystemClock()
        gate = Gate(policy_for(settings), clock=clock, metrics=metrics)
        assert profile_of(settings) is None
        try:
            is_in = await log_in(
                settings,
                gate=gate,
                clock=clock,
                metrics=metrics,
                open_browser=without_window,
                environ={"DISPLAY": ":0"},
            )
        finally:
            await gate.aclose()
        assert is_in
        profile = profile_of(settings)
        assert profile is not None
        assert profile.stat().st_mode & 0o077 == 0
        async with (
            open_bench(site.url, profile=profile) as bench,
            bench.browser.page() as tab,
        ):
            await tab.goto(f"{site.url}/", 10)
            assert tab.has_login
            assert await tab.has_cookie(MARKER_COOKIE)
        async with open_bench(site.url) as bench, bench.browser.page() as tab:
            await tab.goto(f"{site.url}/", 10)
            assert not tab.has_login
            assert not await tab.has_cookie(MARKER_COOKIE)


class NotingClock(SystemClock):
    """Knows whether anybody has waited yet."""

    slept = False

    async def sleep(self, seconds: float) -> None:
        self.slept = True
        await super().sleep(seconds)


@pytest.mark.asyncio
async def test_a_window_that_is_closed_ends_the_login(tmp_path: Path) -> None:
    browsers: list[SharedBrowser] = []

    def kept(settings: BrowserSettings, **parts: object) -> SharedBrowser:
        browsers.append(without_window(settings, **parts))
        return browsers[0]

    async def close_window() -> None:
        await until(lambda: bool(browsers) and bool(browsers[0].tabs))
        await until(lambda: browsers[0].tabs[0].url.endswith("/login"))
        clock.slept = False
        await until(lambda: clock.slept)  # a second later the login is waited for
        await browsers[0].tabs[0].close()

    async with open_site() as site, asyncio.TaskGroup() as group:
        site.pages["/login"] = (200, "<title>Log in</title>")
        settings = Settings(data_dir=str(tmp_path), whatnot=WhatnotSettings(base_url=site.url))
        metrics, clock = Metrics(), NotingClock()
        gate = Gate(policy_for(settings), clock=clock, metrics=metrics)
        group.create_task(close_window())
        try:
            assert not await log_in(
                settings,
                gate=gate,
                clock=clock,
                metrics=metrics,
                open_browser=kept,
                environ={"DISPLAY": ":0"},
            )
        finally:
            await gate.aclose()


@pytest.mark.asyncio
async def test_without_a_display_no_browser_is_started(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    metrics, clock = Metrics(), SystemClock()
    gate = Gate(policy_for(settings), clock=clock, metrics=metrics)
    with pytest.raises(BrowserUnusable):
        await log_in(
            settings,
            gate=gate,
            clock=clock,
            metrics=metrics,
            open_browser=without_window,
            environ={},
        )
    assert profile_of(settings) is None

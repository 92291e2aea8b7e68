"""The user's own login, by hand, in a visible browser on a profile that is kept.

Nothing is filled in, clicked or spoofed. The window belongs to the user; we wait until the mark of
a login appears or the window is closed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from dealflow.clock import Clock
from dealflow.errors import BrowserLost, BrowserUnusable, DataDirUnusable
from dealflow.settings import Settings
from dealflow.sources.egress import Gate
from dealflow.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from dealflow.sources.browser.chromium import SharedBrowser

MARKER_COOKIE: Final = "__Secure-access-token"
"""Only a logged-in visitor has this cookie; nothing of it but its name is ever read."""

PROFILE_DIR: Final = "profile"

LOOK_SECONDS: Final = 1.0
LOAD_SECONDS: Final = 60.0
"""A person waits, so a slow network may take its time."""


def profile_of(settings: Settings) -> Path | None:
    """Return the logged-in profile, or ``None`` when nobody has logged in here."""
    path = settings.data_path / PROFILE_DIR
    return path if path.is_dir() else None


async def log_in(
    settings: Settings,
    *,
    gate: Gate,
    clock: Clock,
    metrics: Metrics,
    open_browser: Callable[..., SharedBrowser],
    environ: Mapping[str, str] | None = None,
) -> bool:
    """Open Whatnot's login page in a window; return whether the user is logged in at the end.

    ``open_browser`` is `SharedBrowser`, handed in so that only this command loads the driver.

    Raises:
        BrowserUnusable: there is no display for a window.
        BrowserMissing: there is no Chromium.
        DataDirUnusable: the profile's folder cannot be made.
        PlatformUnreachable: the page cannot be loaded.
    """
    require_display(os.environ if environ is None else environ, sys.platform)
    browser = open_browser(
        replace(settings.browser, headless=False),
        gate=gate,
        clock=clock,
        metrics=metrics,
        profile=_made_profile(settings),
    )
    try:
        async with browser.page() as tab:
            await tab.goto(f"{settings.whatnot.base_url.rstrip('/')}/login", LOAD_SECONDS)
            while not await tab.has_cookie(MARKER_COOKIE):
                if tab.lost is not None or tab.is_closed:
                    return False
                await clock.sleep(LOOK_SECONDS)
            return True
    except BrowserLost:
        return False  # the user closed the window before the page had loaded
    finally:
        await browser.aclose()


def require_display(environ: Mapping[str, str], system: str) -> None:
    """Make sure that a window can be shown.

    Raises:
        BrowserUnusable: it cannot.
    """
    has_own = system in ("darwin", "win32", "cygwin")
    if not has_own and not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        raise BrowserUnusable(
            "A login needs a visible browser, and there is no display here.",
            hint="Run `dealflow login whatnot` in a desktop session, or with `ssh -X`.",
        )


def _made_profile(settings: Settings) -> Path:
    path = settings.data_path / PROFILE_DIR
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DataDirUnusable(f"The folder {path} cannot be made: {error.strerror}.") from error
    return path

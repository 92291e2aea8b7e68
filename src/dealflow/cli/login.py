"""``dealflow login``: the user's own login, by hand, in a visible browser."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import click

from dealflow.cli import process
from dealflow.cli.options import Invocation, common_options
from dealflow.compose import PROFILE_DIR, data_dir
from dealflow.errors import BrowserUnusable
from dealflow.settings import Settings
from dealflow.sources.browser.launch import find_executable, reason_of, sandboxed


@click.command("login")
@click.argument("platform", type=click.Choice(["whatnot"]))
@common_options
def command(invocation: Invocation, *, platform: str) -> int:
    """Log in to a platform by hand, in a visible browser.

    DealFlow opens Chromium on a profile of its own and leaves it to you: it types nothing, clicks
    nothing and sees no password. Close the window when you are logged in; shows that are read
    through the browser use that login from then on.
    """
    settings = invocation.settings()

    async def work(stop: asyncio.Event) -> int:
        profile = data_dir(settings) / PROFILE_DIR
        profile.mkdir(mode=0o700, exist_ok=True)
        invocation.output.note("Log in, then close the window.")
        await _browse(settings, profile, stop)
        if invocation.output.as_json:
            invocation.output.record({"type": "login", "platform": platform})
        else:
            invocation.output.say(f"The login is kept in {profile}.")
        return 0

    return process.run(work)


async def _browse(settings: Settings, profile: Path, stop: asyncio.Event) -> None:
    """Run a browser that a person drives, until they close it.

    Raises:
        BrowserMissing: there is no Chromium.
        BrowserUnusable: it does not start, or there is no screen.
    """
    if sys.platform == "linux" and not _has_screen():
        raise BrowserUnusable(
            "There is no screen to open a window on.",
            hint="Run this on a machine with a desktop, or over `ssh -X`.",
        )
    browser = await asyncio.create_subprocess_exec(
        find_executable(settings.browser),
        *_arguments(settings, profile),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.TaskGroup() as group:
        asked = group.create_task(_close_when_asked(browser, stop))
        _, log = await browser.communicate()
        asked.cancel()
    if browser.returncode and not stop.is_set():
        raise BrowserUnusable(f"Chromium ended early: {reason_of(log.decode('utf-8', 'replace'))}")


def _arguments(settings: Settings, profile: Path) -> list[str]:
    arguments = [
        f"--user-data-dir={profile}",
        "--no-first-run",
        "--no-default-browser-check",
        # Cookies must be readable by the Chromium that reads shows, which knows no key ring.
        "--password-store=basic",
    ]
    if not sandboxed(settings.browser, is_root=os.geteuid() == 0):
        arguments.append("--no-sandbox")
    return [*arguments, settings.whatnot.base_url]


async def _close_when_asked(browser: asyncio.subprocess.Process, stop: asyncio.Event) -> None:
    await stop.wait()
    browser.terminate()


def _has_screen() -> bool:
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))

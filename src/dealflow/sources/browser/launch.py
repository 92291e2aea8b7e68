"""How Chromium is found and started: its path, its switches, and why it would not start. Pure."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from dealflow.errors import BrowserMissing
from dealflow.settings import BrowserSettings

NAMES: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
)

SWITCHES: Final = (
    # Nothing goes round the proxy: not loopback, not UDP, not a name that Chromium resolves.
    "--proxy-bypass-list=<-loopback>",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-quic",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--dns-prefetch-disable",
    "--disable-background-networking",
    # A page that is not on screen must not sleep: chat goes on while nobody looks.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    # The page is read, not watched.
    "--mute-audio",
    "--lang=en-US",
    # A page may not eat the machine; real ones were estimated at 250–400 MB in all.
    "--js-flags=--max-old-space-size=768",
)

UNWANTED: Final = (
    # Playwright's defaults serve tests of one's own pages; these two open doors for strangers'.
    "--disable-popup-blocking",
    "--enable-unsafe-swiftshader",
)

RUN_SWITCH: Final = "--dealflow-run"
"""Means nothing to Chromium; by it we know our own process from everyone else's."""

_MESSAGE = re.compile(r"\[[^\]]{0,80}(?:ERROR|FATAL):[^\]]{1,120}\]\s*(?P<what>[^\n]{1,300})")
_TELLING = (
    "error while loading shared libraries",
    "no usable sandbox",
    "without --no-sandbox",
    "cannot open display",
    "missing x server",
    "permission denied",
    "no such file",
    "exec format error",
    "profile appears to be in use",
    "no space left",
)
_BORING = ("dbus", "gcm", "vulkan", "gpu process", "libva", "viz_main")


def find_executable(
    settings: BrowserSettings, which: Callable[[str], str | None] = shutil.which
) -> str:
    """Return the path of the Chromium to use.

    Raises:
        BrowserMissing: the one in the settings is not there, or none is on the path.
    """
    if settings.executable:
        found = which(os.path.expanduser(settings.executable))  # noqa: PTH111 (may be a bare name)
        if found is None:
            raise BrowserMissing(f"There is no program at {settings.executable}.")
        return found
    for name in NAMES:
        found = which(name)
        if found is not None:
            return found
    raise BrowserMissing("No Chromium was found on this machine.")


def sandboxed(settings: BrowserSettings, *, is_root: bool) -> bool:
    """Say whether Chromium's sandbox is to be on; root cannot have it."""
    if settings.sandbox == "auto":
        return not is_root
    return settings.sandbox == "on"


def switches(run: str) -> list[str]:
    """Return our switches for one start of Chromium, which ``run`` names."""
    return [*SWITCHES, f"{RUN_SWITCH}={run}"]


def environment(environ: Mapping[str, str], temporary: str) -> dict[str, str | float | bool]:
    """Return Chromium's environment: without our settings, which hold secrets."""
    kept = {name: value for name, value in environ.items() if not name.startswith("DEALFLOW_")}
    return {**kept, "TMPDIR": temporary}


def profiles_of(arguments: Sequence[str]) -> list[str]:
    """Return the throw-away profile that Playwright made, found on Chromium's command line.

    Playwright removes it, unless its driver dies as well.
    """
    return [
        argument.partition("=")[2]
        for argument in arguments
        if argument.startswith("--user-data-dir=") and "/playwright_" in argument
    ]


def reason_of(log: str) -> str:
    """Return the one line of a failed start that tells a person most, at most 300 characters."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    for line in lines:
        if any(sign in line.lower() for sign in _TELLING):
            return _stripped(line)
    for line in lines:
        found = _MESSAGE.search(line)
        if found and not any(word in found["what"].lower() for word in _BORING):
            return _stripped(found["what"])
    return _stripped(lines[0]) if lines else "it gave no reason"


def _stripped(line: str) -> str:
    line = re.sub(r"^(?:-\s*)?(?:\[pid=\d+\])?\s*(?:\[err\])?\s*", "", line)
    found = _MESSAGE.search(line)
    return (found["what"] if found else line)[:300].rstrip(".")

"""What stands in the way: answers that are no answer; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dealflow.errors import (
    LoginRequired,
    PlatformBlocked,
    PlatformError,
    PlatformRefused,
    PlatformUnreachable,
)
from dealflow.sources.whatnot.selectors import load

_HEAD: Final = 4096
"""Where the title of a page stands."""


def is_challenge(headers: Mapping[str, str], body: bytes) -> bool:
    """Say whether an anti-bot page came in place of an answer."""
    if "challenge" in headers.get("cf-mitigated", ""):
        return True
    if "html" not in headers.get("content-type", ""):
        return False
    head = body[:_HEAD].decode("utf-8", "replace").lower()
    return any(title in head for title in load().walls.challenge_titles)


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> PlatformError:
    """Return what an answer other than the wanted one means."""
    if is_challenge(headers, body):
        return PlatformBlocked("Whatnot asks for a check that only a person can pass.")
    location = headers.get("location", "")
    if 300 <= status < 400 and any(path in location for path in load().walls.login_paths):
        return LoginRequired("Whatnot wants a login first.")
    if status == 429 or status >= 500:
        return PlatformUnreachable(f"Whatnot cannot answer now (HTTP {status}).")
    return PlatformRefused(f"Whatnot refuses anonymous readers (HTTP {status}).")

"""Which platform a URL belongs to. Pure: nothing is opened here."""

from __future__ import annotations

from collections.abc import Sequence

from dealflow.errors import ShowUrlRefused
from dealflow.sources.address import read_address
from dealflow.sources.base import Platform, ShowRef


class Platforms:
    """All platforms that can be read."""

    def __init__(self, platforms: Sequence[Platform]) -> None:
        self._platforms = tuple(platforms)

    def resolve(self, url: str) -> tuple[Platform, ShowRef]:
        """Return the platform and the show that a URL names.

        Raises:
            ShowUrlRefused: it names no show, or not in a plain way, or a place that is not a
                platform's.
        """
        read_address(url)
        for platform in self._platforms:
            ref = platform.resolve(url)
            if ref is not None:
                return platform, ref
        names = ", ".join(platform.name for platform in self._platforms)
        raise ShowUrlRefused(f"The URL is not of a platform that DealFlow reads ({names}).")

"""Finds the show that a request means: the first of its URLs that is live, or a stand-in."""

from __future__ import annotations

import asyncio
import logging

import msgspec

from dealflow.errors import PlatformError, ShowUnknown
from dealflow.model.facts import Fact, ShowSeen, ViewersSeen
from dealflow.model.show import ShowStatus
from dealflow.pipeline.base import StartRequest
from dealflow.sources.base import Platform, ShowInfo, ShowRef
from dealflow.sources.registry import Platforms

INSPECT_SECONDS = 4.0
"""How long a platform may take to say what a show is before reading begins without its word."""

_log = logging.getLogger(__name__)


class Found(msgspec.Struct, frozen=True):
    """A show, its platform, and what the platform says of it."""

    platform: Platform
    ref: ShowRef
    info: ShowInfo

    def facts(self, at: int) -> list[Fact]:
        """Return what the platform said, as facts of this moment (milliseconds since 1970)."""
        info = self.info
        said = ShowSeen(
            at=at,
            title=info.title or None,
            seller=info.seller or None,
            status=None if info.status is ShowStatus.UNKNOWN else info.status,
            mode=info.mode,
        )
        watching = [] if info.viewers is None else [ViewersSeen(viewers=info.viewers, at=at)]
        return [*watching, said]


async def find(platforms: Platforms, request: StartRequest) -> Found:
    """Return the first of the request's URLs that is live, else the first that exists.

    Raises:
        ShowUrlRefused: one of the URLs may not be opened; nothing was.
        ShowUnknown: none of them is a show, and none was discovered in their place.
    """
    unknown: ShowUnknown | None = None
    over: list[Found] = []
    asked = [platforms.resolve(url) for url in (request.url, *request.fallback_urls)]
    for platform, ref in asked:
        try:
            info = await _inspect(platform, ref)
        except ShowUnknown as error:
            unknown = unknown or error
            continue
        found = Found(platform, info.ref or ref, info)
        if info.status is not ShowStatus.ENDED:
            return found
        over.append(found)
    if request.auto_discover:
        platform, ref = asked[0]
        for other in await platform.discover(ref, limit=1):
            return Found(platform, other, await _inspect(platform, other))
    if over:
        return over[0]
    assert unknown is not None
    raise unknown


async def _inspect(platform: Platform, ref: ShowRef) -> ShowInfo:
    try:
        async with asyncio.timeout(INSPECT_SECONDS):
            return await platform.inspect(ref)
    except (TimeoutError, PlatformError) as error:
        _log.info("the platform did not say what the show is", extra={"why": str(error)})
        return ShowInfo()

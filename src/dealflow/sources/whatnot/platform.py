"""Whatnot as a platform: which URLs are its shows, what they are, how they are read."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import msgspec

from dealflow.clock import Clock
from dealflow.errors import PlatformError, PlatformRefused, ShowUnknown, TransportUnknown
from dealflow.model.show import ShowStatus
from dealflow.settings import Settings
from dealflow.sources.base import Reader, ShowInfo, ShowRef, Transport
from dealflow.sources.egress import Gate
from dealflow.sources.http import GateHttp
from dealflow.sources.whatnot import graphql
from dealflow.sources.whatnot.dial import Dialer
from dealflow.sources.whatnot.parse import FrameParser
from dealflow.sources.whatnot.socket import SocketReader
from dealflow.sources.whatnot.till import Till
from dealflow.sources.whatnot.topics import load
from dealflow.sources.whatnot.urls import NAME, ShowUrls, is_uuid
from dealflow.sources.whatnot.walls import refusal
from dealflow.telemetry.metrics import Metrics

ASK_SECONDS: Final = 4.0
"""Answers are for convenience; whoever waits longer could have read the first message."""

MAX_TILLS: Final = 512
"""Shows whose sales are remembered between readers; beyond any number that is read at once."""

PageReaders = Callable[[ShowRef, FrameParser], Reader]

_log = logging.getLogger(__name__)


class WhatnotPlatform:
    """See `sources.base.Platform`.

    Args:
        page_reader: makes a reader of a show in the shared browser's page; without it, sockets
            are the only way.
    """

    name = NAME

    def __init__(
        self,
        settings: Settings,
        *,
        gate: Gate,
        page_reader: PageReaders | None,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._topics = load()
        self._base = settings.whatnot.base_url.rstrip("/")
        self._urls = ShowUrls(self._base, self._topics.urls)
        self._page_reader = page_reader
        self._clock = clock
        self._metrics = metrics
        self._tills: OrderedDict[str, Till] = OrderedDict()
        self._http = GateHttp(gate)
        self._dialer = Dialer(
            self._base,
            self._topics,
            gate=gate,
            http=self._http,
            csrf=settings.whatnot.csrf,
            metrics=metrics,
        )

    @property
    def ways(self) -> tuple[Transport, ...]:
        """Return the ways that this platform has, the best first."""
        if self._page_reader is None:
            return (Transport.SOCKET,)
        return (Transport.SOCKET, Transport.BROWSER)

    def resolve(self, url: str) -> ShowRef | None:
        """Return the show behind a URL, or ``None`` when the URL is not Whatnot's."""
        return self._urls.resolve(url)

    async def inspect(self, ref: ShowRef) -> ShowInfo:
        """Ask what the show is; a seller is turned into the show that is live now.

        Raises:
            ShowUnknown: Whatnot says that there is no such show.
        """
        stream = await self._look_up(ref)
        if stream is None:
            return ShowInfo()
        if is_uuid(ref.external_id) or not is_uuid(stream.id):
            return stream.info
        return msgspec.structs.replace(stream.info, ref=self._urls.show(stream.id))

    async def discover(self, ref: ShowRef, *, limit: int) -> list[ShowRef]:
        """Return other live shows of the same category, the most viewed first."""
        try:
            stream = await self._look_up(ref)
        except ShowUnknown:
            return []
        for label in () if stream is None else stream.categories:
            feed_id = graphql.read_feed_id(await self._ask(graphql.about_tag(label)))
            if feed_id is None:
                continue
            feed = await self._ask(graphql.about_feed(feed_id, limit + 1))
            others = [
                self._urls.show(other.id)
                for other in graphql.read_streams(graphql.read_data(feed))
                if other.info.status is ShowStatus.LIVE and is_uuid(other.id)
            ]
            return [other for other in others if other.external_id != _id_of(stream)][:limit]
        return []

    def reader(self, ref: ShowRef, transport: Transport) -> Reader:
        """Return a fresh reader of one way."""
        parser = FrameParser(ref.external_id, self._till(ref))
        if transport is Transport.BROWSER and self._page_reader is not None:
            return self._page_reader(ref, parser)
        if transport is not Transport.SOCKET:
            raise TransportUnknown(f"Whatnot cannot be read by {transport}.")

        async def find() -> str:
            return await self._show_id(ref)

        async def is_over() -> bool | None:
            return await self._is_over(ref)

        return SocketReader(
            parser,
            find=find,
            is_over=is_over,
            dialer=self._dialer,
            topics=self._topics,
            clock=self._clock,
            metrics=self._metrics,
        )

    async def _look_up(self, ref: ShowRef) -> graphql.Stream | None:
        if is_uuid(ref.external_id):
            return graphql.read_show(await self._ask(graphql.about_show(ref.external_id)))
        return graphql.read_seller(await self._ask(graphql.about_seller(ref.external_id)))

    async def _show_id(self, ref: ShowRef) -> str:
        """Return the id that the sockets' topics are named after."""
        if is_uuid(ref.external_id):
            return ref.external_id
        info = await self.inspect(ref)
        if info.ref is None:
            raise PlatformRefused(
                f"Whatnot does not say which show {ref.external_id} is giving, if any.",
                hint="Give the address of the show itself, or use --transport browser.",
            )
        return info.ref.external_id

    async def _is_over(self, ref: ShowRef) -> bool | None:
        """Ask whether the show has ended; ``None``: not said, or said in between."""
        try:
            status = (await self.inspect(ref)).status
        except ShowUnknown:
            return None
        if status is ShowStatus.ENDED:
            return True
        return False if status is ShowStatus.LIVE else None

    async def _ask(self, question: graphql.Question) -> bytes:
        """Return the body of an answer; whatever goes wrong is an empty one."""
        entry = self._topics.graphql
        url = f"{self._base}{entry.path}?operationName={question.operation}&ssr=0"
        try:
            answer = await self._http.ask(
                "POST", url, seconds=ASK_SECONDS, headers=entry.headers, json=question.body
            )
            if answer.status != 200:
                raise refusal(answer.status, answer.headers, answer.body)
        except PlatformError as error:
            _log.info("a question was not answered", extra={"why": str(error)})
            return b""
        return answer.body

    def _till(self, ref: ShowRef) -> Till:
        till = self._tills.pop(ref.external_id, None) or Till()
        self._tills[ref.external_id] = till
        while len(self._tills) > MAX_TILLS:
            self._tills.popitem(last=False)
        return till


def _id_of(stream: graphql.Stream | None) -> str:
    return "" if stream is None else stream.id

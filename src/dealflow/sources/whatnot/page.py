"""Reads a show in a page of the shared Chromium: by its sockets, and by its chat list."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from dealflow.clock import Clock
from dealflow.errors import (
    DealflowError,
    FeedStalled,
    LoginRequired,
    PlatformBlocked,
    PlatformRefused,
    PlatformUnreachable,
    ShowUnknown,
)
from dealflow.model.facts import Oddity, ShowSeen
from dealflow.model.show import ShowStatus
from dealflow.settings import WhatnotSettings
from dealflow.sources.base import Emit, ShowRef
from dealflow.sources.whatnot.ending import EndSign
from dealflow.sources.whatnot.hearing import WAY, Hearing, Parser, pulse
from dealflow.sources.whatnot.inbox import Inbox
from dealflow.sources.whatnot.login import MARKER_COOKIE
from dealflow.sources.whatnot.selectors import load, observer_source
from dealflow.sources.whatnot.urls import is_uuid
from dealflow.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from playwright.async_api import WebSocket

    from dealflow.sources.browser.tab import Pages, Tab

LOAD_SECONDS: Final = 30.0
CHALLENGE_SECONDS: Final = 30.0
"""An anti-bot page that lets a browser pass does so within this time, as reported."""

START_SECONDS: Final = 20.0
"""A page in which neither a socket nor the chat list speaks for so long shows no chat."""

CHECK_SECONDS: Final = 1.0
TICK_SECONDS: Final = 4.0
"""The observer ticks each second; after so long without a tick it is put in again."""

ASK_SECONDS: Final = 2.0
BUSY_SECONDS: Final = 10.0
"""While a page loads, its own program may keep it busy for long."""

SLACK_SECONDS: Final = 15.0
"""Beyond the stall limit, for a page whose sockets have a heartbeat of up to 30 s."""

BINDING: Final = "__dealflow_tell"
MARK: Final = "__dealflow_observer"

_SHOWS: Final = "/live/"

_log = logging.getLogger(__name__)


class PageReader:
    """One reading of one show in a page; see `sources.base.Reader`."""

    name = WAY

    def __init__(
        self,
        ref: ShowRef,
        *,
        pages: Pages,
        parser: Parser,
        settings: WhatnotSettings,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._pages = pages
        self._parser = parser
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._base = settings.base_url.rstrip("/")
        self._path = f"/live/{quote(ref.external_id, safe='')}"
        self._names_seller = not is_uuid(ref.external_id)

    async def run(self, emit: Emit) -> None:
        """Read until the show ends."""
        async with self._pages.page() as tab:
            reading = _Reading(
                tab,
                Hearing(self._parser),
                base=self._base,
                path=self._path,
                names_seller=self._names_seller,
                settings=self._settings,
                clock=self._clock,
                metrics=self._metrics,
            )
            await reading.run(emit)


class _Reading:
    """A page while it is read."""

    def __init__(
        self,
        tab: Tab,
        hearing: Hearing,
        *,
        base: str,
        path: str,
        names_seller: bool,
        settings: WhatnotSettings,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._tab = tab
        self._hearing = hearing
        self._base = base
        self._path = path
        self._names_seller = names_seller
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._inbox = Inbox(clock)
        self._numbers = itertools.count()
        self._due: asyncio.TimerHandle | None = None
        self._status: int | None = None
        self._loaded = 0.0
        self._injected = 0.0
        self._matches: dict[str, int] = {}

    async def run(self, emit: Emit) -> None:
        """Load the page, then pass on what is heard until the show ends or the way fails."""
        self._tab.on_lost(self._fail)
        self._tab.on_socket(self._on_socket)
        await self._tab.bind(BINDING, self._on_records)
        await self._tab.add_script(observer_script())
        self._status = await self._tab.goto(self._base + self._path, LOAD_SECONDS)
        self._loaded = self._injected = self._clock.monotonic()
        self._judge_status()
        await self._check_login()
        failure: DealflowError | None = None
        async with asyncio.TaskGroup() as group:
            mind = group.create_task(self._mind(), name="whatnot-page-mind")
            try:
                while facts := await self._inbox.take():
                    await emit(facts)
            except DealflowError as error:
                failure = error  # the group would wrap it
            finally:
                mind.cancel()
                if self._due is not None:
                    self._due.cancel()
        if failure is not None:
            raise failure

    # The browser's callbacks: they only take notes.

    def _on_socket(self, socket: WebSocket) -> None:
        if urlsplit(socket.url).netloc.lower() != urlsplit(self._base).netloc.lower():
            return
        number = next(self._numbers)
        self._hearing.opened(number)
        socket.on("framereceived", lambda data: self._on_frame(number, data))
        socket.on("close", lambda _: self._on_closed(number))

    def _on_frame(self, number: int, data: str | bytes) -> None:
        now = self._clock.monotonic()
        self._inbox.put(self._hearing.frame(number, data, self._clock.now_ms(), now))
        self._wait_for_twins(now)

    def _on_closed(self, number: int) -> None:
        self._inbox.put(self._hearing.closed(number, self._clock.monotonic()))

    def _on_records(self, batch: Any) -> None:
        now = self._clock.monotonic()
        is_ours = self._is_on_show()
        self._inbox.put(self._hearing.records(batch, self._clock.now_ms(), now, is_ours=is_ours))
        self._wait_for_twins(now)

    def _wait_for_twins(self, now: float) -> None:
        due = self._hearing.merge.next_due
        if due is None:
            return
        loop = asyncio.get_running_loop()
        when = loop.time() + max(0.0, due - now)
        if self._due is not None:
            if self._due.when() <= when:
                return
            self._due.cancel()
        self._due = loop.call_at(when, self._on_due)

    def _on_due(self) -> None:
        self._due = None
        now = self._clock.monotonic()
        self._inbox.put(self._hearing.due(now))
        self._wait_for_twins(now)

    def _fail(self, error: DealflowError) -> None:
        """End with an error, once all that was heard is told."""
        self._inbox.put(self._hearing.flush(self._clock.monotonic()))
        self._inbox.fail(error)

    # Once a second: is the page alive, is it the show, has the show ended?

    async def _mind(self) -> None:
        try:
            while not self._is_over():
                await self._look_after()
                await self._clock.sleep(CHECK_SECONDS)
        except DealflowError as error:
            self._fail(error)

    async def _look_after(self) -> None:
        now = self._clock.monotonic()
        is_young = now - self._loaded < START_SECONDS
        installed = await self._tab.ask(
            f"typeof window.{MARK} === 'object'", BUSY_SECONDS if is_young else ASK_SECONDS
        )
        self._judge_page(self._clock.monotonic())
        await self._keep_observing(installed is False)
        self._report_matches()
        if self._is_alive(self._clock.monotonic()):
            self._inbox.put([pulse(self._clock.now_ms())])

    def _is_over(self) -> bool:
        ending, now = self._hearing.ending, self._clock.monotonic()
        ending.mark(EndSign.LEFT, now, seen=not self._is_on_show())
        if not ending.has_ended(now):
            return False
        self._inbox.put(self._hearing.finish(now))
        self._inbox.put([ShowSeen(at=self._clock.now_ms(), status=ShowStatus.ENDED)])
        self._inbox.close()
        return True

    def _is_on_show(self) -> bool:
        """Say whether the page still shows what was asked for; it may wander to another show."""
        path = urlsplit(self._tab.url).path
        if self._names_seller and path.startswith(_SHOWS):
            self._path, self._names_seller = path, path == self._path
        return path.startswith(self._path)

    async def _keep_observing(self, is_missing: bool) -> None:
        """Put the observer in again when it is gone or dead, though the page lives."""
        now = self._clock.monotonic()
        last = max(self._hearing.ticked or 0.0, self._injected)
        if not is_missing and now - last < TICK_SECONDS:
            return
        if now - max(self._hearing.ticked or 0.0, self._loaded) > START_SECONDS:
            raise FeedStalled("The page lives, but its observer does not.")
        self._injected = now
        self._inbox.put([Oddity(kind="observer_dead", at=self._clock.now_ms())])
        await self._tab.ask(observer_script(), BUSY_SECONDS)

    def _is_alive(self, now: float) -> bool:
        spoke = self._hearing.spoke
        return spoke is not None and now - spoke < self._settings.stall_seconds

    def _judge_page(self, now: float) -> None:
        """Raise when something else than the show is on the page."""
        sign = self._hearing.sign.kind
        parts = urlsplit(self._tab.url)
        if sign == "challenge":
            if now - self._loaded > CHALLENGE_SECONDS:
                raise PlatformBlocked("Whatnot shows an anti-bot check in place of the show.")
            return
        if sign == "login" or parts.path.startswith(load().walls.login_paths):
            raise LoginRequired("Whatnot shows this show only to those who are logged in.")
        if parts.netloc and parts.netloc.lower() != urlsplit(self._base).netloc.lower():
            raise PlatformRefused("Whatnot sent the page to another site.")
        self._judge_silence(now)

    def _judge_silence(self, now: float) -> None:
        spoke = self._hearing.spoke
        if spoke is None:
            if now - self._loaded > START_SECONDS:
                self._raise_for_empty()
            return
        if now - spoke > self._settings.stall_seconds + SLACK_SECONDS:
            raise FeedStalled("Neither the page's sockets nor its chat say anything.")

    def _raise_for_empty(self) -> None:
        if self._status is not None and self._status >= 400:
            raise PlatformRefused(f"Whatnot answered {self._status} in place of the show.")
        if self._hearing.has_list:
            raise FeedStalled("The page shows an empty chat, and no socket speaks.")
        raise FeedStalled("The page shows no chat.")

    def _judge_status(self) -> None:
        status = self._status or 200
        if status in (404, 410):
            raise ShowUnknown("Whatnot knows no such show.")
        if status == 429:
            raise PlatformBlocked("Whatnot asks to come back later (429).")
        if status >= 500 and status != 503:
            raise PlatformUnreachable(f"Whatnot answered {status}.")

    async def _check_login(self) -> None:
        """Notice a login that is gone: the page then works, silently, as for anyone."""
        if self._tab.has_login and not await self._tab.has_cookie(MARKER_COOKIE):
            _log.warning("the Whatnot login has expired; reading as an anonymous viewer")
            self._inbox.put([Oddity(kind="login_expired", at=self._clock.now_ms())])

    def _report_matches(self) -> None:
        """Count which selector found each field, once for each change."""
        for field, place in self._hearing.matches.items():
            candidates = load().fields.get(field, ())
            if self._matches.get(field) != place and place < len(candidates):
                self._matches[field] = place
                self._metrics.matched.labels(f"{field}: {candidates[place]}").inc()
                if place > 0:
                    _log.info("a fallback selector is in use", extra={"field": field})


def observer_script() -> str:
    """Return the observer with its settings put in."""
    selectors = load()
    settings = {
        "binding": BINDING,
        "mark": MARK,
        "fields": selectors.fields,
        "ended": selectors.walls.ended_texts,
        "challenge": selectors.walls.challenge_titles,
        "login": selectors.walls.login_paths,
    }
    return f"{observer_source()}({json.dumps(settings)});"

"""Starts and stops the reading of shows, and takes pushed messages.

Owns one task group; each show has two tasks in it: the supervisor that reads, and the runner that
carries what was read to the store. A show that fails never takes another one along.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from types import TracebackType

import msgspec

from dealflow.bus.base import Bus
from dealflow.clock import Clock
from dealflow.errors import (
    DealflowError,
    InputInvalid,
    ShowUnknown,
    Stopping,
    TooManyShows,
)
from dealflow.intents.base import Classifier, LearnRules
from dealflow.ledger.ledger import LotOutcome
from dealflow.model.correction import Correction
from dealflow.model.facts import (
    ChatSeen,
    SourceChanged,
    SourceStatus,
)
from dealflow.model.filters import Filters
from dealflow.model.intent import Intent
from dealflow.model.message import Channel
from dealflow.model.revision import Revision
from dealflow.model.show import ShowRules
from dealflow.model.text import MAX_NAME, clean
from dealflow.pipeline.base import (
    Doubter,
    FilterState,
    Outcome,
    PushedMessage,
    RunState,
    StartRequest,
)
from dealflow.pipeline.correcting import seller_revision
from dealflow.pipeline.filters import Filter
from dealflow.pipeline.finding import find
from dealflow.pipeline.intake import learn_nothing
from dealflow.pipeline.reanalyses import FindClassifier, Reanalyses
from dealflow.pipeline.shows import DRAIN_SECONDS, Active, Shows, wait_for
from dealflow.settings import Settings
from dealflow.sources.base import Platform, Reader, ShowRef, Transport
from dealflow.sources.registry import Platforms
from dealflow.sources.supervisor import Supervisor
from dealflow.store.base import Batch, Show, ShowUpdate, Store, StoredMessage
from dealflow.telemetry.metrics import Metrics

IDLE_SECONDS = 600.0
"""A pushed show leaves memory when nothing was pushed for this long; its rows stay."""

LEAVE_SECONDS = 3.0
"""How long a stop waits for a reader to leave its platform, a browser's page included."""

RESUME_MS = 12 * 3_600_000
"""A show that was being read when DealFlow died is read again if it began within this time."""

_log = logging.getLogger(__name__)


class ShowMonitor:
    """The pipelines of all shows; use it as an async context manager."""

    def __init__(
        self,
        *,
        settings: Settings,
        platforms: Platforms,
        store: Store,
        bus: Bus,
        classifier: Classifier,
        clock: Clock,
        metrics: Metrics,
        doubter: Doubter | None = None,
        classifiers: FindClassifier | None = None,
        learn: LearnRules = learn_nothing,
    ) -> None:
        self._settings = settings
        self._platforms = platforms
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._tasks = asyncio.TaskGroup()
        self._shows = Shows(
            settings=settings,
            store=store,
            bus=bus,
            classifier=classifier,
            clock=clock,
            metrics=metrics,
            doubter=doubter,
            learn=learn,
            tasks=self._tasks,
        )
        self._active = self._shows.active
        self._opening = self._shows.opening
        self._reanalyses = Reanalyses(
            store=store,
            clock=clock,
            find=classifiers or (lambda name: classifier),
            usual=settings.capture.threshold,
            rules=self._shows.rules,
            spawn=self._tasks.create_task,
        )

    async def __aenter__(self) -> ShowMonitor:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
        await self._tasks.__aexit__(kind, error, trace)

    @property
    def active(self) -> frozenset[str]:
        """Return the session keys of the shows that are being read or pushed to."""
        return frozenset(self._active)

    async def start(self, request: StartRequest) -> Show:
        """Begin to read a show, or return it when it is being read already.

        Raises:
            ShowUrlRefused, ShowUnknown, TransportUnknown, TooManyShows, InputInvalid, Stopping.
        """
        self._shows.check_open()
        if request.filters is not None:
            Filter(request.filters)  # a bad pattern is refused before anything is opened
        found = await find(self._platforms, request)
        platform, ref = found.platform, found.ref
        session_id = _session_key(request.session_id) or f"{ref.platform}:{ref.external_id}"
        async with self._opening:
            running = self._active.get(session_id)
            if running is not None and running.ref is not None:
                if running.ref != ref:
                    raise InputInvalid(
                        f"The session {session_id!r} reads another show: {running.ref.url}",
                        hint="Stop it first, or use another sessionId.",
                    )
                return running.show
            self._check_room()
            if request.transport is not Transport.AUTO:
                platform.reader(ref, request.transport)  # refuses an unknown way at once
            active = running or await self._shows.open(
                session_id,
                platform.name,
                ref.url,
                ref,
                rules=request.rules,
                filters=request.filters,
                threshold=request.threshold,
            )
            active.ref = ref
            await active.runner.submit(found.facts(self._clock.now_ms()))
            self._read(active, self._supervisor(platform, ref, request.transport, active))
            way = platform.ways[0] if request.transport is Transport.AUTO else request.transport
            return msgspec.structs.replace(
                active.show,
                title=found.info.title or active.show.title,
                seller=found.info.seller or active.show.seller,
                viewers=found.info.viewers,
                source=f"{platform.name}.{way}",
            )

    async def stop(self, session_id: str) -> Show:
        """Stop reading a show and return it once all that was read is committed.

        Raises:
            ShowUnknown: no show of that key is being read.
        """
        active = self._active.get(session_id)
        if active is None:
            raise ShowUnknown(f"No show with the key {session_id!r} is being read.")
        await self._end(active, "stopped on request")
        show = await self._store.show(active.show.id)
        return show or active.show

    async def push(
        self, session_id: str, messages: Sequence[PushedMessage], *, platform: str = "push"
    ) -> list[Outcome]:
        """Take messages; return what became of each, in order, after COMMIT.

        Raises:
            Overloaded, DiskFull, StoreUnavailable, Stopping, TooManyShows: nothing was taken.
        """
        self._shows.check_open()
        key = _session_key(session_id)
        if key is None:
            raise InputInvalid("A pushed message needs the key of its show.")
        active = self._active.get(key)
        if active is None:
            async with self._opening:
                active = self._active.get(key) or await self._open_pushed(key, platform)
        now = self._clock.now_ms()
        return await active.runner.push(
            [
                ChatSeen(
                    username=message.username,
                    text=message.text,
                    at=now,
                    platform_id=message.platform_id,
                    role=message.role,
                    sent_at=message.sent_at,
                    channel=Channel.PUSH,
                )
                for message in messages
            ]
        )

    async def reconsider(self, session_id: str, revisions: Sequence[Revision]) -> None:
        """Give stored messages further verdicts; see `pipeline.base.Monitor.reconsider`."""
        await self._shows.reconsider(session_id, revisions)

    async def correct(
        self,
        session_id: str,
        message_id: str,
        correction: Correction | None,
        intent: Intent | None = None,
    ) -> StoredMessage:
        """Take a seller's word on a message; see `pipeline.base.Monitor.correct`."""
        show = await self._shows.known(session_id)
        revision = await seller_revision(
            self._store,
            show,
            message_id,
            correction,
            intent,
            rules=self._shows.rules,
            now_ms=self._clock.now_ms(),
        )
        if revision is not None:
            await self.reconsider(session_id, [revision])
        stored = await self._store.message(show.id, message_id)
        assert stored is not None
        return stored

    async def reanalyse(
        self,
        session_id: str,
        *,
        model: str | None = None,
        threshold: float | None = None,
        again: bool = False,
    ) -> RunState:
        """Judge a stored show again; see `pipeline.base.Monitor.reanalyse`."""
        self._shows.check_open()
        return await self._reanalyses.start(
            await self._shows.known(session_id), model=model, threshold=threshold, again=again
        )

    async def reanalysis(self, session_id: str) -> RunState | None:
        """Return how a show's latest reanalysis stands, if there is any."""
        return await self._reanalyses.of(await self._shows.known(session_id))

    async def replay(
        self,
        reader: Reader,
        *,
        session_id: str,
        url: str,
        rules: ShowRules | None,
        filters: Filters | None = None,
        threshold: float | None = None,
    ) -> Show:
        """Read a recorded show to its end through the whole pipeline."""
        self._shows.check_open()
        async with self._opening:
            active = await self._shows.open(
                session_id, "replay", url, None, rules=rules, filters=filters, threshold=threshold
            )

            async def read() -> None:
                await self._tell(active, SourceStatus.LIVE, "playing the recording")
                await reader.run(active.runner.submit)
                await self._tell(active, SourceStatus.ENDED, "the recording is over")

            self._read(active, read)
        if active.running is not None:
            await asyncio.wait([active.running])
        if active.error is not None:
            raise active.error
        return active.show

    async def filters(self, session_id: str) -> FilterState:
        """Return what a show keeps out.

        Raises:
            ShowUnknown: there is no show of that key.
        """
        active = self._active.get(session_id)
        if active is not None:
            return active.runner.intake.filter_state
        show = await self._shows.known(session_id)
        return FilterState(filters=show.filters or self._settings.filters.filters())

    async def set_filters(self, session_id: str, filters: Filters) -> FilterState:
        """Keep a show's filters with it, and use them from its next message on.

        Raises:
            InputInvalid: an entry is no usable pattern; its place is named, and nothing changed.
            ShowUnknown: there is no show of that key.
            DiskFull, StoreUnavailable: nothing changed.
        """
        ready = Filter(filters)
        async with self._opening:
            show = await self._shows.known(session_id)
            await self._store.append(
                Batch(
                    show_id=show.id,
                    epoch=show.epoch,
                    at=self._clock.now_ms(),
                    update=ShowUpdate(filters=filters),
                )
            )
            if (active := self._active.get(session_id)) is not None:
                active.runner.intake.filter = ready
        return await self.filters(session_id)

    def ledger(self, session_id: str) -> tuple[LotOutcome, ...]:
        """Return what became of each lot of a show that is, or just was, in memory.

        Raises:
            ShowUnknown: the show is not in memory.
        """
        return self._shows.outcomes(session_id)

    async def resume(self) -> list[str]:
        """Read the shows again that were being read when the process ended; return their keys."""
        since = self._clock.now_ms() - RESUME_MS
        resumed: list[str] = []
        for show in await self._store.shows():
            if show.ended_at is not None or show.started_at < since or not show.url:
                continue
            try:
                await self.start(StartRequest(url=show.url, session_id=show.session_id))
            except DealflowError as error:
                _log.warning("a show was not resumed", extra={"show": show.id, "why": str(error)})
            else:
                resumed.append(show.session_id)
        return resumed

    async def aclose(self) -> None:
        """Stop reading and commit everything; the shows are resumed at the next start."""
        self._shows.stopping = True
        await self._reanalyses.aclose()
        await self._shows.aclose()
        shows = list(self._active.values())
        for active in shows:
            active.leaving = True
            if active.reading is not None:
                active.reading.cancel()
        await wait_for((active.reading for active in shows), LEAVE_SECONDS)
        for active in shows:
            active.runner.close()
        for late in await wait_for((active.running for active in shows), DRAIN_SECONDS):
            late.cancel()

    def _check_room(self) -> None:
        reading = sum(1 for active in self._active.values() if active.ref is not None)
        if reading >= self._settings.max_shows:
            raise TooManyShows(f"{reading} shows are being read, which is the limit.")

    async def _open_pushed(self, session_id: str, platform: str) -> Active:
        self._close_idle()
        pushed = sum(1 for active in self._active.values() if active.ref is None)
        if pushed >= self._settings.max_shows:
            raise TooManyShows(f"{pushed} pushed shows are open, which is the limit.")
        return await self._shows.open(session_id, platform, "", None)

    def _close_idle(self) -> None:
        before = self._clock.monotonic() - IDLE_SECONDS
        for active in self._active.values():
            if active.ref is None and active.runner.touched < before:
                active.runner.close()

    def _supervisor(
        self, platform: Platform, ref: ShowRef, transport: Transport, active: Active
    ) -> Callable[[], Awaitable[None]]:
        supervisor = Supervisor(
            platform,
            ref,
            transport,
            clock=self._clock,
            metrics=self._metrics,
            quiet_seconds=self._settings.whatnot.quiet_seconds,
            stall_seconds=self._settings.whatnot.stall_seconds,
            random=random.Random(),
        )
        return partial(supervisor.run, active.runner.submit)

    def _read(self, active: Active, read: Callable[[], Awaitable[None]]) -> None:
        active.reading = self._tasks.create_task(
            self._guard(active, read), name=f"reader {active.show.id}"
        )

    async def _guard(self, active: Active, read: Callable[[], Awaitable[None]]) -> None:
        """Read until the end; what goes wrong is told as a state and never reaches other shows."""
        try:
            await read()
        except DealflowError as error:
            active.error = error
            await self._tell(active, SourceStatus.FAILED, str(error))
        except Exception:  # noqa: BLE001 - the edge of the task: one show's fault stays its own
            _log.exception("a reader failed", extra={"show": active.show.id})
            await self._tell(active, SourceStatus.FAILED, "a fault in DealFlow; see its log")
        finally:
            if not active.leaving:
                active.runner.close()

    async def _end(self, active: Active, reason: str) -> None:
        active.leaving = True
        if active.reading is not None:
            active.reading.cancel()
        await wait_for((active.reading,), LEAVE_SECONDS)
        await self._tell(active, SourceStatus.ENDED, reason)
        active.runner.close()
        await wait_for((active.running,), DRAIN_SECONDS)

    async def _tell(self, active: Active, status: SourceStatus, reason: str) -> None:
        changed = SourceChanged(status=status, at=self._clock.now_ms(), reason=reason)
        try:
            await active.runner.submit([changed])
        except Stopping:
            _log.info("a show had stopped already", extra={"show": active.show.id})


def _session_key(key: str | None) -> str | None:
    """Return a caller's key, cleaned.

    Raises:
        InputInvalid: it is empty or too long.
    """
    if key is None:
        return None
    cleaned = clean(key)
    if not cleaned.strip() or len(cleaned) > MAX_NAME:
        raise InputInvalid(f"A session key has 1 to {MAX_NAME} characters.")
    return cleaned

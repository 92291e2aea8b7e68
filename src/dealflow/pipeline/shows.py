"""The shows in memory: opened, driven, borrowed for a moment, and let go."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from dealflow.bus.base import Bus
from dealflow.clock import Clock
from dealflow.errors import DealflowError, ShowUnknown, Stopping
from dealflow.intents.base import Classifier, LearnRules
from dealflow.ledger.ledger import LotOutcome
from dealflow.model.filters import Filters
from dealflow.model.revision import Revision
from dealflow.model.rule_line import parse_rules
from dealflow.model.show import ShowRules
from dealflow.pipeline.base import Doubter
from dealflow.pipeline.filters import Filter
from dealflow.pipeline.restore import restore
from dealflow.pipeline.runner import ShowRunner
from dealflow.settings import Settings
from dealflow.sources.base import ShowRef
from dealflow.store.base import Show, Store
from dealflow.telemetry.metrics import Metrics

DRAIN_SECONDS = 5.0
"""How long a stop waits, after that, for what was read to be committed: 10 s in all to exit."""

KEPT_OUTCOMES = 32
"""Finished shows whose ledger can still be asked for."""

_log = logging.getLogger(__name__)


class Active:
    """A show in memory: its runner, and its reader where it has one."""

    def __init__(self, runner: ShowRunner, ref: ShowRef | None) -> None:
        self.runner = runner
        self.ref = ref
        self.reading: asyncio.Task[None] | None = None
        self.running: asyncio.Task[None] | None = None
        self.error: DealflowError | None = None
        self.leaving = False

    @property
    def show(self) -> Show:
        """Return the show as it was opened."""
        return self.runner.show


class Lent:
    """A show that is not read and was brought back to memory for its revisions."""

    def __init__(self, runner: ShowRunner, running: asyncio.Task[DealflowError | None]) -> None:
        self.runner = runner
        self.running = running


class Shows:
    """Every show that is read or pushed to, by its key.

    ``opening`` is held while a show is opened, so that no show has two pipelines. ``rules`` are
    those of shows that have none of their own. ``tasks`` is the owner's task group.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        store: Store,
        bus: Bus,
        classifier: Classifier,
        clock: Clock,
        metrics: Metrics,
        doubter: Doubter | None,
        learn: LearnRules,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self.active: dict[str, Active] = {}
        self.opening = asyncio.Lock()
        self.stopping = False
        self._settings = settings
        self._store = store
        self._bus = bus
        self._classifier = classifier
        self._clock = clock
        self._metrics = metrics
        self._doubter = doubter
        self._learn = learn
        self.rules = parse_rules(settings.rules) if settings.rules else None
        Filter(settings.filters.filters())  # a bad pattern is refused before any show is opened
        self._tasks = tasks
        self._finished: OrderedDict[str, tuple[LotOutcome, ...]] = OrderedDict()
        self._lent: Lent | None = None

    def check_open(self) -> None:
        """Pass while shows may be opened.

        Raises:
            Stopping: they may not be any more.
        """
        if self.stopping:
            raise Stopping("DealFlow is shutting down.")

    async def known(self, session_id: str) -> Show:
        """Return a stored show.

        Raises:
            ShowUnknown: there is none of that key.
        """
        show = await self._store.show_of(session_id)
        if show is None:
            raise ShowUnknown(f"No show with the key {session_id!r} is known.")
        return show

    def outcomes(self, session_id: str) -> tuple[LotOutcome, ...]:
        """Return what became of each lot of a show that is, or just was, in memory.

        Raises:
            ShowUnknown: the show is not in memory.
        """
        if (active := self.active.get(session_id)) is not None:
            return active.runner.outcomes
        if session_id in self._finished:
            return self._finished[session_id]
        raise ShowUnknown(f"The show {session_id!r} is not in memory.")

    async def open(
        self,
        session_id: str,
        platform: str,
        url: str,
        ref: ShowRef | None,
        *,
        rules: ShowRules | None = None,
        filters: Filters | None = None,
        threshold: float | None = None,
    ) -> Active:
        """Open a show and begin to drive it; the caller holds ``opening``."""
        await self._return_lent()
        show = await self._store.open_show(
            session_id=session_id,
            platform=platform,
            url=url,
            now_ms=self._clock.now_ms(),
            rules=rules,
            filters=filters,
            threshold=threshold,
        )
        runner = await self._runner(show)
        await runner.open()
        active = Active(runner, ref)
        active.running = self._tasks.create_task(self._run(active), name=f"runner {show.id}")
        self.active[session_id] = active
        self._metrics.active_shows.set(len(self.active))
        return active

    async def _runner(self, show: Show) -> ShowRunner:
        """Return the pipeline of a show with its memory brought back."""
        intake, record, last_at = await restore(
            self._store,
            show,
            show.capture_threshold(self._settings.capture.threshold),
            self._doubter,
            rules=self.rules,
            filters=self._settings.filters.filters(),
            learn=self._learn,
        )
        return ShowRunner(
            intake=intake,
            record=record,
            store=self._store,
            bus=self._bus,
            classifier=self._classifier,
            clock=self._clock,
            metrics=self._metrics,
            resumed_at=last_at,
            doubter=self._doubter,
        )

    async def reconsider(self, session_id: str, revisions: Sequence[Revision]) -> None:
        """Give stored messages of one show further verdicts; return after COMMIT.

        Raises:
            ShowUnknown, MessageUnknown: there is no such show, or no such message in it.
            Overloaded, DiskFull, StoreUnavailable, Stopping: none was taken.
        """
        while True:
            self.check_open()
            async with self.opening:  # so that nobody opens the show meanwhile
                active = self.active.get(session_id)
                if active is None:
                    lent = await self._lend(await self.known(session_id))
                    await lent.runner.reconsider(revisions)
                    if session_id in self._finished:
                        self._finished[session_id] = lent.runner.outcomes
                    return
            try:
                await active.runner.reconsider(revisions)
            except Stopping:
                await wait_for((active.running,), DRAIN_SECONDS)  # it is just being closed
            else:
                return

    async def aclose(self) -> None:
        """Let go of the show that was brought back last."""
        async with self.opening:
            await self._return_lent()

    async def _lend(self, show: Show) -> Lent:
        """Bring the memory of a show back that is not read; the caller holds ``opening``.

        A seller corrects one show several times in a row, so the last one stays until another is
        asked for, or any show is opened.
        """
        lent = self._lent
        if lent is not None and lent.runner.show.id == show.id and not lent.running.done():
            return lent
        await self._return_lent()
        runner = await self._runner(show)
        running = self._tasks.create_task(self._drive(runner), name=f"revising {show.id}")
        self._lent = Lent(runner, running)
        return self._lent

    async def _return_lent(self) -> None:
        if (lent := self._lent) is not None:
            self._lent = None
            lent.runner.close()
            await asyncio.wait([lent.running])

    async def _run(self, active: Active) -> None:
        session_id = active.show.session_id
        try:
            active.error = await self._drive(active.runner) or active.error
        finally:
            if active.reading is not None:
                active.reading.cancel()
            self._finished[session_id] = active.runner.outcomes
            while len(self._finished) > KEPT_OUTCOMES:
                self._finished.popitem(last=False)
            if self.active.get(session_id) is active:
                del self.active[session_id]
            self._metrics.active_shows.set(len(self.active))

    async def _drive(self, runner: ShowRunner) -> DealflowError | None:
        """Run a pipeline to its end; return what ended it before its time, if that has a name."""
        try:
            await runner.run()
        except DealflowError as error:
            _log.error("a show stopped", extra={"show": runner.show.id, "code": error.code})
            return error
        except Exception:  # noqa: BLE001 - the edge of the task: one show's fault stays its own
            _log.exception("a show stopped", extra={"show": runner.show.id})
        finally:
            runner.abandon()
        return None


async def wait_for(
    tasks: Iterable[asyncio.Task[None] | None], seconds: float
) -> set[asyncio.Task[None]]:
    """Wait for tasks, the absent ones left out; return those that are still running."""
    there = [task for task in tasks if task is not None]
    if not there:
        return set()
    _, late = await asyncio.wait(there, timeout=seconds)
    return late

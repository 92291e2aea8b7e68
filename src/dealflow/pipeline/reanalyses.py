"""The reanalyses that are under way beside the reading of shows, one for each show."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any

from dealflow.clock import Clock
from dealflow.errors import DealflowError
from dealflow.intents.base import Classifier
from dealflow.model.show import ShowRules
from dealflow.pipeline.base import RunState, RunStatus
from dealflow.pipeline.reanalysis import Reanalysis
from dealflow.store.base import Show, Store

KEPT = 32
"""Finished reanalyses whose report can still be asked for; a further one is made again quickly,
because its verdicts are stored."""

FindClassifier = Callable[[str | None], Classifier]
"""Makes a classifier by its name, or the usual one; it is used by nobody else."""

Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
"""Starts a task whose end somebody waits for."""

_log = logging.getLogger(__name__)


class Reanalyses:
    """Starts and remembers reanalyses.

    Args:
        store: where shows are.
        clock: the time of verdicts.
        find: finds classifiers.
        usual: the threshold of shows that have none of their own.
        rules: the rules of shows that have none of their own.
        spawn: starts a task.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        find: FindClassifier,
        usual: float,
        rules: ShowRules | None,
        spawn: Spawn,
    ) -> None:
        self._store = store
        self._clock = clock
        self._find = find
        self._usual = usual
        self._rules = rules
        self._spawn = spawn
        self._states: OrderedDict[str, RunState] = OrderedDict()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stop = asyncio.Event()

    async def start(
        self, show: Show, *, model: str | None, threshold: float | None, again: bool
    ) -> RunState:
        """Begin a reanalysis, or go on with it; return the one that is under way, if there is one.

        Raises:
            InputInvalid: there is no classifier of that name.
            DiskFull, StoreUnavailable: nothing was begun.
        """
        if show.id in self._tasks:
            return self._states[show.id]
        classifier = await asyncio.to_thread(self._find, model)  # it may read large files
        run = await self._store.open_run(
            show.id,
            model=classifier.name,
            threshold=show.capture_threshold(self._usual) if threshold is None else threshold,
            now_ms=self._clock.now_ms(),
            again=again,
        )
        if show.id not in self._tasks:
            state = RunState(run=run, status=RunStatus.RUNNING, total=show.counters.stored)
            self._remember(show.id, state)
            self._tasks[show.id] = self._spawn(self._work(show, state, classifier))
        return self._states[show.id]

    async def of(self, show: Show) -> RunState | None:
        """Return a show's latest reanalysis, if there is any.

        Raises:
            StoreUnavailable: the store does not answer now.
        """
        if show.id in self._states:
            return self._states[show.id]
        runs = await self._store.runs(show.id)
        if not runs:
            return None
        run = runs[0]
        status = RunStatus.FINISHED if run.finished_at is not None else RunStatus.INTERRUPTED
        return RunState(run=run, status=status, done=run.judged, total=show.counters.stored)

    async def aclose(self) -> None:
        """Stop; what was judged is kept."""
        self._stop.set()
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()))

    def _remember(self, show_id: str, state: RunState) -> None:
        self._states[show_id] = state
        self._states.move_to_end(show_id)
        while len(self._states) > KEPT:
            self._states.popitem(last=False)

    async def _work(self, show: Show, state: RunState, classifier: Classifier) -> None:
        def progress(done: int, total: int) -> None:
            state.done, state.total = done, total

        walk = Reanalysis(
            show,
            state.run,
            store=self._store,
            classifier=classifier,
            clock=self._clock,
            usual=self._usual,
            rules=self._rules,
        )
        try:
            state.report = await walk.work(self._stop, progress)
        except DealflowError as error:
            state.error = str(error)
        except Exception:  # noqa: BLE001 - the edge of the task: the shows go on being read
            _log.exception("a reanalysis failed", extra={"show": show.id})
            state.error = "a fault in DealFlow; see its log"
        finally:
            del self._tasks[show.id]
            state.status = RunStatus.FINISHED if state.report else RunStatus.INTERRUPTED
            if state.report is not None:
                state.run = state.report.run

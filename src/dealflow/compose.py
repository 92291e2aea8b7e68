"""The only wiring: names the concrete adapters and connects them.

Adapters are imported where they are made, so that a command loads only what it uses: reading a
show by socket needs neither the web framework nor the browser driver.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from dealflow.bus.memory import MemoryBus
from dealflow.clock import Clock, SystemClock
from dealflow.errors import (
    DataDirUnusable,
    InputInvalid,
    SettingsInvalid,
    ShowUnknown,
    StoreLocked,
)
from dealflow.settings import Settings
from dealflow.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from dealflow.api.schemas import FilterAnswer
    from dealflow.intents.base import Classifier, SecondOpinion
    from dealflow.model.correction import Corrected, Correction
    from dealflow.model.filters import Filters
    from dealflow.model.intent import Intent
    from dealflow.pipeline.base import Report
    from dealflow.pipeline.monitor import ShowMonitor
    from dealflow.pipeline.reanalysis import OnProgress
    from dealflow.pipeline.second.loop import SecondReader
    from dealflow.sources.base import Reader, ShowRef
    from dealflow.sources.browser.chromium import SharedBrowser
    from dealflow.sources.egress import Gate
    from dealflow.sources.registry import Platforms
    from dealflow.sources.whatnot.parse import FrameParser
    from dealflow.store.base import Show, Store, StoredMessage

STORE_FILE = "dealflow.db"
TOKEN_FILE = "token"
LEARNED_FILE = "judge.json"


class App:
    """DealFlow, put together and running."""

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        metrics: Metrics,
        store: Store,
        bus: MemoryBus,
        platforms: Platforms,
        gate: Gate,
        monitor: ShowMonitor,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.metrics = metrics
        self.store = store
        self.bus = bus
        self.platforms = platforms
        self.gate = gate
        self.monitor = monitor


def learned_file(settings: Settings) -> Path:
    """Return where `dealflow train --with-corrections` keeps what it learned."""
    return settings.data_path / LEARNED_FILE


def _grammar(settings: Settings, patient: bool) -> Classifier:
    del settings, patient
    from dealflow.intents.grammar import GrammarClassifier

    return GrammarClassifier()


def _linear(settings: Settings, patient: bool) -> Classifier:
    del patient
    from dealflow.intents.ensemble import EnsembleClassifier

    return EnsembleClassifier.load(encoder=False, own=learned_file(settings))


def _ensemble(settings: Settings, patient: bool) -> Classifier:
    from dealflow.intents.allowance import Allowance
    from dealflow.intents.ensemble import EnsembleClassifier

    allowance = Allowance.unbounded() if patient else Allowance()
    return EnsembleClassifier.load(own=learned_file(settings), allowance=allowance)


CLASSIFIERS: Mapping[str, Callable[[Settings, bool], Classifier]] = MappingProxyType(
    {"ensemble-1": _ensemble, "linear-1": _linear, "grammar-1": _grammar}
)
"""Every classifier by its name; the first is the usual one."""


def classifier(settings: Settings, name: str | None = None, *, patient: bool = False) -> Classifier:
    """Return a classifier.

    Args:
        settings: all of them.
        name: which one; ``None``: the one in use.
        patient: judge a running show as well as it can, however long that takes; for shows that
            are played again, and not for those that somebody waits for.

    Raises:
        InputInvalid: there is none of that name.
        ModelDamaged: a file of its model is missing or damaged.
    """
    make = CLASSIFIERS.get(next(iter(CLASSIFIERS)) if name is None else name)
    if make is None:
        raise InputInvalid(
            f"There is no classifier {name!r}.", hint=f"Known: {', '.join(CLASSIFIERS)}."
        )
    return make(settings, patient)


async def second_opinion(settings: Settings, *, gate: Gate, clock: Clock) -> SecondOpinion | None:
    """Return whoever is asked about doubtful messages, or ``None``: that is switched off.

    Raises:
        SettingsInvalid: it is switched on by half.
    """
    llm = settings.llm
    if bool(llm.base_url) != bool(llm.model):
        raise SettingsInvalid(
            "A second opinion needs llm.base_url and llm.model; only one of them is set."
        )
    if not llm.is_on:
        return None
    from dealflow.intents.llm.openai import OpenAIOpinion
    from dealflow.intents.llm.transport import Way
    from dealflow.sources.http import tls

    async def way() -> Way:
        await gate.start()
        proxy = gate.proxy
        return Way(
            server=proxy.server,
            username=proxy.username,
            password=proxy.password,
            tls=tls() if llm.base_url.startswith("https:") else None,
        )

    opinion = OpenAIOpinion(llm, clock=clock, way=way)
    await opinion.open()
    return opinion


def second_reader(
    settings: Settings,
    opinion: SecondOpinion | None,
    *,
    store: Store,
    clock: Clock,
    metrics: Metrics,
) -> SecondReader | None:
    """Return what asks for second opinions, if there is somebody to ask."""
    if opinion is None:
        return None
    from dealflow.pipeline.second.loop import SecondReader

    return SecondReader(
        settings.llm,
        threshold=settings.capture.threshold,
        opinion=opinion,
        store=store,
        clock=clock,
        metrics=metrics,
    )


class Pages:
    """The shared Chromium, loaded and started when the first page is asked for."""

    def __init__(
        self,
        settings: Settings,
        *,
        gate: Gate,
        clock: Clock,
        metrics: Metrics,
        folder: Path | None,
    ) -> None:
        self._settings = settings
        self._gate = gate
        self._clock = clock
        self._metrics = metrics
        self._folder = folder
        self._browser: SharedBrowser | None = None

    def whatnot(self, ref: ShowRef, parser: FrameParser) -> Reader:
        """Return a fresh reader of one Whatnot show in a page."""
        from dealflow.sources.whatnot.page import PageReader

        return PageReader(
            ref,
            pages=self._shared(),
            parser=parser,
            settings=self._settings.whatnot,
            clock=self._clock,
            metrics=self._metrics,
        )

    async def aclose(self) -> None:
        """End Chromium, if it was started."""
        if self._browser is not None:
            await self._browser.aclose()

    def _shared(self) -> SharedBrowser:
        if self._browser is None:
            from dealflow.sources.browser.chromium import SharedBrowser
            from dealflow.sources.whatnot.login import profile_of

            self._browser = SharedBrowser(
                self._settings.browser,
                gate=self._gate,
                clock=self._clock,
                metrics=self._metrics,
                profile=None if self._folder is None else profile_of(self._settings),
            )
        return self._browser


def data_dir(settings: Settings) -> Path:
    """Return the data folder; make it, for its owner only, when it is not there.

    Raises:
        DataDirUnusable: it cannot be made.
    """
    path = settings.data_path
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DataDirUnusable(
            f"The data folder {path} cannot be made: {error.strerror}."
        ) from error
    return path


async def stored_shows(settings: Settings) -> list[Show]:
    """Return the shows in the store, also while another DealFlow writes to it."""
    from dealflow.store.listing import list_shows

    return await list_shows(data_dir(settings) / STORE_FILE)


async def stored_corrections(settings: Settings) -> list[Corrected]:
    """Return the messages on which a seller's word stands, as they were judged.

    Works while another DealFlow writes to the store.
    """
    from dealflow.store.listing import list_corrections

    return await list_corrections(data_dir(settings) / STORE_FILE)


async def correct(
    settings: Settings,
    name: str,
    message_id: str,
    correction: Correction | None,
    intent: Intent | None,
) -> tuple[Show, StoredMessage]:
    """Take a seller's word on a message; return its show and the message as it stands.

    Args:
        settings: all of them.
        name: the show's key or its id.
        message_id: the message.
        correction: what the seller says; ``None`` takes it back.
        intent: the right intent, if it is named.

    Raises:
        ShowUnknown, MessageUnknown, InputInvalid: there is nothing to correct that way.
        StoreLocked: another DealFlow writes to the store; it takes corrections itself.
    """
    try:
        async with open_app(settings, asks=False) as app:
            show = await show_named(app.store, name)
            stored = await app.monitor.correct(show.session_id, message_id, correction, intent)
            return show, stored
    except StoreLocked as error:
        path = f"/api/sessions/{name}/messages/{message_id}/correction"
        raise StoreLocked(str(error), hint=f"Ask the DealFlow that runs: POST {path}") from error


async def reanalyse(
    settings: Settings,
    name: str,
    *,
    model: str | None,
    threshold: float | None,
    again: bool,
    stop: asyncio.Event,
    on_progress: OnProgress,
) -> tuple[Show, Report | None]:
    """Judge a stored show again; return it, and the report unless it was stopped.

    Args:
        settings: all of them.
        name: the show's key or its id.
        model: the classifier's name; ``None``: the one in use.
        threshold: from which confidence a message is a buyer's; ``None``: the show's own.
        again: begin a fresh run, also where there is one of this model and threshold.
        stop: set it to stop soon; the same call goes on from there.
        on_progress: is told how many messages are done, of how many.

    Raises:
        ShowUnknown, InputInvalid: there is no such show, or no such classifier.
        StoreLocked: another DealFlow writes to the store; it judges again itself.
    """
    from dealflow.model.rule_line import parse_rules
    from dealflow.pipeline.reanalysis import Reanalysis
    from dealflow.store.sqlite import SqliteStore

    judge = classifier(settings, model, patient=True)
    usual, clock = settings.capture.threshold, SystemClock()
    try:
        store = await SqliteStore.open(
            data_dir(settings) / STORE_FILE, clock=clock, metrics=Metrics()
        )
    except StoreLocked as error:
        path = f"/api/sessions/{name}/reanalysis"
        raise StoreLocked(str(error), hint=f"Ask the DealFlow that runs: POST {path}") from error
    try:
        show = await show_named(store, name)
        run = await store.open_run(
            show.id,
            model=judge.name,
            threshold=show.capture_threshold(usual) if threshold is None else threshold,
            now_ms=clock.now_ms(),
            again=again,
        )
        walk = Reanalysis(
            show,
            run,
            store=store,
            classifier=judge,
            clock=clock,
            usual=usual,
            rules=parse_rules(settings.rules) if settings.rules else None,
        )
        return show, await walk.work(stop, on_progress)
    finally:
        await store.aclose()


async def show_named(store: Store, name: str) -> Show:
    """Return the show of this key or this id.

    Raises:
        ShowUnknown: there is none.
    """
    show = await store.show_of(name) or await store.show(name)
    if show is None:
        raise ShowUnknown(
            f"There is no show {name!r}.", hint="`dealflow shows --json` names those that are."
        )
    return show


async def change_filters(
    settings: Settings, name: str, change: Callable[[Filters], Filters] | None
) -> FilterAnswer:
    """Return a stored show's filters, changed if asked for; no other DealFlow may write meanwhile.

    Raises:
        ShowUnknown: no show of that key or id is stored.
        InputInvalid: an entry is no usable pattern; nothing changed.
        StoreLocked: another DealFlow writes to the store.
    """
    from dealflow.api.answers import filters_of
    from dealflow.api.services import find_show

    async with open_app(settings) as app:
        show = await find_show(app.store, name)
        state = await app.monitor.filters(show.session_id)
        if change is not None:
            state = await app.monitor.set_filters(show.session_id, change(state.filters))
        return filters_of(show, state)


@asynccontextmanager
async def open_app(
    settings: Settings, *, in_memory: bool = False, asks: bool = True
) -> AsyncIterator[App]:
    """Put DealFlow together; on leaving, stop every show, commit everything and close.

    Args:
        settings: all of them.
        in_memory: keep the store in memory and touch no data folder.
        asks: ask for second opinions, where the settings say whom.
    """
    from dealflow.intents.rules import Announcements
    from dealflow.pipeline.monitor import ShowMonitor
    from dealflow.sources.egress import Gate, policy_for
    from dealflow.sources.registry import Platforms
    from dealflow.sources.whatnot.platform import WhatnotPlatform
    from dealflow.store.sqlite import SqliteStore

    clock, metrics, bus = SystemClock(), Metrics(), MemoryBus()
    folder = None if in_memory else data_dir(settings)
    store = await SqliteStore.open(
        None if folder is None else folder / STORE_FILE, clock=clock, metrics=metrics
    )
    gate = Gate(policy_for(settings), clock=clock, metrics=metrics)
    pages = Pages(settings, gate=gate, clock=clock, metrics=metrics, folder=folder)
    whatnot = WhatnotPlatform(
        settings, gate=gate, page_reader=pages.whatnot, clock=clock, metrics=metrics
    )
    second: SecondOpinion | None = None
    try:
        # What is only replayed is not worth money, and a store in memory would forget the bill.
        if asks and not in_memory:
            second = await second_opinion(settings, gate=gate, clock=clock)
        reader = second_reader(settings, second, store=store, clock=clock, metrics=metrics)
        platforms = Platforms([whatnot])
        async with (
            ShowMonitor(
                settings=settings,
                platforms=platforms,
                store=store,
                bus=bus,
                classifier=classifier(settings, patient=in_memory),
                clock=clock,
                metrics=metrics,
                doubter=reader,
                classifiers=partial(classifier, settings, patient=True),
                learn=Announcements(),
            ) as monitor,
            nullcontext() if reader is None else reader.reading(monitor.reconsider),
        ):
            yield App(
                settings=settings,
                clock=clock,
                metrics=metrics,
                store=store,
                bus=bus,
                platforms=platforms,
                gate=gate,
                monitor=monitor,
            )
    finally:
        if second is not None:
            await second.aclose()
        await pages.aclose()
        await gate.aclose()
        await store.aclose()
        await bus.aclose()


async def serve(
    settings: Settings, stop: asyncio.Event, *, on_ready: Callable[[str, str], None]
) -> None:
    """Serve the API until ``stop`` is set.

    Args:
        settings: all of them.
        stop: set it to end; everything that was read is committed first.
        on_ready: gets the address and a link that logs a browser in once.
    """
    from dealflow.api.app import create_app
    from dealflow.api.server import Server
    from dealflow.api.tokens import load_or_make_token

    async with open_app(settings) as app:
        token = settings.token or load_or_make_token(settings.data_path / TOKEN_FILE)
        api = create_app(
            settings=settings,
            store=app.store,
            bus=app.bus,
            monitor=app.monitor,
            metrics=app.metrics,
            clock=app.clock,
            token=token,
        )
        server = Server(api, settings.api)
        await server.start()
        try:
            on_ready(server.url, server.login_link())
            await app.monitor.resume()
            await stop.wait()
        finally:
            await server.stop()

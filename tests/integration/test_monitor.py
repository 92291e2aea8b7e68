"""Shows start, stop, fail and come back, each without touching the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dealflow.bus.memory import MemoryBus
from dealflow.clock import SystemClock
from dealflow.errors import (
    EgressRefused,
    InputInvalid,
    ShowUnknown,
    ShowUrlRefused,
    Stopping,
    TooManyShows,
    TransportUnknown,
)
from dealflow.model.events import decode
from dealflow.model.facts import ChatSeen
from dealflow.pipeline.base import PushedMessage, StartRequest
from dealflow.pipeline.monitor import ShowMonitor
from dealflow.settings import Settings
from dealflow.sources.base import Transport
from dealflow.sources.registry import Platforms
from dealflow.store.base import Store
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics
from tests.fakes.classifier import WordClassifier
from tests.fakes.platform import HOST, QueuePlatform


class World:
    """A monitor over a real store and a platform of queues."""

    def __init__(self, monitor: ShowMonitor, store: Store, platform: QueuePlatform) -> None:
        self.monitor = monitor
        self.store = store
        self.platform = platform

    async def texts(self, session_id: str) -> list[str]:
        show = await self.store.show_of(session_id)
        assert show is not None
        stored = await self.store.messages(show.id, limit=1000)
        return [one.message.text for one in stored]

    async def states(self, session_id: str) -> list[str]:
        show = await self.store.show_of(session_id)
        assert show is not None
        frames = await self.store.frames(show.id, after=0, limit=1000, kinds=("source_state",))
        return [decode(frame.data).state for frame in frames]  # type: ignore[union-attr]  # by kind


@asynccontextmanager
async def world(path: Path, **settings: int) -> AsyncIterator[World]:
    clock, metrics, platform = SystemClock(), Metrics(), QueuePlatform()
    store = await SqliteStore.open(path / "shows.db", clock=clock, metrics=metrics)
    try:
        async with ShowMonitor(
            settings=Settings(**settings),  # type: ignore[arg-type]  # only numbers are set here
            platforms=Platforms([platform]),
            store=store,
            bus=MemoryBus(),
            classifier=WordClassifier(),
            clock=clock,
            metrics=metrics,
        ) as monitor:
            yield World(monitor, store, platform)
    finally:
        await store.aclose()


def wish(name: str, **more: object) -> StartRequest:
    return StartRequest(url=HOST + name, **({"session_id": name} | more))  # type: ignore[arg-type]  # built from parts


def chat(text: str, id: str) -> ChatSeen:
    return ChatSeen(username="amy", text=text, at=1_000, platform_id=id)


async def until(met: Callable[[], object], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not met():
            await asyncio.sleep(0.01)


@pytest.mark.asyncio
async def test_a_show_is_read_to_its_end(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        queue = here.platform.show("a")
        await here.monitor.start(wish("a"))
        queue.put_nowait([chat("hi", "1"), chat("mine", "2")])
        queue.put_nowait(None)
        await until(lambda: not here.monitor.active)
        assert await here.texts("a") == ["hi", "mine"]
        assert (await here.states("a"))[-1] == "ended"
        show = await here.store.show_of("a")
        assert show is not None
        assert show.ended_at is not None


@pytest.mark.asyncio
async def test_stopping_commits_what_was_read_and_says_so(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.platform.show("a").put_nowait([chat("hi", "1")])
        await here.monitor.start(wish("a"))
        await until(lambda: here.platform.show("a").empty())
        show = await here.monitor.stop("a")
        assert await here.texts("a") == ["hi"]
        assert show.ended_at is not None
        assert here.monitor.active == frozenset()
        with pytest.raises(ShowUnknown):
            await here.monitor.stop("a")


@pytest.mark.asyncio
async def test_what_may_not_be_opened_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        with pytest.raises(ShowUrlRefused):
            await here.monitor.start(StartRequest(url="https://elsewhere.example/live/a"))
        with pytest.raises(ShowUnknown):
            await here.monitor.start(wish("nobody-made-this"))
        here.platform.show("a")
        with pytest.raises(TransportUnknown):
            await here.monitor.start(wish("a", transport=Transport.BROWSER))
        with pytest.raises(InputInvalid):
            await here.monitor.start(wish("a", session_id="x" * 201))
        assert await here.store.shows() == []


@pytest.mark.asyncio
async def test_starting_again_changes_nothing_and_another_show_under_the_key_is_refused(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        here.platform.show("a")
        here.platform.show("b")
        first = await here.monitor.start(wish("a"))
        again = await here.monitor.start(wish("a"))
        assert first.id == again.id
        with pytest.raises(InputInvalid, match="another show"):
            await here.monitor.start(wish("b", session_id="a"))


@pytest.mark.asyncio
async def test_the_cap_on_shows_holds(tmp_path: Path) -> None:
    async with world(tmp_path, max_shows=1) as here:
        here.platform.show("a")
        here.platform.show("b")
        await here.monitor.start(wish("a"))
        with pytest.raises(TooManyShows):
            await here.monitor.start(wish("b"))


@pytest.mark.asyncio
async def test_fallbacks_and_discovery_stand_in_for_a_show_that_is_over(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        for name in ("over", "second", "third"):
            here.platform.show(name)
        here.platform.ended.add("over")
        by_hand = await here.monitor.start(wish("over", fallback_urls=(HOST + "second",)))
        assert by_hand.url == HOST + "second"
        found = await here.monitor.start(wish("over", session_id="other", auto_discover=True))
        assert found.url in (HOST + "second", HOST + "third")


@pytest.mark.asyncio
async def test_one_shows_fault_is_its_own(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        bad, good = here.platform.show("bad"), here.platform.show("good")
        await here.monitor.start(wish("bad"))
        await here.monitor.start(wish("good"))
        bad.put_nowait(RuntimeError("a parser's fault"))
        await until(bad.empty)
        good.put_nowait([chat("hi", "1")])
        bad.put_nowait(
            [chat("still here", "2")]
        )  # for the reader that takes the fallen one's place
        await until(lambda: good.empty() and bad.empty())
        for name in ("good", "bad"):
            await here.monitor.stop(name)
        assert await here.texts("good") == ["hi"]
        assert await here.texts("bad") == ["still here"]


@pytest.mark.asyncio
async def test_a_show_that_cannot_be_read_fails_and_says_why(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.platform.show("a").put_nowait(EgressRefused("The host is not to be opened."))
        await here.monitor.start(wish("a"))
        await until(lambda: not here.monitor.active)
        assert (await here.states("a"))[-1] == "failed"


@pytest.mark.asyncio
async def test_a_stop_of_the_process_commits_all_and_the_shows_are_resumed(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        for number in range(20):
            here.platform.show(f"s{number}").put_nowait([chat("hi", "1")])
            await here.monitor.start(wish(f"s{number}"))
        await until(lambda: all(queue.empty() for queue in here.platform.shows.values()))
    async with world(tmp_path) as here:
        for number in range(20):
            assert await here.texts(f"s{number}") == ["hi"]
            here.platform.show(f"s{number}")
        assert len(await here.monitor.resume()) == 20
        here.platform.show("s0").put_nowait([chat("hi", "1"), chat("more", "2")])
        await until(here.platform.show("s0").empty)
        await here.monitor.stop("s0")
        assert await here.texts("s0") == ["hi", "more"]


@pytest.mark.asyncio
async def test_a_new_key_opens_a_pushed_show(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        messages = [
            PushedMessage(username="amy", text="mine"),
            PushedMessage(username="bo", text="hi"),
        ]
        outcomes = await here.monitor.push("test-session-id", messages)
        assert [one.status for one in outcomes] == ["stored", "stored"]
        assert [one.captured for one in outcomes] == [True, False]
        assert here.monitor.active == {"test-session-id"}
        again = await here.monitor.push("test-session-id", messages[1:])
        assert again[0].status == "stored"
        assert await here.texts("test-session-id") == ["mine", "hi", "hi"]


@pytest.mark.asyncio
async def test_nothing_is_taken_while_it_stops(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.platform.show("a")
        await here.monitor.aclose()
        with pytest.raises(Stopping):
            await here.monitor.start(wish("a"))
        with pytest.raises(Stopping):
            await here.monitor.push("b", [PushedMessage(username="amy", text="hi")])

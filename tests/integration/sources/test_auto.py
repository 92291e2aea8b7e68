"""``auto`` on the stage: socket, page and back, with every message stored once and in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest

from dealflow.compose import App, open_app
from dealflow.model.events import SourceStateChanged, decode
from dealflow.pipeline.base import StartRequest
from dealflow.settings import Settings, WhatnotSettings
from dealflow.sources import supervisor
from dealflow.stage.whatnot import Stage
from dealflow.store.base import Show

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(90),
]

PATIENCE = 40.0


class Watched:
    """A show that is being read into a store in memory."""

    def __init__(self, app: App, show: Show) -> None:
        self.app = app
        self.show = show

    async def texts(self) -> list[str]:
        stored = await self.app.store.messages(self.show.id, limit=1_000)
        return [each.message.text for each in stored]

    async def states(self) -> list[tuple[str, str]]:
        """Return every state that was told, with the reason."""
        frames = await self.app.store.frames(self.show.id, after=0, limit=10_000)
        events = [decode(frame.data) for frame in frames if frame.kind == "source_state"]
        return [(str(e.state), e.reason) for e in events if isinstance(e, SourceStateChanged)]

    async def until(self, is_so: Callable[[list[str], list[tuple[str, str]]], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not is_so(await self.texts(), await self.states()):
                await asyncio.sleep(0.1)


def is_live(states: list[tuple[str, str]]) -> bool:
    return states != [] and states[-1][0] == "live"


@asynccontextmanager
async def watched(stage: Stage) -> AsyncGenerator[Watched]:
    settings = Settings(whatnot=WhatnotSettings(base_url=stage.base_url, quiet_seconds=4.0))
    async with open_app(settings, in_memory=True) as app:
        show = await app.monitor.start(StartRequest(url=stage.show_url))
        yield Watched(app, show)


async def test_refused_by_socket_it_reads_the_page_and_returns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(supervisor, "SLOW", (6.0, 6.0))
    async with Stage() as stage:
        await stage.fault("refuse_sockets")
        await stage.fault("feed")
        async with watched(stage) as watching:
            await watching.until(lambda _, states: is_live(states))
            expected = []
            for number in range(10):
                expected.append(f"in the page {number}")
                await stage.say(f"viewer{number % 3}", expected[-1])
            await watching.until(lambda texts, _: len(texts) == 10)
            await stage.clear("refuse_sockets")
            number = 0
            while "the better way works again" not in str(await watching.states()):
                expected.append(f"meanwhile {number}")
                await stage.say(f"viewer{number % 3}", expected[-1])
                number += 1
                assert number < 300
                await asyncio.sleep(0.1)
            for number in range(10):
                expected.append(f"by socket {number}")
                await stage.say(f"viewer{number % 3}", expected[-1])
            await watching.until(lambda texts, _: expected[-1] in texts)
            assert await watching.texts() == expected
            states = [state for state, _ in await watching.states()]
            assert states == ["connecting", "blocked", "connecting", "live", "live"]


async def test_a_deaf_socket_is_found_out_by_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "CHECK_SECONDS", 2.0)
    async with Stage() as stage, watched(stage) as watching:
        await watching.until(lambda _, states: is_live(states))
        await stage.viewers(40)
        for number in range(3):
            await stage.say("amy", f"heard {number}")
        await stage.fault("drop_socket_delivery")
        number = 0
        while "silent here" not in str(await watching.states()):
            await stage.say("bea", f"unheard {number}")
            number += 1
            assert number < 100
            await asyncio.sleep(0.3)
        await stage.say("bea", "at last")
        await watching.until(lambda texts, _: "at last" in texts)
        expected = [f"heard {each}" for each in range(3)]
        expected += [f"unheard {each}" for each in range(number)]
        assert await watching.texts() == [*expected, "at last"]

"""Filters and learned rules over a running show, its store and a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dealflow.bus.memory import MemoryBus
from dealflow.clock import SystemClock
from dealflow.errors import InputInvalid, ShowUnknown
from dealflow.intents.grammar import GrammarClassifier
from dealflow.intents.rules import Announcements
from dealflow.model.events import RulesChanged, decode
from dealflow.model.filters import Filters
from dealflow.model.intent import Role
from dealflow.model.show import ShowRules
from dealflow.pipeline.base import Outcome, PushedMessage, StartRequest
from dealflow.pipeline.monitor import ShowMonitor
from dealflow.settings import FilterSettings, Settings
from dealflow.sources.registry import Platforms
from dealflow.store.base import Show, Store
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics
from tests.fakes.platform import HOST, QueuePlatform

pytestmark = pytest.mark.asyncio

CLASSIFIER = GrammarClassifier()


class World:
    """A monitor with the real grammar over a real store."""

    def __init__(self, monitor: ShowMonitor, store: Store, metrics: Metrics) -> None:
        self.monitor = monitor
        self.store = store
        self.metrics = metrics

    async def push(self, text: str, user: str = "amy", role: Role = Role.VIEWER) -> Outcome:
        [outcome] = await self.monitor.push(
            "friday", [PushedMessage(username=user, text=text, role=role)]
        )
        return outcome

    async def show(self) -> Show:
        show = await self.store.show_of("friday")
        assert show is not None
        return show

    async def accounted(self) -> dict[str, int]:
        """Return what was dropped, once the accounting is seen to be exact."""
        counters = (await self.show()).counters
        dropped = sum(counters.dropped.values())
        assert counters.read == counters.stored + counters.duplicates + dropped
        return counters.dropped


@asynccontextmanager
async def world(path: Path, settings: Settings | None = None) -> AsyncIterator[World]:
    clock, metrics = SystemClock(), Metrics()
    store = await SqliteStore.open(path / "shows.db", clock=clock, metrics=metrics)
    try:
        async with ShowMonitor(
            settings=settings or Settings(),
            platforms=Platforms([QueuePlatform()]),
            store=store,
            bus=MemoryBus(),
            classifier=CLASSIFIER,
            clock=clock,
            metrics=metrics,
            learn=Announcements(),
        ) as monitor:
            yield World(monitor, store, metrics)
    finally:
        await store.aclose()


async def test_filters_change_while_a_show_runs_and_every_drop_is_counted(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        assert (await here.push("free followers")).status == "stored"
        await here.monitor.set_filters(
            "friday",
            Filters(mute=("bot_*",), deny=("free",), links=True, repeats=1, flood=4, window=600),
        )
        said = [
            ("free followers", "amy", "denied"),
            ("hello", "bot_1", "muted"),
            ("see evil.com", "amy", "link"),
            *[(f"text number {n}", "bob", "stored") for n in range(4)],
            ("one more", "bob", "flood"),
        ]
        for text, user, status in said:
            assert (await here.push(text, user)).status == status
        assert (await here.push("free evil.com", "the_host", Role.HOST)).status == "stored"
        state = await here.monitor.filters("friday")
        assert [held.reason for held in state.held] == ["denied", "muted", "link", "flood"]
        assert await here.accounted() == {"denied": 1, "muted": 1, "link": 1, "flood": 1}
        assert b'dealflow_messages_dropped_total{reason="denied"} 1.0' in here.metrics.text()
        await here.monitor.set_filters("friday", Filters())
        assert (await here.push("free followers")).status == "stored"


async def test_filters_are_kept_and_a_bad_one_changes_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.push("hi")
        await here.monitor.set_filters("friday", Filters(mute=("amy",)))
        with pytest.raises(InputInvalid, match=r"patterns\[0\]"):
            await here.monitor.set_filters("friday", Filters(patterns=("/(/",)))
        with pytest.raises(ShowUnknown):
            await here.monitor.set_filters("another", Filters())
    async with world(tmp_path) as here:
        assert (await here.monitor.filters("friday")).filters == Filters(mute=("amy",))
        assert (await here.push("hi again")).status == "muted"
        await here.accounted()


async def test_the_settings_hold_what_every_show_keeps_out(tmp_path: Path) -> None:
    settings = Settings(filters=FilterSettings(deny=("free",)), rules="numbers are items")
    async with world(tmp_path, settings) as here:
        assert (await here.push("free stuff")).status == "denied"
        outcome = await here.push("26 38 74")
        assert outcome.verdict is not None
        assert [claim.item for claim in outcome.verdict.claims] == ["26", "38", "74"]
    with pytest.raises(InputInvalid, match="blah"):
        async with world(tmp_path, Settings(rules="blah")):
            pass


async def test_a_bad_pattern_stops_a_start_before_anything_is_opened(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        with pytest.raises(InputInvalid, match=r"mute\[0\]"):
            await here.monitor.start(
                StartRequest(url=HOST + "a", session_id="a", filters=Filters(mute=("/(/",)))
            )
        assert await here.store.show_of("a") is None


async def test_a_rule_that_the_host_announces_holds_from_there_on_and_after_a_restart(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        before = await here.push("lock 5", "amy")
        assert before.verdict is not None
        assert not before.verdict.intent.is_buyer
        told = await here.push("type LOCK and the number to claim", "shop", Role.HOST)
        after = await here.push("lock 5", "bob")
        assert after.verdict is not None
        assert after.verdict.intent.is_buyer
        assert "claim word of this show" in after.verdict.reason
        show = await here.show()
        [entry] = show.learned
        assert (entry.source, entry.rule) == (
            told.message_id,
            "number = item; claim words: lock",
        )
        frames = await here.store.frames(show.id, after=0, limit=50, kinds=("rules_changed",))
        [changed] = [decode(frame.data) for frame in frames]
        assert isinstance(changed, RulesChanged)
        assert changed.rules == ShowRules(claim_words=("lock",), number_is="item")
        assert changed.learned == show.learned
    async with world(tmp_path) as here:
        again = await here.push("lock 7", "cat")
        assert again.verdict is not None
        assert again.verdict.intent.is_buyer


async def test_viewers_make_no_rules_and_a_seller_can_forbid_learning(tmp_path: Path) -> None:
    settings = Settings(rules="number = price; only these rules")
    async with world(tmp_path, settings) as here:
        await here.push("type LOCK to claim", "amy")
        await here.push("type LOCK to claim", "shop", Role.HOST)
        assert (await here.show()).learned == ()


async def test_many_at_once_are_all_accounted_for(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.push("hi")
        await here.monitor.set_filters("friday", Filters(repeats=2, flood=5, window=600))
        await asyncio.gather(
            *(here.push(f"say {n % 3}", f"user{n % 4}") for n in range(120)),
            here.monitor.set_filters("friday", Filters(repeats=1, flood=5, window=600)),
        )
        dropped = await here.accounted()
        assert set(dropped) <= {"repeat", "flood"}
        assert sum(dropped.values()) >= 90

"""The store against a model that is a few dictionaries, over any order of calls."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dealflow.errors import DuplicateMessages, InputInvalid
from dealflow.model.message import Judged
from dealflow.store.base import Show
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics
from tests.fakes.batches import a_batch, a_capture, a_message, a_show, viewers
from tests.fakes.clock import ManualClock

Result = TypeVar("Result")

SHOWS = st.sampled_from(["one", "two"])
# Few names, so that they meet often. None: the message has no platform id.
IDS = st.sampled_from([None, None, "1", "2", "3", "4"])
ROWS = st.lists(st.tuples(st.integers(0, 15), IDS, st.text(max_size=5)), max_size=4)


@dataclass
class Kept:
    """What the model remembers of one show."""

    show: Show
    kinds: list[str] = field(default_factory=list)
    ids: dict[str, str | None] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    captures: list[str] = field(default_factory=list)

    def names(self) -> set[str]:
        return set(self.ids) | {f"i:{known}" for known in self.ids.values() if known is not None}


def names_of(message: Judged) -> set[str]:
    known = message.message
    return {known.key} | ({f"i:{known.platform_id}"} if known.platform_id is not None else set())


class StoreMachine(RuleBasedStateMachine):
    """Every rule does the same to the store and to the model, then compares."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="store-model-"))
        self.runner = asyncio.Runner()
        self.shows: dict[str, Kept] = {}
        self.open()

    def open(self) -> None:
        opening = SqliteStore.open(
            self.folder / "dealflow.db", clock=ManualClock(), metrics=Metrics()
        )
        self.store = self.run(opening)

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.store.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)

    def kept(self, name: str) -> Kept:
        if name not in self.shows:
            self.shows[name] = Kept(self.run(a_show(self.store, name)))
        return self.shows[name]

    @rule(name=SHOWS, rows=ROWS, told=st.integers(0, 2))
    def append(self, name: str, rows: list[tuple[int, str | None, str]], told: int) -> None:
        kept = self.kept(name)
        messages = [
            a_message(f"i:{known}" if known else f"m:{key}", platform_id=known, text=text)
            for key, known, text in rows
        ]
        batch = a_batch(kept.show, messages, events=[viewers(n) for n in range(told)])
        all_names = [one for message in messages for one in names_of(message)]
        stored = {m.message.key for m in messages if names_of(m) & kept.names()}
        if stored:
            with pytest.raises(DuplicateMessages) as refused:
                self.run(self.store.append(batch))
            assert refused.value.keys == stored
            return
        if len(set(all_names)) < len(all_names):
            with pytest.raises(InputInvalid):
                self.run(self.store.append(batch))
            return
        frames = self.run(self.store.append(batch))
        first = len(kept.kinds) + 1
        kept.kinds += ["viewers"] * told + ["new_message"] * len(messages)
        assert [frame.seq for frame in frames] == list(range(first, len(kept.kinds) + 1))
        for message in messages:
            kept.ids[message.message.key] = message.message.platform_id
            kept.texts[message.message.key] = message.message.text

    @rule(name=SHOWS, key=st.integers(0, 15), known=IDS.filter(bool))
    def learn(self, name: str, key: int, known: str) -> None:
        kept = self.kept(name)
        self.run(self.store.append(a_batch(kept.show, learned=((f"m:{key}", known),))))
        free = f"i:{known}" not in kept.names()
        if free and kept.ids.get(f"m:{key}", known) is None:
            kept.ids[f"m:{key}"] = known

    @rule(name=SHOWS, person=st.integers(0, 5))
    def capture(self, name: str, person: int) -> None:
        kept = self.kept(name)
        key = f"person-{person}"
        capture = a_capture(len(kept.captures) + 1, key=key)
        self.run(self.store.append(a_batch(kept.show, captures=(capture,))))
        if key not in kept.captures:
            kept.captures.append(key)

    @rule()
    @precondition(lambda self: self.shows)
    def reopen(self) -> None:
        self.run(self.store.aclose())
        self.open()

    @invariant()
    def the_same_is_there(self) -> None:
        for kept in self.shows.values():
            show = self.run(self.store.show(kept.show.id))
            assert show is not None
            assert show.last_seq == len(kept.kinds)
            assert show.counters.stored == len(kept.ids)
            assert show.total_sales_caught == len(kept.captures)
            frames = self.run(self.store.frames(show.id, after=0, limit=1_000))
            assert [frame.kind for frame in frames] == kept.kinds
            messages = self.run(self.store.messages(show.id, limit=1_000))
            places = [stored.seq for stored in messages]
            assert places == [n for n, kind in enumerate(kept.kinds, 1) if kind == "new_message"]
            assert {
                stored.message.key: stored.message.platform_id for stored in messages
            } == kept.ids
            assert {stored.message.key: stored.message.text for stored in messages} == kept.texts


StoreMachine.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestStore = StoreMachine.TestCase

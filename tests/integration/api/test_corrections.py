"""A seller corrects verdicts and has shows judged again over HTTP, through the whole pipeline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from dealflow.api.app import create_app
from dealflow.bus.memory import MemoryBus
from dealflow.clock import SystemClock
from dealflow.errors import InputInvalid
from dealflow.intents.base import Classifier
from dealflow.model.events import decode
from dealflow.model.view import ShowView, apply
from dealflow.pipeline.monitor import ShowMonitor
from dealflow.settings import ApiSettings, Settings
from dealflow.sources.registry import Platforms
from dealflow.store.base import Store
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics
from tests.fakes.api import BEARER, TOKEN
from tests.fakes.classifier import WordClassifier
from tests.fakes.platform import HOST, QueuePlatform

pytestmark = pytest.mark.asyncio

SAID = "/api/sessions/s/messages"


def makes(name: str | None) -> Classifier:
    if name not in (None, "words-1"):
        raise InputInvalid(f"There is no classifier {name!r}.", hint="Known: words-1.")
    return WordClassifier()


class Here:
    """The API with everything beneath it but a platform."""

    def __init__(self, http: httpx.AsyncClient, store: Store) -> None:
        self.http = http
        self.store = store

    async def push(self, *said: tuple[str, str]) -> list[str]:
        """Push what people say; return the ids of the messages."""
        body = {"messages": [{"username": user, "message": text} for user, text in said]}
        answer = (await self.http.post(SAID, json=body)).json()
        return [outcome["messageId"] for outcome in answer["outcomes"]]

    async def get(self, path: str) -> Any:
        answer = await self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def correct(self, message_id: str, **body: str) -> Any:
        answer = await self.http.post(f"{SAID}/{message_id}/correction", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["message"]

    async def captured(self, query: str = "") -> list[str]:
        page = await self.get(f"/api/sessions/s/captures{query}")
        return [capture["username"] for capture in page["captures"]]

    async def view(self) -> ShowView:
        show = await self.store.show_of("s")
        assert show is not None
        view = ShowView()
        for frame in await self.store.frames(show.id, after=0, limit=10_000):
            view = apply(view, frame.seq, decode(frame.data))
        return view


@asynccontextmanager
async def here() -> AsyncIterator[Here]:
    settings = Settings(api=ApiSettings(port=0))
    clock, metrics, bus = SystemClock(), Metrics(), MemoryBus()
    store = await SqliteStore.open(None, clock=clock, metrics=metrics)
    platform = QueuePlatform()
    platform.show("quiet")
    try:
        async with ShowMonitor(
            settings=settings,
            platforms=Platforms([platform]),
            store=store,
            bus=bus,
            classifier=WordClassifier(),
            clock=clock,
            metrics=metrics,
            classifiers=makes,
        ) as monitor:
            app = create_app(
                settings=settings,
                store=store,
                bus=bus,
                monitor=monitor,
                metrics=metrics,
                clock=clock,
                token=TOKEN,
            )
            transport = httpx.ASGITransport(app, client=("127.0.0.1", 50_000))
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1:3001", headers=BEARER, verify=False
            ) as http:
                yield Here(http, store)
    finally:
        await store.aclose()
        await bus.aclose()


async def test_a_missed_buyer_and_no_buyer_and_back() -> None:
    async with here() as api:
        missed, found = await api.push(("bo", "that one is for me"), ("amy", "mine"))
        message = await api.correct(missed, verdict="missed_buyer")
        assert (message["isBuyer"], message["intent"], message["confidence"]) == (True, "claim", 1)
        assert (message["source"], message["version"]) == ("seller", 2)
        assert await api.captured() == ["amy", "bo"]
        await api.correct(found, verdict="not_buyer", intent="spam")
        assert await api.captured() == ["bo"]
        every = (await api.get("/api/sessions/s/captures?withdrawn=true"))["captures"]
        assert [capture["withdrawnAt"] is None for capture in every] == [False, True]
        summary = await api.get("/api/stream-summary/s")
        assert (summary["totalBuyers"], summary["totalSalesCaught"]) == (1, 1)
        taken = await api.http.delete(f"{SAID}/{found}/correction")
        assert taken.status_code == 200
        assert taken.json()["message"]["source"] == "local"
        assert await api.captured() == ["amy", "bo"]
        page = await api.get(SAID)
        assert [(one["source"], one["isBuyer"]) for one in page["messages"]] == [
            ("seller", True),
            ("local", True),
        ]
        assert [buyer.username for buyer in (await api.view()).buyers] == ["amy", "bo"]


async def test_every_verdict_can_be_read() -> None:
    async with here() as api:
        [said] = await api.push(("bo", "that one is for me"))
        await api.correct(said, verdict="missed_buyer", intent="checkout")
        await api.correct(said, verdict="not_buyer")
        await api.http.delete(f"{SAID}/{said}/correction")
        answer = await api.get(f"{SAID}/{said}/verdicts")
        assert (answer["messageId"], answer["stands"]) == (said, 1)
        assert [
            (one["version"], one["source"], one["intent"], one["withdrawn"])
            for one in answer["verdicts"]
        ] == [
            (1, "local", "chatter", False),
            (2, "seller", "checkout", False),
            (3, "seller", "chatter", False),
            (4, "seller", "chatter", True),
        ]


@pytest.mark.parametrize(
    ("message", "body", "status", "code"),
    [
        ("nothing", {"verdict": "not_buyer"}, 404, "message_unknown"),
        (None, {"verdict": "perhaps"}, 400, "input_invalid"),
        (None, {}, 400, "input_invalid"),
        (None, {"verdict": "not_buyer", "intent": "claim"}, 400, "input_invalid"),
        (None, {"verdict": "missed_buyer", "intent": "spam"}, 400, "input_invalid"),
    ],
)
async def test_what_cannot_be_corrected_is_refused_by_name(
    message: str | None, body: dict[str, str], status: int, code: str
) -> None:
    async with here() as api:
        [said] = await api.push(("bo", "hm"))
        answer = await api.http.post(f"{SAID}/{message or said}/correction", json=body)
        assert (answer.status_code, answer.json()["error"]) == (status, code)
        stored = await api.get(f"{SAID}/{said}/verdicts")
        assert len(stored["verdicts"]) == 1


async def test_an_unknown_show_or_message_is_named() -> None:
    async with here() as api:
        await api.push(("bo", "hm"))
        for method, path, code in (
            ("POST", "/api/sessions/other/messages/x/correction", "show_unknown"),
            ("DELETE", "/api/sessions/other/messages/x/correction", "show_unknown"),
            ("DELETE", f"{SAID}/x/correction", "message_unknown"),
            ("GET", f"{SAID}/x/verdicts", "message_unknown"),
            ("POST", "/api/sessions/other/reanalysis", "show_unknown"),
            ("GET", "/api/sessions/other/reanalysis", "show_unknown"),
        ):
            sent = {"json": {"verdict": "not_buyer"}} if method == "POST" else {}
            answer = await api.http.request(method, path, **sent)  # type: ignore[arg-type]  # made of parts
            assert (answer.status_code, answer.json()["error"]) == (404, code)


async def test_a_show_is_judged_again_beside_the_reading() -> None:
    async with here() as api:
        missed, _ = await api.push(("bo", "that one is for me"), ("amy", "mine"))
        await api.correct(missed, verdict="missed_buyer")
        assert (await api.get("/api/sessions/s/reanalysis"))["reanalysis"] is None
        wrong = await api.http.post("/api/sessions/s/reanalysis", json={"model": "nothing"})
        assert (wrong.status_code, wrong.json()["error"]) == (400, "input_invalid")
        began = await api.http.post("/api/sessions/s/reanalysis", json={"threshold": 0.5})
        assert began.status_code == 200
        assert (began.json()["model"], began.json()["threshold"]) == ("words-1", 0.5)
        async with asyncio.timeout(5):
            while True:
                run = (await api.get("/api/sessions/s/reanalysis"))["reanalysis"]
                if run["status"] != "running":
                    break
                await asyncio.sleep(0.01)
        assert (run["status"], run["done"], run["total"]) == ("finished", 2, 2)
        report = run["report"]
        assert (report["messages"], report["changed"], report["same"]) == (2, 1, 1)
        assert [buyer["username"] for buyer in report["lost"]] == ["bo"]
        assert report["gained"] == []
        assert await api.captured() == ["amy", "bo"]


async def test_a_show_starts_with_a_threshold_of_its_own() -> None:
    async with here() as api:
        for bad in (-0.1, 1.1, "high"):
            body = {"url": f"{HOST}quiet", "sessionId": "s", "threshold": bad}
            refused = await api.http.post("/api/start-monitoring", json=body)
            assert refused.status_code == 400
        body = {"url": f"{HOST}quiet", "sessionId": "s", "threshold": 0.97}
        started = await api.http.post("/api/start-monitoring", json=body)
        assert started.status_code == 200
        await api.push(("amy", "mine"))
        [message] = (await api.get(SAID))["messages"]
        assert (message["intent"], message["isBuyer"]) == ("claim", False)
        assert await api.captured() == []

"""Server-Sent Events: the same positions by another way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from dealflow.api.live import sse
from dealflow.model.events import ViewersChanged
from dealflow.store.base import Show
from tests.fakes.api import Api, served

PATH = "/api/sessions/s/events"


async def open_show(api: Api, events: int) -> Show:
    show = await api.store.open_show(session_id="s", platform="push", url="", now_ms=1)
    if events:
        await api.monitor.tell(show, [ViewersChanged(viewers=n) for n in range(events)])
    return show


async def events(response: httpx.Response) -> AsyncIterator[tuple[str | None, dict[str, Any]]]:
    """Read events as a browser does: the id that it would remember, and the data."""
    event_id: str | None = None
    async for line in response.aiter_lines():
        if line.startswith("id: "):
            event_id = line.removeprefix("id: ")
        elif line.startswith("data: "):
            yield event_id, json.loads(line.removeprefix("data: "))


async def take(response: httpx.Response, count: int) -> list[tuple[str | None, dict[str, Any]]]:
    found = []
    async with asyncio.timeout(5):
        async for one in events(response):
            found.append(one)
            if len(found) == count:
                break
    return found


@pytest.mark.asyncio
async def test_a_stream_begins_with_a_snapshot_and_goes_on() -> None:
    async with served() as api:
        show = await open_show(api, 2)
        async with api.http.stream("GET", PATH) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            stream = events(response)
            assert (await anext(stream))[1]["type"] == "hello"
            subscribed = (await anext(stream))[1]
            assert (subscribed["recovered"], subscribed["seq"]) == (False, 2)
            await api.monitor.tell(show, [ViewersChanged(viewers=9)])
            event_id, event = await anext(stream)
            assert event_id == f"{show.epoch}:3"
            assert (event["type"], event["seq"], event["viewers"]) == ("viewers", 3, 9)


@pytest.mark.asyncio
async def test_a_browser_resumes_by_its_last_event_id() -> None:
    async with served() as api:
        show = await open_show(api, 10)
        seen: list[int] = []
        last: str | None = None
        while len(seen) < 10:
            headers = {"Last-Event-ID": last} if last else {}
            async with api.http.stream("GET", f"{PATH}?after=0", headers=headers) as response:
                found = await take(response, 7)
            assert found[1][1]["recovered"] is True
            seen += [event["seq"] for _, event in found[2:]]
            last = found[-1][0]
        assert seen[:10] == list(range(1, 11))
        headers = {"Last-Event-ID": f"{show.epoch + 1}:5"}
        async with api.http.stream("GET", PATH, headers=headers) as response:
            assert (await take(response, 2))[1][1]["recovered"] is False


@pytest.mark.asyncio
async def test_filters() -> None:
    async with served() as api:
        await open_show(api, 3)
        push = {"messages": [{"username": "a", "message": text} for text in ("hi", "mine")]}
        await api.http.post("/api/sessions/s/messages", json=push)
        for query, wanted in (("types=new_message", [4, 5]), ("buyersOnly=true", [1, 2, 3, 5])):
            async with api.http.stream("GET", f"{PATH}?after=0&{query}") as response:
                found = await take(response, 2 + len(wanted))
            assert [event["seq"] for _, event in found[2:]] == wanted


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("types=dance", {}, 400),
        ("after=-1", {}, 400),
        ("after=x", {}, 400),
        ("", {"Last-Event-ID": "nonsense"}, 400),
        ("", {"Authorization": "Bearer no"}, 401),
    ],
)
@pytest.mark.asyncio
async def test_bad_wishes(query: str, headers: dict[str, str], status: int) -> None:
    async with served() as api:
        await open_show(api, 1)
        answer = await api.http.get(f"{PATH}?{query}", headers=headers)
        assert answer.status_code == status
        assert answer.json()["success"] is False
        assert (await api.http.get("/api/sessions/nobody/events")).status_code == 404


@pytest.mark.asyncio
async def test_a_silent_stream_shows_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "KEEP_ALIVE_SECONDS", 0.05)
    async with served() as api:
        await open_show(api, 0)
        async with api.http.stream("GET", PATH) as response, asyncio.timeout(5):
            async for line in response.aiter_lines():
                if line == ": keep-alive":
                    break


@pytest.mark.asyncio
async def test_a_stream_ends_with_its_right() -> None:
    async with served() as api:
        await open_show(api, 0)
        async with api.http.stream("GET", PATH) as response:
            api.services.access.replace_token("another")
            async with asyncio.timeout(5):
                async for _line in response.aiter_lines():
                    pass
        async with asyncio.timeout(5):
            while api.services.hub._clients:
                await asyncio.sleep(0.02)

"""The platform's addresses, the stage's controls, and the stage as a process of its own."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from dealflow.errors import PortTaken
from dealflow.stage.whatnot import Stage
from tests.fakes.phoenix import in_chat


@asynccontextmanager
async def staged(**options: Any) -> AsyncIterator[tuple[Stage, httpx.AsyncClient]]:
    async with Stage(**options) as stage, httpx.AsyncClient(base_url=stage.base_url) as http:
        yield stage, http


async def ask(http: httpx.AsyncClient, query: str, **variables: Any) -> Any:
    body = {"operationName": "Any", "query": query, "variables": variables}
    answer = await http.post("/services/graphql/?operationName=Any&ssr=0", json=body)
    return answer.json()["data"]


@pytest.mark.asyncio
async def test_the_page_of_the_show_and_of_others() -> None:
    async with staged() as (stage, http):
        page = await http.get(f"/live/{stage.show_id}")
        assert page.status_code == 200
        assert page.headers["x-frame-options"] == "SAMEORIGIN"
        assert "<title>seller is live - Vintage night</title>" in page.text
        assert (await http.get("/live/unknown")).status_code == 404
        by_name = await http.get("/live/seller")
        assert by_name.headers["location"] == f"/live/{stage.show_id}"
        await stage.viewers(1284)
        profile = await http.get("/user/seller")
        assert f'href="/live/{stage.show_id}"' in profile.text
        assert "Live · 1,284" in profile.text
        assert (await http.get("/user/unknown")).status_code == 404


@pytest.mark.asyncio
async def test_titles_cannot_break_the_page() -> None:
    async with staged() as (stage, http):
        stage.show.title = "</script><script>x</script>&$seller"
        page = (await http.get(f"/live/{stage.show_id}")).text
        assert "<script>x" not in page
        assert "&lt;script&gt;x" in page


@pytest.mark.asyncio
async def test_walls_stand_in_the_way() -> None:
    async with staged() as (stage, http):
        await stage.fault("cloudflare")
        blocked = await http.get(f"/live/{stage.show_id}")
        assert blocked.status_code == 403
        assert "<title>Just a moment...</title>" in blocked.text
        await stage.clear("cloudflare")
        await stage.fault("login_wall")
        assert (await http.get(f"/live/{stage.show_id}")).headers["location"].startswith("/login")
        await stage.fault("login_wall", "overlay")
        walled = await http.get(f"/live/{stage.show_id}")
        assert "Log in to watch this show" in walled.text
        assert "desktop-chat-panel" not in walled.text


@pytest.mark.asyncio
async def test_graphql_answers_what_a_reader_asks() -> None:
    async with staged() as (stage, http):
        other = await stage.neighbour("Other show", "rita", viewers=900)
        await stage.viewers(12)
        show = await ask(http, "query($id: ID!){liveStream(id:$id){status}}", id=stage.show_id)
        assert show["liveStream"]["status"] == "PLAYING"
        assert show["liveStream"]["user"]["username"] == "seller"
        assert await ask(http, 'query{liveStream(id:"none"){status}}') == {"liveStream": None}
        user = await ask(http, "query{getUser(username:$u){isLive livestreams}}", u="rita")
        assert user["getUser"]["isLive"] is True
        assert user["getUser"]["livestreams"][0]["id"] == other
        query = "query{getFeedFromOnboardingOption(id:$id){objects(first:%d){edges}}}"
        feed = (await ask(http, query % 50))["getFeedFromOnboardingOption"]["objects"]
        assert [edge["node"]["object"]["id"] for edge in feed["edges"]] == [other, stage.show_id]
        too_many = (await ask(http, query % 51))["getFeedFromOnboardingOption"]["objects"]
        assert too_many["edges"] == []
        await stage.end()
        ended = await ask(http, "query{liveStream(id:$id){status}}", id=stage.show_id)
        assert ended["liveStream"]["status"] == "ENDED"
        seller = await ask(http, "query{getUser(username:$u){isLive livestreams}}", u="seller")
        assert seller["getUser"]["isLive"] is False


@pytest.mark.asyncio
async def test_a_session_has_a_token() -> None:
    async with staged() as (_, http):
        assert (await http.get("/services/live/socket/session")).json()["csrf_token"]


@pytest.mark.asyncio
async def test_other_processes_play_over_http() -> None:
    async with staged() as (stage, http), in_chat(stage) as client:
        said = (await http.post("/stage/say", json={"user": "kay", "text": "mine"})).json()
        assert (said["number"], said["id"]) == (1, stage.emitted[0].id)
        assert await client.texts(1) == ["mine"]
        lot = {"lot": {"code": "7", "title": "Pants", "price": 30, "currency": "USD"}}
        assert (await http.post("/stage/lot", json=lot)).status_code == 200
        for control, args in (
            ("bid", {"user": "kay"}),
            ("close_lot", {}),
            ("viewers", {"n": 40}),
            ("fault", {"name": "backlog_size", "value": 5}),
            ("burst", {"lines": [["a", "1"], ["b", "2"]]}),
        ):
            assert (await http.post(f"/stage/{control}", json=args)).status_code == 200
        state = (await http.get("/stage/state")).json()
        assert state["product"]["purchaserUser"]["username"] == "kay"
        assert state["show"]["activeViewers"] == 40
        assert state["faults"]["backlog_size"] == 5
        assert state["sockets"] == [{"door": "live", "topics": [stage.show.chat]}]
        log = [json.loads(line) for line in (await http.get("/stage/log")).text.splitlines()]
        assert [entry["text"] for entry in log] == ["mine", "1", "2"]


@pytest.mark.asyncio
async def test_controls_refuse_what_they_do_not_understand() -> None:
    async with staged() as (_, http):
        wrong: list[tuple[str, dict[str, Any], int]] = [
            ("/stage/never", {"json": {}}, 404),
            ("/stage/say", {"json": {"user": "a"}}, 400),
            ("/stage/say", {"json": {"user": "a", "text": "b", "role": "king"}}, 400),
            ("/stage/fault", {"json": {"name": "never"}}, 400),
            ("/stage/lot", {"json": {"lot": 7}}, 400),
            ("/stage/say", {"json": []}, 400),
            ("/stage/say", {"content": b"{}", "headers": {"content-type": "text/plain"}}, 415),
        ]
        for path, request, status in wrong:
            answer = await http.post(path, **request)
            assert (path, answer.status_code) == (path, status)
            assert answer.json()["error"]


@pytest.mark.asyncio
async def test_a_platform_that_hangs_answers_once_it_is_released() -> None:
    async with staged() as (stage, http):
        await stage.fault("hang")
        with pytest.raises(httpx.ReadTimeout):
            await http.get(f"/live/{stage.show_id}", timeout=0.2)
        assert (await http.get("/stage/state")).status_code == 200
        waiting = asyncio.ensure_future(http.get(f"/live/{stage.show_id}"))
        await stage.clear("hang")
        assert (await waiting).status_code == 200


@pytest.mark.asyncio
async def test_answers_can_be_slow() -> None:
    async with staged() as (stage, http):
        await stage.fault("slow", 5.0)
        with pytest.raises(httpx.ReadTimeout):
            await http.get("/services/live/socket/session", timeout=0.2)


@pytest.mark.asyncio
async def test_a_port_that_is_taken_is_said() -> None:
    async with Stage() as stage:
        port = int(stage.base_url.rpartition(":")[2])
        with pytest.raises(PortTaken):
            async with Stage(port=port):
                pass
    async with Stage(port=port, show_id=stage.show_id) as again:
        assert again.show_url == stage.show_url


@asynccontextmanager
async def process(*arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, Any]]:
    """Start a stage as a process of its own and read its first line."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dealflow.stage", *arguments),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert child.stdout is not None
        yield child, json.loads(await asyncio.wait_for(child.stdout.readline(), 10))
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


@pytest.mark.asyncio
async def test_a_stage_of_its_own_plays_until_the_script_ends(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    arguments = ("--script", "demo", "--speed", "200", "--log", str(log))
    async with process(*arguments) as (child, ready):
        assert ready["showUrl"].endswith(ready["showId"])
        assert await asyncio.wait_for(child.wait(), 10) == 0
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1))
    assert len(entries) > 190


@pytest.mark.asyncio
async def test_a_stage_of_its_own_ends_on_a_signal() -> None:
    async with process() as (child, ready):
        async with httpx.AsyncClient() as http:
            assert (await http.get(ready["showUrl"])).status_code == 200
        child.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(child.wait(), 5) == 0

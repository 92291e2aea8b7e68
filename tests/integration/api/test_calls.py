"""The original's calls, as its callers make them."""

from __future__ import annotations

import pytest

from tests.fakes.api import BEARER, frame, in_process, say, served

URL = "https://www.whatnot.com/live/0b2c"


@pytest.mark.asyncio
async def test_starting_and_stopping_a_show() -> None:
    async with in_process() as api:
        started = await api.http.post(
            "/api/start-monitoring", json={"url": URL, "sessionId": "friday"}
        )
        assert started.status_code == 200
        answer = started.json()
        assert {key: answer[key] for key in ("status", "sessionId")} == {
            "status": "monitoring",
            "sessionId": "friday",
        }
        assert set(answer["stream"]) >= {"url", "title", "viewers", "source", "platform"}

        health = await api.http.get("/health")
        assert health.json() == {"status": "ok", "service": "dealflow", "activeSessions": 1}

        stopped = await api.http.post("/api/stop-monitoring", json={"sessionId": "friday"})
        assert stopped.json() == {
            "status": "stopped",
            "sessionId": "friday",
            "streamId": answer["streamId"],
        }
        again = await api.http.post("/api/stop-monitoring", json={"sessionId": "friday"})
        assert again.status_code == 404
        assert again.json()["error"] == "show_unknown"


@pytest.mark.asyncio
async def test_the_edge_function_judges_one_message() -> None:
    async with in_process() as api:
        answer = await api.http.post(
            "/functions/v1/monitor-realtime-stream",
            json={"message": "mine!", "username": "ann", "streamSessionId": "test-session-id"},
        )
        assert answer.json() == {
            "success": True,
            "analyzed": True,
            "analysis": {
                "is_buyer": True,
                "confidence": 0.95,
                "message_type": "direct_purchase",
                "auto_captured": True,
            },
        }
        for missing in ("message", "username", "streamSessionId"):
            body = {"message": "hi", "username": "ann", "streamSessionId": "s"}
            del body[missing]
            refused = await api.http.post("/functions/v1/monitor-realtime-stream", json=body)
            assert refused.status_code == 400
            assert refused.json()["success"] is False
            assert missing in refused.json()["message"]


@pytest.mark.asyncio
async def test_pushed_messages_are_answered_after_commit_and_read_by_page() -> None:
    async with in_process() as api:
        body = {"messages": [{"username": f"u{n}", "message": f"{n} mine"} for n in range(5)]}
        pushed = await api.http.post("/api/sessions/a/b c/messages", json=body)
        assert [outcome["status"] for outcome in pushed.json()["outcomes"]] == ["stored"] * 5
        page = (await api.http.get("/api/sessions/a/b c/messages?limit=3")).json()
        assert [message["message"] for message in page["messages"]] == [
            "0 mine",
            "1 mine",
            "2 mine",
        ]
        rest = (await api.http.get(f"/api/sessions/a/b c/messages?after={page['next']}")).json()
        assert [message["message"] for message in rest["messages"]] == ["3 mine", "4 mine"]
        assert rest["next"] is None
        for noun in ("captures", "claims", "gaps"):
            answer = await api.http.get(f"/api/sessions/a/b c/{noun}")
            assert answer.json()[noun] == []
        streams = (await api.http.get("/api/streams")).json()["streams"]
        assert [stream["sessionId"] for stream in streams] == ["a/b c"]
        for name in ("a/b c", streams[0]["streamId"]):
            summary = (await api.http.get(f"/api/stream-summary/{name}")).json()
            assert summary["accounting"]["stored"] == 5
        assert (await api.http.get("/api/stream-summary/nobody")).status_code == 404


@pytest.mark.asyncio
async def test_a_socket_without_a_subscription_gets_every_event() -> None:
    async with served() as api, api.socket("/") as socket:
        assert (await frame(socket))["type"] == "hello"
        await api.http.post(
            "/api/sessions/s/messages", json={"messages": [{"username": "a", "message": "hi"}]}
        )
        event = await frame(socket)
        assert (event["type"], event["sessionId"], event["seq"]) == ("new_message", "s", 1)
        await say(socket, "subscribe", sessionId="s", after=0, epoch=event["epoch"])
        answer = await frame(socket)
        assert (answer["type"], answer["recovered"], answer["seq"]) == ("subscribed", True, 0)
        assert (await frame(socket))["seq"] == 1


@pytest.mark.asyncio
async def test_login_link_works_once_and_sets_a_cookie() -> None:
    async with served() as api:
        assert api.server is not None
        link = api.server.login_link()
        api.http.headers.pop("Authorization")
        first = await api.http.get(link)
        assert first.status_code == 303
        cookie = first.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "No show yet" in (await api.http.get("/")).text
        api.http.cookies.clear()
        assert (await api.http.get(link)).status_code == 401
        assert "Open the login link" in (await api.http.get("/")).text
        assert (await api.http.get("/api/streams")).status_code == 401
        assert (await api.http.get("/api/streams", headers=BEARER)).status_code == 200

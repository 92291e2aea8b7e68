"""Every error has one shape, and no input makes a 5xx."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from dealflow import errors
from dealflow.api import bodies
from dealflow.api.bodies import MAX_BODY
from dealflow.api.errors import STATUSES, status_of
from dealflow.api.routes.health import CHECK_SECONDS
from dealflow.errors import DealflowError, DiskFull, Overloaded, StoreUnavailable, TooManyShows
from tests.fakes.api import BEARER, TOKEN, Api, in_process, served

SHAPE = {"error", "message", "hint", "retry", "success"}
EDGE = "/functions/v1/monitor-realtime-stream"
POSTS = (
    "/api/start-monitoring",
    "/api/stop-monitoring",
    "/api/sessions/s/messages",
    EDGE,
)


def assert_shape(answer: httpx.Response) -> None:
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert set(body) == SHAPE
    assert body["success"] is False
    assert body["message"]
    assert body["hint"]
    assert body["retry"] in ("never", "backoff", "later")
    if answer.status_code in (429, 503, 507):
        assert int(answer.headers["retry-after"]) > 0


def every_error(kind: type[DealflowError] = DealflowError) -> Iterator[type[DealflowError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from every_error(child)


def test_every_error_has_a_status() -> None:
    for kind in every_error():
        assert status_of(kind) in set(STATUSES.values())
    for kind in every_error(errors.ClientError):
        assert 400 <= status_of(kind) < 500


@pytest.mark.asyncio
async def test_errors_of_routing_have_the_shape() -> None:
    async with in_process() as api:
        for method, path, status in (
            ("GET", "/nowhere", 404),
            ("GET", "/api/sessions/nobody/messages", 404),
            ("GET", "/api/start-monitoring", 405),
            ("DELETE", "/api/streams", 405),
            ("PUT", "/", 405),
            ("GET", "/api/sessions/s/messages?limit=0", 400),
            ("GET", "/api/sessions/s/messages?after=x", 400),
            ("GET", "/api/sessions/s/messages?intent=dance", 400),
            ("GET", "/login", 400),
        ):
            answer = await api.http.request(method, path)
            assert answer.status_code == status, path
            assert_shape(answer)
            assert ("allow" in answer.headers) is (status == 405)


HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "another type": b"[]",
    "null": b"null",
    "deep": b"[" * 100_000,
    "deep inside": b'{"url":' + b"[" * 100 + b"]" * 100 + b"}",
    "invalid UTF-8": b'{"url":"\xff"}',
    "wrong types": b'{"url":1,"sessionId":[],"messages":{},"message":2,"username":null}',
    "empty strings": b'{"url":"","sessionId":"","message":"","username":"","streamSessionId":""}',
    "NUL in the key": json.dumps(
        {"url": "x", "sessionId": "\0", "message": "m", "username": "u", "streamSessionId": "\0"}
    ).encode(),
    "a long key": json.dumps({"sessionId": "x" * 201, "streamSessionId": "x" * 201}).encode(),
}


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.asyncio
async def test_hostile_bodies_are_refused(path: str) -> None:
    async with in_process() as api:
        for name, content in HOSTILE.items():
            answer = await api.http.post(path, content=content)
            assert answer.status_code == 400, name
            assert_shape(answer)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.asyncio
async def test_large_bodies_are_refused_at_the_first_byte(path: str) -> None:
    async with served() as api:
        reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\nContent-Length: 999999999\r\n"
        )
        writer.write(f"{head}Authorization: Bearer {TOKEN}\r\n\r\n{{".encode())
        async with asyncio.timeout(3):
            assert b" 413 " in await reader.readline()
        writer.close()

        async def stream() -> Any:
            for _ in range(30):
                yield b" " * 100_000

        answer = await api.http.post(path, content=stream())
        assert answer.status_code == 413
        assert_shape(answer)
        answer = await api.http.post(path, content=b" " * MAX_BODY)
        assert answer.status_code == 400


@pytest.mark.asyncio
async def test_a_slow_sender_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.1)
    async with served() as api:
        reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
        head = f"POST {EDGE} HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\nContent-Length: 10\r\n"
        writer.write(f"{head}Authorization: Bearer {TOKEN}\r\n\r\n{{".encode())
        async with asyncio.timeout(3):
            assert b" 408 " in await reader.readline()
        writer.close()


@pytest.mark.asyncio
async def test_hostile_text_is_kept_and_neighbours_too() -> None:
    texts = [
        "\0",
        "\ud800",
        "a\u202eb\u200d",
        "😀",
        "<script>alert(1)</script>",
        "x" * 64_000,
        "ok",
    ]
    async with in_process() as api:
        body = {"messages": [{"username": f"u{text[:9]}", "message": text} for text in texts]}
        answer = await api.http.post(
            "/api/sessions/s/messages", content=json.dumps(body).encode("ascii")
        )
        assert answer.status_code == 200
        assert len(answer.json()["outcomes"]) == len(texts)
        kept = (await api.http.get("/api/sessions/s/messages")).json()["messages"]
        cleaned = ["\ufffd", "\ufffd", *texts[2:]]
        assert [message["message"] for message in kept] == cleaned


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (DiskFull("No room."), 507),
        (StoreUnavailable("No answer."), 503),
        (Overloaded("Full."), 503),
        (errors.Stopping("Bye."), 503),
        (TooManyShows("Enough."), 429),
        (errors.ShowUrlRefused("No."), 400),
    ],
)
@pytest.mark.asyncio
async def test_trouble_beneath_is_told_with_a_time_to_come_back(
    failure: DealflowError, status: int
) -> None:
    async with in_process() as api:
        api.monitor.failure = failure
        for path, body in (
            ("/api/sessions/s/messages", {"messages": [{"username": "a", "message": "b"}]}),
            (EDGE, {"message": "a", "username": "b", "streamSessionId": "s"}),
            ("/api/start-monitoring", {"url": "x"}),
        ):
            answer = await api.http.post(path, json=body)
            assert answer.status_code == status
            assert answer.json()["error"] == failure.code
            assert_shape(answer)


@pytest.mark.asyncio
async def test_a_mistake_of_ours_is_a_500_in_the_same_shape_without_details(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken() -> Any:
        raise RuntimeError("secret detail")

    async with in_process() as api:
        monkeypatch.setattr(api.store, "shows", broken)
        answer = await api.http.get("/api/streams")
        assert answer.status_code == 500
        assert_shape(answer)
        assert "secret" not in answer.text


@pytest.mark.parametrize(
    "sent", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nb@d: x\r\n\r\n", b"\x16\x03\x01\x02\r\n\r\n"]
)
@pytest.mark.asyncio
async def test_what_is_no_http_is_refused_in_the_same_shape(sent: bytes) -> None:
    async with served() as api:
        reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
        writer.write(sent)
        async with asyncio.timeout(3):
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 ")
        assert set(json.loads(body)) == SHAPE
        writer.close()


async def _ready(api: Api) -> dict[str, Any]:
    answer = await api.http.get("/ready")
    body: dict[str, Any] = answer.json()
    assert (answer.status_code == 200) is (body["status"] == "ready")
    return {name: part["ok"] for name, part in body["parts"].items()}


@pytest.mark.asyncio
async def test_ready_names_what_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    async with in_process() as api:
        assert await _ready(api) == {"store": True, "live": True}
        detail = (await api.http.get("/ready")).json()["parts"]["store"]["detail"]
        assert "durability" in detail
        assert "path" not in detail

        async def full() -> Any:
            raise DiskFull("No room is left on the disk.")

        monkeypatch.setattr(api.store, "check", full)
        assert await _ready(api) == {"store": False, "live": True}

        async def hangs() -> Any:
            await asyncio.Event().wait()

        monkeypatch.setattr(api.store, "check", hangs)
        async with asyncio.timeout(CHECK_SECONDS + 0.5):
            assert await _ready(api) == {"store": False, "live": True}
        assert (await api.http.get("/live")).json() == {"status": "alive"}
        api.services.hub.shut_down()
        assert (await _ready(api))["live"] is False


@pytest.mark.asyncio
async def test_titles_of_strangers_are_text_on_the_page() -> None:
    async with in_process() as api:
        await api.store.open_show(
            session_id="<script>alert(1)</script>", platform="push", url="", now_ms=1
        )
        page = (await api.http.get("/")).text
        assert "<script" not in page
        assert "&lt;script&gt;" in page
        assert "style-src 'self'" in (await api.http.get("/")).headers["content-security-policy"]
        assert (
            (await api.http.get("/static/landing.css"))
            .headers["content-type"]
            .startswith("text/css")
        )


@pytest.mark.asyncio
async def test_metrics_need_the_token() -> None:
    async with in_process() as api:
        assert "dealflow_clients" in (await api.http.get("/metrics")).text
        del api.http.headers["Authorization"]
        assert (await api.http.get("/metrics")).status_code == 401
        assert (await api.http.get("/metrics", headers=BEARER)).status_code == 200

"""Who is let in: the matrix of Host, Origin, Sec-Fetch-Site and method, and every route."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Route, WebSocketRoute

from dealflow.api.access import MAX_FAILURES
from dealflow.api.auth import PUBLIC, SOCKETS
from dealflow.settings import ApiSettings, Settings
from tests.fakes.api import TOKEN, Api, made
from tests.fakes.asgi import Headers, Reply, ask

SHOP = "https://shop.example"
OURS = "127.0.0.1:3001"
SETTINGS = Settings(api=ApiSettings(origins=(SHOP,), hosts=("box.lan",)))
RIGHT = ("authorization", f"Bearer {TOKEN}")

HOSTS: dict[str, tuple[list[str], bool]] = {
    "ours": ([OURS], True),
    "localhost": (["localhost:3001"], True),
    "IPv6": (["[::1]:3001"], True),
    "named by the operator": (["box.lan"], True),
    "evil": (["evil.example:3001"], False),
    "rebinding": (["a1b2.rebind.example:3001"], False),
    "nip.io": (["127.0.0.1.nip.io:3001"], False),
    "suffix": (["localhost.evil.example:3001"], False),
    "decimal": (["2130706433:3001"], False),
    "hexadecimal": (["0x7f000001:3001"], False),
    "other port": (["127.0.0.1:3002"], False),
    "missing": ([], False),
    "double": ([OURS, "evil.example"], False),
}
# Origin, Sec-Fetch-Site, whether it is let in.
PAGES: dict[str, tuple[str | None, str | None, bool]] = {
    "no browser": (None, None, True),
    "typed address": (None, "none", True),
    "our own page": ("SAME", "same-origin", True),
    "allowed": (SHOP, "cross-site", True),
    "null": ("null", "cross-site", False),
    "suffix attack": ("http://127.0.0.1:3001.evil.example", "cross-site", False),
    "other port": ("http://127.0.0.1:3002", "same-site", False),
    "other port, old browser": ("http://127.0.0.1:3002", None, False),
    "other scheme": ("https://127.0.0.1:3001", "cross-site", False),
    "image on a foreign page": (None, "cross-site", False),
    "image on another port": (None, "same-site", False),
    "allowed, as a suffix": ("https://evil-shop.example", "cross-site", False),
}
CALLS = ("GET", "POST", "WS")


async def call(api: Api, way: str, headers: Headers) -> Reply:
    if way == "WS":
        return await ask(api.app, "GET", "/ws", headers, kind="websocket")
    if way == "GET":
        return await ask(api.app, "GET", "/api/streams", headers)
    return await ask(
        api.app, "POST", "/api/stop-monitoring", headers, body=b'{"sessionId":"nobody"}'
    )


def headers_of(host: str, page: str, *, token: bool) -> list[tuple[str, str]]:
    hosts, (origin, site, _) = HOSTS[host][0], PAGES[page]
    headers = [("host", value) for value in hosts]
    if origin is not None:
        headers.append(("origin", f"http://{hosts[0]}" if origin == "SAME" and hosts else origin))
    if site is not None:
        headers.append(("sec-fetch-site", site))
    return headers + ([RIGHT] if token else [])


@pytest.mark.asyncio
async def test_the_matrix() -> None:
    """13 hosts × 12 pages × 3 ways × with and without a token: 936 verdicts."""
    good = {"GET": 200, "POST": 404, "WS": 101}
    async with made(SETTINGS) as api:
        for host, page, way in itertools.product(HOSTS, PAGES, CALLS):
            may = HOSTS[host][1] and PAGES[page][2]
            # A socket may open without a token and must then send it (test_live).
            without = 403 if not may else 101 if way == "WS" else 401
            for token, expected in ((True, good[way] if may else 403), (False, without)):
                reply = await call(api, way, headers_of(host, page, token=token))
                case = (host, page, way, token)
                assert reply.status == expected, case
                shares = reply.headers.get("access-control-allow-origin")
                reads = may and page == "allowed" and way != "WS"
                assert shares == (SHOP if reads else None), case


def routes(api: Api) -> list[tuple[str, str, str]]:
    """Return kind, method and path of everything that the router serves."""

    def walk(found: list[BaseRoute]) -> list[tuple[str, str, str]]:
        listed = []
        for route in found:
            if isinstance(route, WebSocketRoute):
                listed.append(("websocket", "GET", route.path))
            elif isinstance(route, Route | APIRoute):
                listed += [("http", method, route.path) for method in sorted(route.methods or ())]
            else:
                inner: Any = getattr(route, "original_router", None)
                assert inner is not None, f"A route of an unknown kind: {route}"
                listed += walk(inner.routes)
        return listed

    return walk(api.app.routes)


@pytest.mark.asyncio
async def test_every_route_and_socket_denies_by_default() -> None:
    async with made() as api:
        found = routes(api)
        assert len(found) > 15
        for kind, method, path in found:
            concrete = path.replace("{id:path}", "x")
            for headers in ([("host", OURS)], [("host", OURS), ("authorization", "Bearer no")]):
                reply = await ask(api.app, method, concrete, headers, kind=kind)
                if kind == "websocket" and len(headers) == 1:
                    assert path in SOCKETS
                    assert not any(one["type"] == "websocket.send" for one in reply.messages[2:])
                elif path in PUBLIC and len(headers) == 1:
                    assert reply.status in (200, 303, 400, 401, 503), path
                else:
                    assert reply.status in (401, 429), (path, reply.status)


@pytest.mark.asyncio
async def test_paths_that_do_not_exist_say_nothing_to_strangers() -> None:
    async with made() as api:
        for kind in ("http", "websocket"):
            reply = await ask(api.app, "GET", "/secret", [("host", OURS)], kind=kind)
            assert reply.status == 401
            known = await ask(api.app, "GET", "/secret", [("host", OURS), RIGHT], kind=kind)
            assert known.status in (403, 404)


@pytest.mark.asyncio
async def test_the_public_list_is_short_and_real() -> None:
    async with made() as api:
        paths = {path for _, _, path in routes(api)}
        assert paths >= PUBLIC
        assert len(PUBLIC) <= 6


@pytest.mark.asyncio
async def test_get_changes_nothing() -> None:
    """Whatever changes something is no GET; the login exchange alone spends its code by one."""
    async with made() as api:
        methods: dict[str, set[str]] = {}
        for kind, method, path in routes(api):
            if kind == "http":
                methods.setdefault(path, set()).add(method)
        assert {path for path, found in methods.items() if "POST" in found} == {
            "/api/start-monitoring",
            "/api/stop-monitoring",
            "/api/sessions/{id:path}/messages",
            "/api/sessions/{id:path}/messages/{message_id}/correction",
            "/api/sessions/{id:path}/reanalysis",
            "/functions/v1/monitor-realtime-stream",
            "/logout",
        }
        assert {path for path, found in methods.items() if found & {"PUT", "PATCH"}} == {
            "/api/sessions/{id:path}/filters",
        }
        assert {method for found in methods.values() for method in found} <= {
            *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
        }


@pytest.mark.parametrize(
    "value",
    ["", "Bearer", "Bearer ", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}"],
)
@pytest.mark.asyncio
async def test_other_authorizations_are_refused(value: str) -> None:
    async with made() as api:
        reply = await ask(
            api.app, "GET", "/api/streams", [("host", OURS), ("authorization", value)]
        )
        assert reply.status == 401
        assert reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.asyncio
async def test_a_wrong_token_is_refused_even_beside_a_right_one() -> None:
    async with made() as api:
        headers = [("host", OURS), RIGHT, ("authorization", "Bearer no")]
        assert (await ask(api.app, "GET", "/api/streams", headers)).status == 401


@pytest.mark.asyncio
async def test_guessing_is_slowed_down() -> None:
    async with made() as api:
        wrong = [("host", OURS), ("authorization", "Bearer guess")]
        for path in ("/api/streams", "/ws", "/login?code=guess"):
            kind = "websocket" if path == "/ws" else "http"
            headers = [("host", OURS)] if "login" in path else wrong
            api.services.access.__init__(TOKEN, api.services.clock)  # type: ignore[misc]  # anew
            for _ in range(MAX_FAILURES):
                assert (await ask(api.app, "GET", path, headers, kind=kind)).status == 401
            limited = await ask(api.app, "GET", path, headers, kind=kind)
            assert limited.status == 429
            assert 0 < int(limited.headers["retry-after"]) <= 60
            right = await ask(api.app, "GET", "/api/streams", [("host", OURS), RIGHT])
            assert right.status == 200


@pytest.mark.asyncio
async def test_preflights() -> None:
    asks = [("access-control-request-method", "POST"), ("sec-fetch-site", "cross-site")]
    async with made(SETTINGS) as api:
        for origin, expected in ((SHOP, 204), ("https://evil.example", 403), ("null", 403)):
            headers = [("host", OURS), ("origin", origin), *asks]
            reply = await ask(api.app, "OPTIONS", "/api/start-monitoring", headers)
            assert reply.status == expected
            allowed = reply.headers.get("access-control-allow-origin")
            assert allowed == (SHOP if origin == SHOP else None)
            assert "access-control-allow-credentials" not in reply.headers
            assert "Origin" in reply.headers["vary"]
        headers = [("host", OURS), ("origin", SHOP), ("sec-fetch-site", "cross-site")]
        assert (await ask(api.app, "OPTIONS", "/api/start-monitoring", headers)).status == 401


@pytest.mark.asyncio
async def test_every_answer_is_guarded() -> None:
    async with made() as api:
        for path in ("/", "/health", "/api/streams", "/nowhere"):
            reply = await ask(api.app, "GET", path, [("host", OURS)])
            assert reply.headers["x-content-type-options"] == "nosniff"
            assert reply.headers["cache-control"] == "no-store"
            policy = reply.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'")
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy

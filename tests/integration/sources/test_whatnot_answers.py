"""Whatnot's own answers: what a show is, what else is live, and every way of not answering."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

import msgspec
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from dealflow.errors import (
    DealflowError,
    LoginRequired,
    PlatformBlocked,
    PlatformRefused,
    PlatformUnreachable,
    ShowUnknown,
)
from dealflow.model.show import ShowStatus
from dealflow.sources.base import ShowInfo, ShowRef
from dealflow.sources.http import MAX_ANSWER
from dealflow.sources.whatnot.topics import load
from dealflow.stage.whatnot import Stage
from tests.fakes.socket_bench import Bench, open_bench

pytestmark = pytest.mark.asyncio
SHOW = "3f0c2a9e-7f43-4a52-9a86-0d2f1b6f6c01"
LIVE = "/services/live/socket/websocket"
OTHER = "/services/chat/socket/websocket"
GRAPHQL = "/services/graphql/"

Answer = Callable[[Request], Response | None]


def answered(status: int, body: str | bytes = "", **headers: str) -> Answer:
    data = body.encode() if isinstance(body, str) else body
    told = Headers({"content-length": str(len(data)), "content-type": "text/html"})
    told.update({name.replace("_", "-"): value for name, value in headers.items()})

    def answer(_: Request) -> Response:
        return Response(status, HTTPStatus(status).phrase, told, data)

    return answer


class Site:
    """A server that answers by path; a path without an answer becomes a silent socket."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[Request] = []
        self.says: list[str | bytes] = []

    def answer(self, _: ServerConnection, request: Request) -> Response | None:
        self.asked.append(request)
        path = request.path.split("?")[0]
        return self.answers[path](request) if path in self.answers else None

    async def talk(self, socket: ServerConnection) -> None:
        for said in self.says:
            await socket.send(said)
        await socket.wait_closed()


@asynccontextmanager
async def on_site() -> AsyncGenerator[tuple[Site, Bench, str]]:
    site = Site()
    async with serve(
        site.talk, "127.0.0.1", 0, process_request=site.answer, max_size=None, compression=None
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        base = f"http://127.0.0.1:{port}"
        async with open_bench(base) as bench:
            yield site, bench, f"{base}/live/{SHOW}"


CHALLENGE = "<html><title>Just a moment...</title></html>"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (answered(403, CHALLENGE), PlatformBlocked),
        (answered(503, CHALLENGE), PlatformBlocked),
        (answered(403, "", cf_mitigated="challenge"), PlatformBlocked),
        (answered(403, "no"), PlatformRefused),
        (answered(200, "hello"), PlatformRefused),
        (answered(302, "", location="/login?next=/live"), LoginRequired),
        (answered(302, "", location="http://127.0.0.1:9/"), PlatformRefused),
        (answered(500, "oops"), PlatformUnreachable),
        (answered(429, "slow down"), PlatformUnreachable),
    ],
)
async def test_a_handshake_that_gets_another_answer(
    answer: Answer, kind: type[DealflowError]
) -> None:
    async with on_site() as (site, bench, url):
        site.answers[LIVE] = answer
        assert type(await bench.failure(url)) is kind


async def test_nobody_follows_a_redirect() -> None:
    async with on_site() as (site, bench, url):
        site.answers[LIVE] = answered(302, "", location=OTHER)
        await bench.failure(url)
        assert not any(request.path.startswith(OTHER) for request in site.asked)


async def test_a_path_that_is_gone_leads_to_the_next_candidate() -> None:
    async with on_site() as (site, bench, url):
        site.answers[LIVE] = answered(404)
        async with bench.reading(url):
            while f"socket live: {OTHER}" not in bench.matches():
                await asyncio.sleep(0.01)


async def test_what_a_socket_is_told_of_us() -> None:
    async with on_site() as (site, bench, url), bench.reading(url):
        while not any(request.path.startswith(LIVE) for request in site.asked):
            await asyncio.sleep(0.01)
        [request] = [each for each in site.asked if each.path.startswith(LIVE)]
        assert request.headers["User-Agent"].startswith("DealFlow/")
        assert not {"Cookie", "Authorization", "Origin"} & set(request.headers)
        assert "Sec-WebSocket-Extensions" not in request.headers  # no compression, no bombs
        assert request.path == f"{LIVE}?vsn=2.0.0&client_type=web&client_layer=nextjs&locale=en-US"


async def test_a_frame_too_large_ends_the_socket() -> None:
    async with on_site() as (site, bench, url):
        site.says = ["x" * (5 * 1024 * 1024)]
        assert isinstance(await bench.failure(url), PlatformUnreachable)


async def test_a_server_that_never_answers_is_left() -> None:
    never = asyncio.Event()

    async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await never.wait()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, open_bench(base) as bench:
        quick = msgspec.structs.replace(load().timing, connect=0.2)
        bench.platform._dialer._topics = msgspec.structs.replace(load(), timing=quick)
        error = await bench.failure(f"{base}/live/{SHOW}")
        assert isinstance(error, PlatformUnreachable)
        assert "in time" in str(error)
        never.set()


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    async with on_site() as (_, bench, url):
        pass
    assert isinstance(await bench.failure(url), PlatformUnreachable)


async def test_what_a_show_is() -> None:
    async with Stage() as stage, open_bench(stage.base_url) as bench:
        await stage.viewers(42)
        info = await bench.platform.inspect(_ref(bench, stage.show_url))
        assert info == ShowInfo(
            title="Vintage night", seller="seller", status=ShowStatus.LIVE, viewers=42
        )
        await stage.end()
        info = await bench.platform.inspect(_ref(bench, stage.show_url))
        assert info.status is ShowStatus.ENDED


async def test_a_show_that_does_not_exist() -> None:
    async with Stage() as stage, open_bench(stage.base_url) as bench:
        for path in (f"live/{SHOW}", "user/nobody"):
            with pytest.raises(ShowUnknown):
                await bench.platform.inspect(_ref(bench, f"{stage.base_url}/{path}"))


async def test_a_seller_is_turned_into_the_live_show() -> None:
    async with Stage() as stage, open_bench(stage.base_url) as bench:
        info = await bench.platform.inspect(_ref(bench, f"{stage.base_url}/live/seller"))
        assert info.ref == _ref(bench, stage.show_url)


async def test_other_live_shows_the_most_viewed_first() -> None:
    async with Stage() as stage, open_bench(stage.base_url) as bench:
        small = await stage.neighbour("Small", "s1", viewers=5)
        large = await stage.neighbour("Large", "s2", viewers=500)
        ref = _ref(bench, stage.show_url)
        found = await bench.platform.discover(ref, limit=5)
        assert [each.external_id for each in found] == [large, small]
        assert len(await bench.platform.discover(ref, limit=1)) == 1


@pytest.mark.parametrize(
    "answer",
    [
        answered(200, '{"data":null,"errors":[{"message":"Cannot query field"}]}'),
        answered(200, '{"data":{"liveStream":null},"errors":[{"message":"timeout"}]}'),
        answered(200, '{"data":{"liveStream":{"id":7}}}'),
        answered(200, '{"data":{"liveStream":[[[[]]]]}}'),
        answered(200, "[" * 100_000),
        answered(200, "null"),
        answered(200, b"\xff\x00"),
        answered(200, CHALLENGE),
        answered(200, "x" * (MAX_ANSWER + 1)),
        answered(200, b"\x1f\x8b" + b"0" * 100, content_encoding="gzip"),
        answered(302, "", location="http://127.0.0.1:9/"),
        answered(403, CHALLENGE),
        answered(500, "oops"),
    ],
)
async def test_an_answer_that_is_not_understood_is_unknown(answer: Answer) -> None:
    async with on_site() as (site, bench, url):
        site.answers[GRAPHQL] = answer
        assert await bench.platform.inspect(_ref(bench, url)) == ShowInfo()
        assert await bench.platform.discover(_ref(bench, url), limit=3) == []


async def test_no_answer_is_unknown() -> None:
    async with on_site() as (_, bench, url):
        pass
    ref = _ref(bench, url)
    assert await bench.platform.inspect(ref) == ShowInfo()
    await bench.gate.aclose()


def _ref(bench: Bench, url: str) -> ShowRef:
    ref = bench.platform.resolve(url)
    assert ref is not None
    return ref

"""The browser's proxy, spoken to byte by byte."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from dealflow.clock import SystemClock
from dealflow.sources.egress import EgressPolicy, Gate
from dealflow.sources.forward import MAX_HEAD, Refusal, parse_authority, parse_head, split_target
from dealflow.telemetry.metrics import Metrics


class Origin:
    """A server that keeps what it was asked and answers one thing."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.asked: list[bytes] = []


@asynccontextmanager
async def open_origin(answer: bytes) -> AsyncGenerator[Origin]:
    origin: Origin | None = None

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert origin is not None
        origin.asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        origin = Origin(server.sockets[0].getsockname()[1])
        yield origin


@asynccontextmanager
async def open_gate(*ports: int) -> AsyncGenerator[Gate]:
    policy = EgressPolicy(operator=frozenset(("127.0.0.1", port) for port in ports))
    gate = Gate(policy, clock=SystemClock(), metrics=Metrics())
    await gate.start()
    try:
        yield gate
    finally:
        await gate.aclose()


def credentials(gate: Gate) -> str:
    access = gate.proxy
    pair = base64.b64encode(f"{access.username}:{access.password}".encode()).decode()
    return f"Proxy-Authorization: Basic {pair}\r\n"


async def ask(gate: Gate, data: str | bytes) -> bytes:
    port = int(gate.proxy.server.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data.encode() if isinstance(data, str) else data)
    try:
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi"


@pytest.mark.asyncio
async def test_a_plain_request_is_carried_without_what_concerns_the_proxy() -> None:
    async with open_origin(OK) as origin, open_gate(origin.port) as gate:
        host = f"127.0.0.1:{origin.port}"
        answer = await ask(
            gate,
            f"GET http://{host}/a?b=1#c HTTP/1.1\r\nHost: evil.example\r\n{credentials(gate)}"
            "Proxy-Connection: keep-alive\r\nUpgrade: websocket\r\nX-Kept: yes\r\n\r\n",
        )
        assert answer == (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
        assert origin.asked == [
            f"GET /a?b=1 HTTP/1.1\r\nHost: {host}\r\nX-Kept: yes\r\n"
            "Connection: close\r\n\r\n".encode()
        ]


@pytest.mark.asyncio
async def test_a_tunnel_carries_bytes_both_ways() -> None:
    async with open_origin(b"pong") as origin, open_gate(origin.port) as gate:
        host = f"127.0.0.1:{origin.port}"
        answer = await ask(gate, f"CONNECT {host} HTTP/1.1\r\n{credentials(gate)}\r\nping\r\n\r\n")
        assert answer == b"HTTP/1.1 200 Connection established\r\n\r\npong"
        assert origin.asked == [b"ping\r\n\r\n"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "header",
    ["", "Proxy-Authorization: Basic d3Jvbmc6d3Jvbmc=\r\n", "Proxy-Authorization: Bearer x\r\n"],
)
async def test_without_the_credentials_nothing_is_opened(header: str) -> None:
    async with open_origin(OK) as origin, open_gate(origin.port) as gate:
        answer = await ask(gate, f"CONNECT 127.0.0.1:{origin.port} HTTP/1.1\r\n{header}\r\n")
        assert answer.startswith(b"HTTP/1.1 407 ")
        assert b'Proxy-Authenticate: Basic realm="dealflow"' in answer
        assert origin.asked == []


@pytest.mark.asyncio
async def test_other_hosts_are_refused_either_way() -> None:
    async with open_origin(OK) as origin, open_gate() as gate:
        for line in (
            f"CONNECT 127.0.0.1:{origin.port}",
            f"CONNECT localhost:{origin.port}",
            f"GET http://127.0.0.1:{origin.port}/",
            f"GET http://[::ffff:127.0.0.1]:{origin.port}/",
        ):
            answer = await ask(gate, f"{line} HTTP/1.1\r\n{credentials(gate)}\r\n")
            assert answer.startswith(b"HTTP/1.1 403 "), line
        assert origin.asked == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "line",
    [
        "GET / HTTP/1.1",
        "GET https://127.0.0.1/ HTTP/1.1",
        "GET file:///etc/passwd HTTP/1.1",
        "GET http://u@127.0.0.1/ HTTP/1.1",
        "GET http://127.0.0.1:0x50/ HTTP/1.1",
        "CONNECT 127.0.0.1 HTTP/1.1",
        "CONNECT 127.0.0.1:99999 HTTP/1.1",
        "CONNECT 127.0.0.1:８０ HTTP/1.1",
        "GET http://127.0.0.1/ HTTP/2",
        "GET  http://127.0.0.1/ HTTP/1.1",
        "\x00",
    ],
)
async def test_what_is_no_request(line: str) -> None:
    async with open_gate() as gate:
        answer = await ask(gate, f"{line}\r\n{credentials(gate)}\r\n")
        assert answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.asyncio
async def test_bodies_have_a_plain_length() -> None:
    async with open_origin(OK) as origin, open_gate(origin.port) as gate:
        start = f"POST http://127.0.0.1:{origin.port}/ HTTP/1.1\r\n{credentials(gate)}"
        answers = [
            await ask(gate, f"{start}Transfer-Encoding: chunked\r\n\r\n"),
            await ask(gate, f"{start}Content-Length: 1\r\nContent-Length: 2\r\n\r\n"),
            await ask(gate, f"{start}Content-Length: -1\r\n\r\n"),
            await ask(gate, f"{start}Content-Length: 99999999999\r\n\r\n"),
        ]
        assert [int(answer.split()[1]) for answer in answers] == [411, 400, 400, 413]
        assert origin.asked == []


@pytest.mark.asyncio
async def test_a_head_without_end_is_cut_off() -> None:
    async with open_gate() as gate:
        assert await ask(gate, b"GET " + b"a" * (2 * MAX_HEAD)) == b""


@pytest.mark.asyncio
async def test_nobody_behind_the_address() -> None:
    async with open_origin(OK) as origin:
        port = origin.port
    async with open_gate(port) as gate:
        answer = await ask(gate, f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n{credentials(gate)}\r\n")
        assert answer.startswith(b"HTTP/1.1 502 ")


@pytest.mark.asyncio
@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\n\r\nand so on", b""])
async def test_an_answer_without_end_ends_with_whoever_asked(answer: bytes) -> None:
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        asked.set()
        if not await reader.read():
            gone.set()
        writer.close()

    asked = asyncio.Event()
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with open_gate(int(host.rpartition(":")[2])) as gate:
            port = int(gate.proxy.server.rpartition(":")[2])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET http://{host}/ HTTP/1.1\r\n{credentials(gate)}\r\n".encode())
            async with asyncio.timeout(5):
                await asked.wait()
                if answer:
                    await reader.readuntil(b"so on")
                writer.close()
                await gone.wait()


@pytest.mark.asyncio
async def test_closing_cuts_open_tunnels() -> None:
    async def stay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(stay, "127.0.0.1", 0) as server:
        port: int = server.sockets[0].getsockname()[1]
        async with open_gate(port) as gate:
            proxy = int(gate.proxy.server.rpartition(":")[2])
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy)
            request = f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n{credentials(gate)}\r\n"
            writer.write(request.encode())
            await reader.readuntil(b"\r\n\r\n")
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


def test_heads_that_smuggle_are_refused() -> None:
    for lines in (b"A: b\r\n c: folded", b"no colon", b"A: b\nHost: x"):
        with pytest.raises(Refusal):
            parse_head(b"GET http://h/ HTTP/1.1\r\n" + lines + b"\r\n\r\n")


def test_targets() -> None:
    assert split_target("http://h:81/p?q") == ("h", 81, "/p?q")
    assert split_target("HTTP://h?q#f") == ("h", 80, "/?q")
    assert split_target("http://[::1]:81") == ("[::1]", 81, "/")
    assert parse_authority("[::1]", 80) == ("[::1]", 80)

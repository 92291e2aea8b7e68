"""A slow client costs nobody anything, and is told what it missed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from dealflow.api.live import client as live_client
from dealflow.api.live import hub, log
from dealflow.api.live.protocol import CLOSE_RENEW, CLOSE_STALLED
from dealflow.model.events import LotChanged, ViewersChanged
from dealflow.model.show import Lot
from dealflow.store.base import Show
from tests.fakes.api import Api, frame, say, served

HEALTHY, STALLED = 50, 20
EVENTS = 4_000


async def small_pipe(api: Api, path: str = "/ws?batch=1") -> ClientConnection:
    """Connect with tiny buffers, so that a client that stops reading is felt at once."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.setblocking(False)
    await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", api.port))
    return await api.socket(path, sock=line, max_queue=1, ping_interval=None, max_size=None)


async def tell(api: Api, show: Show, count: int, seconds: float, size: int = 500) -> None:
    """Commit events of some bytes each, evenly over a time."""
    events = [LotChanged(lot=Lot(title="x" * size))] * 20
    begun = time.monotonic()
    for number in range(count // 20):
        await api.monitor.tell(show, events)
        await asyncio.sleep(max(0.0, begun + seconds * number / (count // 20) - time.monotonic()))


async def read_all(client: ClientConnection, last: int) -> tuple[list[int], list[str], float]:
    """Return positions, control frames and the longest wait between two messages."""
    seqs: list[int] = []
    controls: list[str] = []
    longest, before = 0.0, time.monotonic()
    while not seqs or seqs[-1] < last:
        for one in json.loads(await client.recv()):
            if one["type"] == "lot_changed":
                seqs.append(one["seq"])
            else:
                controls.append(one["type"])
        now = time.monotonic()
        longest, before = max(longest, now - before), now
    return seqs, controls, longest


async def code_of_end(client: ClientConnection) -> int | None:
    """Read on until the server closes; return its code."""
    try:
        while True:
            await client.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


@pytest.mark.asyncio
async def test_clients_that_stop_reading_delay_nobody_and_are_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub, "STALLED_SECONDS", 0.5)
    async with served() as api:
        show = await api.store.open_show(session_id="s", platform="push", url="", now_ms=1)
        stalled = [await small_pipe(api) for _ in range(STALLED)]
        healthy = [await api.socket("/ws?batch=1", max_size=None) for _ in range(HEALTHY)]
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            tasks.create_task(tell(api, show, EVENTS, 4.0))
            readers = [tasks.create_task(read_all(client, EVENTS)) for client in healthy]
        for reader in readers:
            seqs, controls, longest = reader.result()
            assert seqs == list(range(1, EVENTS + 1))
            assert "lagged" not in controls
            # A send that waits for a stalled client would be seen as a wait of many seconds.
            assert longest < 2.0
        async with asyncio.timeout(20):
            assert {await code_of_end(client) for client in stalled} == {CLOSE_STALLED}
        await asyncio.gather(*(client.close() for client in healthy))


@pytest.mark.asyncio
async def test_a_client_that_pauses_is_told_and_caught_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "MAX_FRAMES", 100)
    async with served() as api:
        show = await api.store.open_show(session_id="s", platform="push", url="", now_ms=1)
        client = await small_pipe(api)
        await client.send(json.dumps({"action": "subscribe", "sessionId": "s", "after": 0}))
        while b"subscribed" not in await client.recv(decode=False):
            pass
        await tell(api, show, 3_000, 1.0)
        async with asyncio.timeout(15):
            seqs, controls, _ = await read_all(client, 3_000)
        assert seqs == list(range(1, 3_001))
        assert "lagged" in controls
        assert 'clients_lagged_total{kind="client"}' in (await api.http.get("/metrics")).text
        await client.close()


@pytest.mark.asyncio
async def test_a_client_that_never_comes_back_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "STALLED_SECONDS", 0.3)
    monkeypatch.setattr("dealflow.api.live.connection.CLOSE_SECONDS", 0.3)
    async with served() as api:
        show = await api.store.open_show(session_id="s", platform="push", url="", now_ms=1)
        client = await small_pipe(api)
        await tell(api, show, 3_000, 0.5)
        assert api.server is not None
        connections = api.server._uvicorn.server_state.connections
        async with asyncio.timeout(10):
            while any(api.server._live_sockets()):
                await asyncio.sleep(0.05)
        assert len(connections) <= 1
        client.transport.abort()


@pytest.mark.asyncio
async def test_an_old_stream_is_asked_to_connect_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "LIFETIME_SECONDS", 0.2)
    async with served() as api, api.socket() as client:
        await frame(client, "hello")
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(5):
                await client.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == CLOSE_RENEW


@pytest.mark.asyncio
async def test_clients_leave_nothing_behind() -> None:
    async with served() as api:
        show = await api.store.open_show(session_id="s", platform="push", url="", now_ms=1)
        for turn in range(10):
            clients = [await api.socket() for _ in range(5)]
            for client in clients:
                await say(client, "subscribe", sessionId="s")
            await api.monitor.tell(show, [ViewersChanged(viewers=turn)])
            for client in clients:
                client.transport.abort()
        async with asyncio.timeout(5):
            while api.services.hub._clients:
                await asyncio.sleep(0.02)
        assert api.services.hub._by_show == {}
        assert api.services.hub._everything == set()
        assert "dealflow_clients 0.0" in (await api.http.get("/metrics")).text


@pytest.mark.asyncio
async def test_a_client_that_asks_and_never_reads_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_client, "MAX_CONTROL", 3)
    monkeypatch.setattr("dealflow.api.live.connection.CLOSE_SECONDS", 0.3)
    async with served() as api:
        await api.store.open_show(session_id="s", platform="push", url="", now_ms=1)
        client = await small_pipe(api)
        async with asyncio.timeout(15):
            with contextlib.suppress(ConnectionClosed):
                while True:
                    await client.send("x" * 1_000)
            while api.services.hub._clients:
                await asyncio.sleep(0.02)
        client.transport.abort()

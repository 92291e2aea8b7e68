"""Listening, refusing to listen, and stopping in time."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest
from websockets.exceptions import ConnectionClosed

from dealflow.api.server import Server
from dealflow.errors import PortTaken, SettingsInvalid, TokenRequired
from dealflow.settings import ApiSettings, Settings
from tests.fakes.api import frame, made, say, served


@pytest.mark.asyncio
async def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        async with made() as api:
            with pytest.raises(PortTaken, match=str(port)):
                await Server(api.app, ApiSettings(port=port)).start()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
@pytest.mark.asyncio
async def test_an_open_address_needs_a_token_of_your_own(host: str) -> None:
    async with made() as api:
        with pytest.raises(TokenRequired):
            await Server(api.app, ApiSettings(host=host, port=0)).start()


@pytest.mark.asyncio
async def test_an_address_of_another_machine() -> None:
    settings = Settings(token="t" * 43, api=ApiSettings(host="192.0.2.1", port=0))
    async with made(settings) as api:
        with pytest.raises(SettingsInvalid):
            await Server(api.app, settings.api).start()


@pytest.mark.parametrize(
    "api_settings", [ApiSettings(origins=("shop.example",)), ApiSettings(hosts=("http://x",))]
)
@pytest.mark.asyncio
async def test_bad_names_in_the_settings(api_settings: ApiSettings) -> None:
    with pytest.raises(SettingsInvalid):
        async with made(Settings(api=api_settings)):
            pass


@pytest.mark.asyncio
async def test_it_listens_on_loopback_only_by_default() -> None:
    async with served() as api:
        assert api.server is not None
        assert api.server.url == f"http://127.0.0.1:{api.server.port}"
        assert api.server._socket is not None
        assert api.server._socket.getsockname()[0] == "127.0.0.1"


@pytest.mark.asyncio
async def test_stopping_ends_every_stream_in_time() -> None:
    async with served() as api:
        assert api.server is not None
        await api.store.open_show(session_id="s", platform="push", url="", now_ms=1)
        polite = await api.socket()
        await say(polite, "subscribe", sessionId="s")
        await frame(polite, "subscribed")
        deaf = [await api.socket(ping_interval=None) for _ in range(5)]
        for client in deaf:
            client.transport.pause_reading()
        async with api.http.stream("GET", "/api/sessions/s/events") as events:
            begun = time.monotonic()
            await api.server.stop(grace=5)
            assert time.monotonic() - begun < 5
            async for _line in events.aiter_lines():
                pass
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(5):
                await polite.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
        with pytest.raises(OSError, match="Connect call failed"):
            await asyncio.open_connection("127.0.0.1", api.port or 1)
        for client in deaf:
            client.transport.abort()


@pytest.mark.asyncio
async def test_stopping_twice_is_fine() -> None:
    async with served() as api:
        assert api.server is not None
        await api.server.stop()
        await api.server.stop()

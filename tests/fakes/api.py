"""The API over an in-memory store and the fake monitor, in process or on a port."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect

from dealflow.api.app import create_app
from dealflow.api.server import Server
from dealflow.api.services import Services
from dealflow.bus.memory import MemoryBus
from dealflow.clock import SystemClock
from dealflow.settings import ApiSettings, Settings
from dealflow.store.base import Store
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics
from tests.fakes.monitor import FakeMonitor

TOKEN = "a-token-that-only-these-tests-use-0123456789"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@dataclass
class Api:
    """Everything that a test may want to reach."""

    app: FastAPI
    store: Store
    bus: MemoryBus
    monitor: FakeMonitor
    metrics: Metrics
    http: httpx.AsyncClient
    server: Server | None = None

    @property
    def services(self) -> Services:
        services: Services = self.app.state.services
        return services

    @property
    def port(self) -> int:
        assert self.server is not None
        return self.server.port

    def socket(self, path: str = "/ws", **options: Any) -> connect:
        """Open a WebSocket that is logged in."""
        options.setdefault("additional_headers", BEARER)
        return connect(f"ws://127.0.0.1:{self.port}{path}", compression=None, **options)


@asynccontextmanager
async def made(settings: Settings | None = None, token: str = TOKEN) -> AsyncIterator[Api]:
    """Make the app without running it."""
    settings = settings or Settings(api=ApiSettings(port=0))
    clock, metrics, bus = SystemClock(), Metrics(), MemoryBus()
    store = await SqliteStore.open(None, clock=clock, metrics=metrics)
    monitor = FakeMonitor(store, bus, clock)
    app = create_app(
        settings=settings,
        store=store,
        bus=bus,
        monitor=monitor,
        metrics=metrics,
        clock=clock,
        token=token,
    )
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50_000))
    try:
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:3001", headers=BEARER, verify=False
        ) as http:
            yield Api(app, store, bus, monitor, metrics, http)
    finally:
        await store.aclose()
        await bus.aclose()


@asynccontextmanager
async def in_process(settings: Settings | None = None) -> AsyncIterator[Api]:
    """Run the app without a port."""
    async with made(settings) as api, api.app.router.lifespan_context(api.app):
        yield api


@asynccontextmanager
async def served(settings: Settings | None = None) -> AsyncIterator[Api]:
    """Run the app on a port of the system's choice."""
    async with made(settings) as api:
        api.server = Server(api.app, api.services.settings.api)
        await api.server.start()
        try:
            async with httpx.AsyncClient(
                base_url=api.server.url, headers=BEARER, verify=False
            ) as http:
                api.http = http
                yield api
        finally:
            await api.server.stop()


async def frame(socket: ClientConnection, kind: str | None = None) -> dict[str, Any]:
    """Return the next frame, or the next one of a kind, within five seconds."""
    async with asyncio.timeout(5):
        while True:
            found: dict[str, Any] = json.loads(await socket.recv())
            if kind is None or found["type"] == kind:
                return found


async def say(socket: ClientConnection, action: str, **fields: object) -> None:
    """Send a client's frame."""
    await socket.send(json.dumps({"action": action, **fields}))

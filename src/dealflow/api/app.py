"""Puts the API together: services, routes, sockets, and the gate in front of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import WebSocketRoute

from dealflow import __version__, errors
from dealflow.api import openapi
from dealflow.api.access import Access
from dealflow.api.auth import SOCKETS, Gate
from dealflow.api.errors import response_of
from dealflow.api.hosts import Origin, host_rules, origin_of
from dealflow.api.live.connection import LiveSocket
from dealflow.api.live.hub import Hub
from dealflow.api.live.log import Logs
from dealflow.api.live.recovery import Recovery
from dealflow.api.routes import (
    corrections,
    edge,
    filters,
    health,
    landing,
    login,
    monitoring,
    reanalysis,
    sessions,
    streams,
)
from dealflow.api.services import Services, find_show
from dealflow.bus.base import Bus
from dealflow.clock import Clock
from dealflow.errors import DealflowError, SettingsInvalid
from dealflow.pipeline.base import Monitor
from dealflow.settings import ApiSettings, Settings
from dealflow.store.base import Store
from dealflow.telemetry.metrics import Metrics

_ABOUT = "Reads the chat of live sales and keeps a fair ledger of who claimed what."


def create_app(
    *,
    settings: Settings,
    store: Store,
    bus: Bus,
    monitor: Monitor,
    metrics: Metrics,
    clock: Clock,
    token: str,
) -> FastAPI:
    """Return the app; its lifespan runs the live hub. ``app.state.services`` holds the parts.

    Raises:
        SettingsInvalid: a host or an origin in the settings is none.
    """
    access = Access(token, clock)
    logs = Logs()
    hub = Hub(store=store, bus=bus, logs=logs, access=access, clock=clock, metrics=metrics)
    services = Services(
        settings=settings,
        store=store,
        monitor=monitor,
        metrics=metrics,
        clock=clock,
        access=access,
        hub=hub,
        recovery=Recovery(store, logs),
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with hub.running():
            yield

    app = FastAPI(
        title="DealFlow",
        version=__version__,
        description=_ABOUT,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[_gate(settings.api, access)],
    )
    app.state.services = services
    for noun in (
        monitoring,
        streams,
        filters,
        corrections,
        reanalysis,
        sessions,
        edge,
        health,
        login,
        landing,
    ):
        app.include_router(noun.routes(services))
    live = LiveSocket(
        hub=hub,
        recovery=services.recovery,
        access=access,
        find_show=partial(find_show, store),
        clock=clock,
        metrics=metrics,
    )
    app.router.routes.extend(WebSocketRoute(path, live) for path in sorted(SOCKETS))
    _say_errors_our_way(app)
    _describe(app)
    return app


def _gate(api: ApiSettings, access: Access) -> Middleware:
    try:
        hosts = host_rules(api.hosts, api.host)
    except ValueError as error:
        raise SettingsInvalid(f"{error} in api.hosts is no host name.") from error
    return Middleware(Gate, access=access, hosts=hosts, origins=_origins(api.origins))


def _origins(texts: tuple[str, ...]) -> frozenset[Origin]:
    origins = {text: origin_of(text) for text in texts}
    bad = [text for text, origin in origins.items() if origin is None]
    if bad:
        raise SettingsInvalid(
            f"{bad[0]} in api.origins is no origin.",
            hint="Write scheme, host and port only, such as https://seller.example.",
        )
    return frozenset(origin for origin in origins.values() if origin is not None)


def _say_errors_our_way(app: FastAPI) -> None:
    """Give every error the one JSON shape."""

    async def ours(_request: Request, error: Exception) -> Response:
        if not isinstance(error, DealflowError):
            raise error
        return response_of(error)

    async def invalid(_request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return response_of(errors.InputInvalid(f"{where}: {first['msg']}."))

    async def http(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code == 405:
            answer = response_of(errors.MethodRefused(f"{request.method} is not for this path."))
            answer.headers.update(error.headers or {})
            return answer
        return response_of(errors.RouteUnknown("Nothing lives at this path."))

    app.add_exception_handler(DealflowError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)


def _describe(app: FastAPI) -> None:
    """Let ``/openapi.json`` be made by `openapi.describe`, once."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = openapi.describe(app)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # the way that FastAPI documents

"""Begin and end the reading of a show."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from dealflow import errors
from dealflow.api.answers import answer
from dealflow.api.bodies import read_body
from dealflow.api.live.snapshot import info_of
from dealflow.api.openapi import BODY_ERRORS, answers, body
from dealflow.api.schemas import Monitoring, StartMonitoring, StopMonitoring, Stopped
from dealflow.api.services import Services
from dealflow.model.rule_line import parse_rules
from dealflow.pipeline.base import StartRequest

_START = msgspec.json.Decoder(StartMonitoring)
_STOP = msgspec.json.Decoder(StopMonitoring)
_URL = "https://www.whatnot.com/live/4f2c9a5e-6a53-4d0f-8c51-2b1f0c0a7d11"


def routes(services: Services) -> APIRouter:
    """Return this noun's routes."""
    router = APIRouter(tags=["monitoring"])

    @router.post(
        "/api/start-monitoring",
        openapi_extra=body(StartMonitoring, {"url": _URL, "sessionId": "friday-night"}),
        responses=answers(
            Monitoring,
            *BODY_ERRORS,
            errors.ShowUrlRefused,
            errors.TransportUnknown,
            errors.ShowUnknown,
            errors.TooManyShows,
            errors.DiskFull,
            errors.StoreUnavailable,
            errors.Stopping,
        ),
    )
    async def start_monitoring(request: Request) -> Response:
        """Read a show; it goes on until it ends or is stopped."""
        wish = await read_body(request, _START)
        show = await services.monitor.start(
            StartRequest(
                url=wish.url,
                session_id=wish.session_id,
                auto_discover=bool(wish.auto_discover),
                fallback_urls=tuple(wish.fallback_urls or ()),
                rules=parse_rules(wish.rules) if isinstance(wish.rules, str) else wish.rules,
                filters=wish.filters,
                threshold=wish.threshold,
                transport=wish.transport,
            )
        )
        return answer(
            Monitoring(session_id=show.session_id, stream_id=show.id, stream=info_of(show))
        )

    @router.post(
        "/api/stop-monitoring",
        openapi_extra=body(StopMonitoring, {"sessionId": "friday-night"}),
        responses=answers(
            Stopped, *BODY_ERRORS, errors.ShowUnknown, errors.DiskFull, errors.StoreUnavailable
        ),
    )
    async def stop_monitoring(request: Request) -> Response:
        """Stop reading a show; all that was read is committed before the answer."""
        wish = await read_body(request, _STOP)
        show = await services.monitor.stop(wish.session_id)
        return answer(Stopped(session_id=show.session_id, stream_id=show.id))

    return router

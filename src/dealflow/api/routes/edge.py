"""The original system's edge function: one message in, one verdict out."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from dealflow.api.answers import analysed_of, answer
from dealflow.api.bodies import read_body
from dealflow.api.openapi import BODY_ERRORS, PUSH_ERRORS, answers, body
from dealflow.api.schemas import Analysed, AnalyseMessage
from dealflow.api.services import Services
from dealflow.model.text import clean
from dealflow.pipeline.base import PushedMessage

_DECODER = msgspec.json.Decoder(AnalyseMessage)
_EXAMPLE = {
    "message": "I'll take the red one",
    "username": "ann",
    "streamSessionId": "test-session-id",
    "platform": "whatnot",
}


def routes(services: Services) -> APIRouter:
    """Return this noun's routes."""
    router = APIRouter(tags=["edge function"])

    @router.post(
        "/functions/v1/monitor-realtime-stream",
        openapi_extra=body(AnalyseMessage, _EXAMPLE),
        responses=answers(Analysed, *BODY_ERRORS, *PUSH_ERRORS),
    )
    async def monitor_realtime_stream(request: Request) -> Response:
        """Store and judge one message; a session key that is new opens a pushed show."""
        wish = await read_body(request, _DECODER)
        message = PushedMessage(username=clean(wish.username), text=clean(wish.message))
        outcomes = await services.monitor.push(
            wish.stream_session_id, [message], platform=wish.platform or "push"
        )
        return answer(analysed_of(outcomes[0]))

    return router

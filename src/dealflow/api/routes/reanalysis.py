"""Judge a stored show again, beside what stands."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from dealflow import errors
from dealflow.api import answers as shapes
from dealflow.api.bodies import read_body
from dealflow.api.openapi import BODY_ERRORS, answers, body
from dealflow.api.routes.sessions import Key
from dealflow.api.schemas import LatestRun, RunItem, StartReanalysis
from dealflow.api.services import Services, find_show

_DECODER = msgspec.json.Decoder(StartReanalysis)
_UNKNOWN = (errors.ShowUnknown, errors.StoreUnavailable)


def routes(services: Services) -> APIRouter:
    """Return this noun's routes."""
    router = APIRouter(tags=["reanalysis"], prefix="/api/sessions/{id:path}/reanalysis")
    monitor, store = services.monitor, services.store

    @router.post(
        "",
        openapi_extra=body(StartReanalysis, {"threshold": 0.8}),
        responses=answers(RunItem, *BODY_ERRORS, *_UNKNOWN, errors.DiskFull, errors.Stopping),
    )
    async def start(id: Key, request: Request) -> Response:
        """Begin to judge a show again, or go on with it; the answer comes at once.

        The verdicts stand beside those that count: nothing else changes. Ask for the report later.
        """
        wish = await read_body(request, _DECODER)
        show = await find_show(store, id)
        state = await monitor.reanalyse(
            show.session_id, model=wish.model, threshold=wish.threshold, again=wish.again
        )
        return shapes.answer(shapes.run_of(show.session_id, state))

    @router.get("", responses=answers(LatestRun, *_UNKNOWN))
    async def latest(id: Key) -> Response:
        """Read how a show's latest reanalysis stands, and its report once it is finished."""
        show = await find_show(store, id)
        state = await monitor.reanalysis(show.session_id)
        return shapes.answer(
            LatestRun(
                session_id=show.session_id,
                reanalysis=None if state is None else shapes.run_of(show.session_id, state),
            )
        )

    return router

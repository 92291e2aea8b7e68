"""What is kept out of one show, and what was."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from dealflow import errors
from dealflow.api.answers import answer, filters_of
from dealflow.api.bodies import read_body
from dealflow.api.openapi import BODY_ERRORS, answers, body
from dealflow.api.routes.sessions import Key
from dealflow.api.schemas import FilterAnswer, FilterChange
from dealflow.api.services import Services, find_show
from dealflow.model.filters import Filters

_WHOLE = msgspec.json.Decoder(Filters)
_CHANGE = msgspec.json.Decoder(FilterChange)
_EXAMPLE = {"mute": ["bot_*"], "deny": ["free followers"], "links": True, "repeats": 3}
_CHANGING = (errors.ShowUnknown, errors.DiskFull, errors.StoreUnavailable)


def routes(services: Services) -> APIRouter:
    """Return this noun's routes."""
    router = APIRouter(tags=["filters"], prefix="/api/sessions/{id:path}/filters")
    monitor, store = services.monitor, services.store

    async def changed(id: str, filters: Filters) -> Response:
        show = await find_show(store, id)
        state = await monitor.set_filters(show.session_id, filters)
        return answer(filters_of(await find_show(store, show.id), state))

    @router.get("", responses=answers(FilterAnswer, errors.ShowUnknown, errors.StoreUnavailable))
    async def read(id: Key) -> Response:
        """Read a show's filters, how often each dropped a message, and the newest of these."""
        show = await find_show(store, id)
        return answer(filters_of(show, await monitor.filters(show.session_id)))

    @router.put(
        "",
        openapi_extra=body(Filters, _EXAMPLE),
        responses=answers(FilterAnswer, *BODY_ERRORS, *_CHANGING),
    )
    async def put(id: Key, request: Request) -> Response:
        """Replace a show's filters; they hold from its next message on."""
        return await changed(id, await read_body(request, _WHOLE))

    @router.patch(
        "",
        openapi_extra=body(FilterChange, {"mute": ["bot_*"]}),
        responses=answers(FilterAnswer, *BODY_ERRORS, *_CHANGING),
    )
    async def patch(id: Key, request: Request) -> Response:
        """Replace only the fields that the body names."""
        wish = await read_body(request, _CHANGE)
        show = await find_show(store, id)
        now = (await monitor.filters(show.session_id)).filters
        said = {
            name: value for name, value in msgspec.structs.asdict(wish).items() if value is not None
        }
        return await changed(id, msgspec.structs.replace(now, **said))

    return router

"""Every verdict on a message, and the seller's own."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from dealflow import errors
from dealflow.api import answers as shapes
from dealflow.api.bodies import read_body
from dealflow.api.openapi import BODY_ERRORS, answers, body
from dealflow.api.routes.sessions import Key
from dealflow.api.schemas import CorrectedMessage, CorrectMessage, VerdictList
from dealflow.api.services import Services, find_show
from dealflow.model.correction import Correction
from dealflow.model.intent import Intent
from dealflow.model.revision import standing_version

_DECODER = msgspec.json.Decoder(CorrectMessage)
_EXAMPLE = {"verdict": "missed_buyer", "intent": "claim"}

MessageKey = Annotated[str, Path(description="The message's `id`.", max_length=100)]
_UNKNOWN = (errors.ShowUnknown, errors.MessageUnknown, errors.StoreUnavailable)
_CHANGING = (*_UNKNOWN, errors.DiskFull, errors.Overloaded, errors.Stopping)


def routes(services: Services) -> APIRouter:
    """Return this noun's routes."""
    router = APIRouter(tags=["corrections"], prefix="/api/sessions/{id:path}/messages/{message_id}")
    store = services.store

    async def corrected(
        id: str, message_id: str, correction: Correction | None, intent: Intent | None = None
    ) -> Response:
        show = await find_show(store, id)
        stored = await services.monitor.correct(show.session_id, message_id, correction, intent)
        threshold = show.capture_threshold(services.settings.capture.threshold)
        return shapes.answer(
            CorrectedMessage(
                session_id=show.session_id, message=shapes.message_of(stored, threshold)
            )
        )

    @router.post(
        "/correction",
        openapi_extra=body(CorrectMessage, _EXAMPLE),
        responses=answers(CorrectedMessage, *BODY_ERRORS, *_CHANGING),
    )
    async def correct(id: Key, message_id: MessageKey, request: Request) -> Response:
        """Say that a message is no buyer's, or is one; the show need not be read now.

        The seller's word stands before every other verdict, and a later word before an earlier one.
        """
        wish = await read_body(request, _DECODER)
        return await corrected(id, message_id, wish.verdict, wish.intent)

    @router.delete(
        "/correction", responses=answers(CorrectedMessage, errors.InputInvalid, *_CHANGING)
    )
    async def take_back(id: Key, message_id: MessageKey) -> Response:
        """Take the seller's word back, if there is one; what was said stays among the verdicts."""
        return await corrected(id, message_id, None)

    @router.get("/verdicts", responses=answers(VerdictList, errors.InputInvalid, *_UNKNOWN))
    async def verdicts(id: Key, message_id: MessageKey) -> Response:
        """Read every verdict on a message; ``stands`` is the version that people see."""
        show = await find_show(store, id)
        found = await store.verdicts(show.id, message_id)
        if not found:
            raise errors.MessageUnknown("The show has no such message.")
        threshold = show.capture_threshold(services.settings.capture.threshold)
        return shapes.answer(
            VerdictList(
                session_id=show.session_id,
                message_id=message_id,
                stands=standing_version(found),
                verdicts=[
                    shapes.verdict_of(revision, version, threshold)
                    for version, revision in enumerate(found, 1)
                ],
            )
        )

    return router

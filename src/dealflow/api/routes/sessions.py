"""One show's messages, captures, claims, gaps and events; and messages pushed into it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Path, Query, Request
from starlette.responses import Response

from dealflow import errors
from dealflow.api import answers as shapes
from dealflow.api.bodies import read_body
from dealflow.api.live.client import Client
from dealflow.api.live.protocol import filter_of
from dealflow.api.live.sse import EventStream, SseWire, position_of
from dealflow.api.openapi import BODY_ERRORS, PUSH_ERRORS, answers, body, event_stream
from dealflow.api.schemas import (
    CapturePage,
    ClaimList,
    GapList,
    MessagePage,
    PushAnswer,
    PushItem,
    PushMessages,
)
from dealflow.api.services import Services, find_show
from dealflow.clock import from_iso
from dealflow.model.intent import Intent
from dealflow.model.text import MAX_NAME, clean
from dealflow.pipeline.base import PushedMessage

MAX_PAGE = 1000

_PUSH = msgspec.json.Decoder(PushMessages)
_EXAMPLE = {"messages": [{"username": "ann", "message": "A12 mine", "platformId": "m-17"}]}

Key = Annotated[str, Path(description="`sessionId` or `streamId`.", examples=["friday-night"])]
After = Annotated[int, Query(ge=0, le=2**63 - 1, description="Only what comes after this place.")]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many at most.")]
_UNKNOWN = (errors.InputInvalid, errors.ShowUnknown, errors.StoreUnavailable)


def routes(services: Services) -> APIRouter:
    """Return this noun's routes."""
    router = APIRouter(tags=["sessions"], prefix="/api/sessions/{id:path}")
    _pages(router, services)
    _events(router, services)

    @router.post(
        "/messages",
        openapi_extra=body(PushMessages, _EXAMPLE),
        # A key with a slash in it, however it is escaped, is another path.
        responses=answers(PushAnswer, *BODY_ERRORS, *PUSH_ERRORS, errors.RouteUnknown),
    )
    async def push(id: Key, request: Request) -> Response:
        """Take messages; the answer comes after COMMIT, with one outcome for each, in order.

        A key that is new opens a pushed show of that name.
        """
        wish = await read_body(request, _PUSH)
        show = await services.store.show(id)
        session_id = check_key(id) if show is None else show.session_id
        outcomes = await services.monitor.push(
            session_id, [pushed(item) for item in wish.messages], platform=wish.platform
        )
        return shapes.answer(
            PushAnswer(
                session_id=session_id,
                outcomes=[shapes.outcome_of(outcome) for outcome in outcomes],
            )
        )

    return router


def _pages(router: APIRouter, services: Services) -> None:
    store = services.store

    @router.get("/messages", responses=answers(MessagePage, *_UNKNOWN))
    async def messages(
        id: Key, after: After = 0, limit: Limit = 100, intent: Intent | None = None
    ) -> Response:
        """Read stored messages by position."""
        show = await find_show(store, id)
        found = await store.messages(
            show.id, after=after, limit=limit, intents=() if intent is None else (intent,)
        )
        threshold = show.capture_threshold(services.settings.capture.threshold)
        return shapes.answer(
            MessagePage(
                session_id=show.session_id,
                epoch=show.epoch,
                messages=[shapes.message_of(message, threshold) for message in found],
                next=found[-1].seq if len(found) == limit else None,
            )
        )

    @router.get("/captures", responses=answers(CapturePage, *_UNKNOWN))
    async def captures(
        id: Key,
        after: After = 0,
        limit: Limit = 100,
        withdrawn: Annotated[bool, Query(description="Those taken back, too.")] = False,
    ) -> Response:
        """Read captured buyers by number."""
        show = await find_show(store, id)
        found = await store.captures(show.id, after=after, limit=limit, withdrawn=withdrawn)
        return shapes.answer(
            CapturePage(
                session_id=show.session_id,
                captures=[shapes.capture_of(capture) for capture in found],
                next=found[-1].number if len(found) == limit else None,
            )
        )

    @router.get("/claims", responses=answers(ClaimList, *_UNKNOWN))
    async def claims(id: Key) -> Response:
        """Read every claim as it stands."""
        show = await find_show(store, id)
        return shapes.answer(
            ClaimList(session_id=show.session_id, claims=await store.claims(show.id))
        )

    @router.get("/gaps", responses=answers(GapList, *_UNKNOWN))
    async def gaps(id: Key) -> Response:
        """Read every stretch that was not read."""
        show = await find_show(store, id)
        found = [shapes.gap_of(gap) for gap in await store.gaps(show.id)]
        return shapes.answer(GapList(session_id=show.session_id, gaps=found))


def _events(router: APIRouter, services: Services) -> None:
    @router.get(
        "/events",
        responses=event_stream(*_UNKNOWN, errors.Stopping),
        response_class=Response,
        response_model=None,
    )
    async def events(
        request: Request,
        id: Key,
        after: Annotated[int | None, Query(ge=0, le=2**63 - 1)] = None,
        types: Annotated[str, Query(max_length=500, description="Kinds, by commas.")] = "",
        buyers_only: Annotated[bool, Query(alias="buyersOnly")] = False,
        last_event_id: Annotated[str | None, Header(max_length=64)] = None,
    ) -> EventStream:
        """Follow a show as Server-Sent Events, from a position or from a snapshot.

        ``Last-Event-ID`` (``epoch:seq``), which browsers send by themselves, goes before ``after``.
        """
        epoch: int | None = None
        if last_event_id:
            epoch, after = position_of(last_event_id)
        wanted = filter_of([kind for kind in types.split(",") if kind], buyers_only)
        if services.hub.stopping:
            raise errors.Stopping("DealFlow is shutting down.")
        show = await find_show(services.store, id)
        start = await services.recovery.start(show, after, epoch)

        def make_client(wire: SseWire) -> Client:
            return Client(
                wire,
                request.scope["grant"],
                recovery=services.recovery,
                clock=services.clock,
                metrics=services.metrics,
            )

        return EventStream(services.hub, make_client, show_id=show.id, wanted=wanted, start=start)


def check_key(key: str) -> str:
    """Return a caller's key for a new show.

    Raises:
        InputInvalid: it is empty, too long or holds control characters.
    """
    if not 0 < len(key) <= MAX_NAME or not key.isprintable() or clean(key) != key:
        raise errors.InputInvalid(
            f"A session key has 1 to {MAX_NAME} printable characters.",
        )
    return key


def pushed(item: PushItem) -> PushedMessage:
    """Return a message that a caller hands us, its text made safe.

    Raises:
        InputInvalid: its time is no ISO 8601 time.
    """
    try:
        sent_at = None if item.timestamp is None else from_iso(item.timestamp)
    except (ValueError, OverflowError) as error:
        raise errors.InputInvalid("A timestamp is no ISO 8601 time.") from error
    return PushedMessage(
        username=clean(item.username),
        text=clean(item.message),
        platform_id=clean(item.platform_id) if item.platform_id else None,
        sent_at=sent_at,
        role=item.role,
    )

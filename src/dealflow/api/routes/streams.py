"""All shows, and one show's summary."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from dealflow import errors
from dealflow.api.answers import answer, gap_of, rules_of, stream_of
from dealflow.api.openapi import answers
from dealflow.api.schemas import Accounting, StreamList, StreamSummary
from dealflow.api.services import Services, find_show


def routes(services: Services) -> APIRouter:
    """Return this noun's routes."""
    router = APIRouter(tags=["streams"])

    @router.get("/api/streams", responses=answers(StreamList, errors.StoreUnavailable))
    async def streams() -> Response:
        """List all shows, the newest first."""
        active = services.monitor.active
        shows = await services.store.shows()
        return answer(
            StreamList(
                streams=[stream_of(show, active=show.session_id in active) for show in shows]
            )
        )

    @router.get(
        "/api/stream-summary/{id:path}",
        responses=answers(StreamSummary, errors.ShowUnknown, errors.StoreUnavailable),
    )
    async def stream_summary(id: str) -> Response:
        """Sum up one show, by its ``sessionId`` or its ``streamId``."""
        store = services.store
        show = await find_show(store, id)
        view = await services.recovery.snapshot(show)
        counters = show.counters
        item = stream_of(show, active=show.session_id in services.monitor.active)
        return answer(
            StreamSummary(
                **msgspec.structs.asdict(item),
                rules=rules_of(show, services.settings.rules),
                stats=view.stats,
                accounting=Accounting(
                    read=counters.read,
                    stored=counters.stored,
                    duplicates=counters.duplicates,
                    dropped=counters.dropped,
                ),
                sales=await store.sales(show.id),
                claims=await store.claims(show.id),
                gaps=[gap_of(gap) for gap in await store.gaps(show.id)],
            )
        )

    return router

"""Whether DealFlow runs, whether each part works, and its figures."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.responses import Response

from dealflow import errors
from dealflow.api.answers import answer
from dealflow.api.openapi import answers, text_answer
from dealflow.api.schemas import Alive, Health, Part, Readiness
from dealflow.api.services import Services
from dealflow.errors import DealflowError

CHECK_SECONDS = 1.5
"""A part that does not answer by then is not ready; the whole answer takes less than 2 s."""

_SHOWN = ("durability", "sqlite")
"""What strangers may know of the store: how safe it is, not where it lies."""


def routes(services: Services) -> APIRouter:
    """Return this noun's routes."""
    router = APIRouter(tags=["health"])

    @router.get("/health", responses=answers(Health))
    async def health() -> Response:
        """Say that DealFlow runs, and how many shows it reads."""
        return answer(Health(active_sessions=len(services.monitor.active)))

    @router.get("/live", responses=answers(Alive))
    async def live() -> Response:
        """Say that the event loop turns; depends on nothing else."""
        return answer(Alive())

    @router.get("/ready", responses=answers(Readiness, others={503: Readiness}))
    async def ready() -> Response:
        """Name each part, and whether it works."""
        listening = services.hub.listening and not services.hub.stopping
        parts = {
            "store": await _store(services),
            "live": Part(ok=listening, detail="" if listening else "The hub does not listen."),
        }
        good = all(part.ok for part in parts.values())
        return answer(
            Readiness(status="ready" if good else "not_ready", parts=parts), 200 if good else 503
        )

    @router.get("/metrics", responses=text_answer("Figures in the Prometheus text format."))
    async def metrics() -> Response:
        """Return all counters and gauges."""
        return Response(services.metrics.text(), media_type="text/plain; version=0.0.4")

    return router


async def _store(services: Services) -> Part:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            facts = await services.store.check()
    except TimeoutError:
        return Part(ok=False, detail=f"The store did not answer within {CHECK_SECONDS} s.")
    except DealflowError as error:
        detail = error.message if isinstance(error, errors.DiskFull) else error.code
        return Part(ok=False, detail=detail)
    shown = [f"{name} {facts[name]}" for name in _SHOWN if name in facts]
    return Part(ok=True, detail=", ".join(shown))

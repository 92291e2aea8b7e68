"""A small page for whoever opens the address in a browser; the dashboard takes its place."""

from __future__ import annotations

from html import escape
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from dealflow import __version__
from dealflow.api.services import Services
from dealflow.store.base import Show

_STATIC = Path(__file__).parent.parent / "static"
_POLICY = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'"
)
_MAX_SHOWN = 50


def routes(services: Services) -> APIRouter:
    """Return this noun's routes."""
    router = APIRouter(include_in_schema=False)
    page = (_STATIC / "landing.html").read_text(encoding="utf-8")
    style = (_STATIC / "landing.css").read_bytes()

    @router.get("/")
    async def landing(request: Request) -> Response:
        """Say that DealFlow runs; who is logged in also sees the shows."""
        if request.scope["grant"] is None:
            shows = "<p>Open the login link that <code>dealflow serve</code> printed.</p>"
        else:
            shows = _list(await services.store.shows(limit=_MAX_SHOWN), services.monitor.active)
        text = page.replace("{{version}}", escape(__version__)).replace("{{shows}}", shows)
        return HTMLResponse(text, headers={"Content-Security-Policy": _POLICY})

    @router.get("/static/landing.css")
    async def landing_style() -> Response:
        """Return the page's style."""
        return Response(style, media_type="text/css")

    return router


def _list(shows: list[Show], active: frozenset[str]) -> str:
    if not shows:
        return "<p>No show yet. POST /api/start-monitoring begins one.</p>"
    return f"<ul>{''.join(_item(show, active) for show in shows)}</ul>"


def _item(show: Show, active: frozenset[str]) -> str:
    state = "being read" if show.session_id in active else "not being read"
    name = escape(show.title or show.url or show.session_id)
    return (
        f"<li><bdi>{name}</bdi> <small>{escape(show.platform)}, {state}, "
        f"{show.counters.stored} messages, {show.counters.buyers} buyers, "
        f"key <code><bdi>{escape(show.session_id)}</bdi></code></small></li>"
    )

"""The login exchange: a link that works once becomes a cookie."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from dealflow import errors
from dealflow.api.access import SESSION_SECONDS
from dealflow.api.auth import COOKIE, address_of
from dealflow.api.openapi import no_content
from dealflow.api.services import Services


def routes(services: Services) -> APIRouter:
    """Return this noun's routes."""
    router = APIRouter(tags=["login"])

    @router.get(
        "/login",
        responses=no_content(
            303,
            "Logged in; go to the start page.",
            errors.InputInvalid,
            errors.TokenMissing,
            errors.RateLimited,
        ),
        status_code=303,
    )
    async def login(request: Request, code: Annotated[str, Query(max_length=200)]) -> Response:
        """Turn the code of a login link into a session. The code dies with its use."""
        cookie = services.access.redeem(code, address_of(request.scope))
        response = RedirectResponse("/", status_code=303)
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=int(SESSION_SECONDS),
            path="/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return response

    @router.post("/logout", responses=no_content(204, "Logged out."), status_code=204)
    async def logout(request: Request) -> Response:
        """End the cookie session that asks, and its sockets with it."""
        services.access.end(request.scope["grant"])
        response = Response(status_code=204)
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return response

    return router

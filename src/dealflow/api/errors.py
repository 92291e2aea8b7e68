"""How errors look over HTTP: one JSON shape, and the only place that knows statuses."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from dealflow import errors

RETRY_AFTER = 5
"""Seconds that a client is asked to wait when the error itself knows no better."""

STATUSES: dict[type[errors.DealflowError], int] = {
    errors.InputInvalid: 400,
    errors.ShowUrlRefused: 400,
    errors.TransportUnknown: 400,
    errors.ClientError: 400,
    errors.TokenMissing: 401,
    errors.HostRefused: 403,
    errors.OriginRefused: 403,
    errors.ShowUnknown: 404,
    errors.MessageUnknown: 404,
    errors.RouteUnknown: 404,
    errors.MethodRefused: 405,
    errors.BodyTooSlow: 408,
    errors.BodyTooLarge: 413,
    errors.RateLimited: 429,
    errors.TooManyShows: 429,
    errors.DiskFull: 507,
    errors.StoreLocked: 503,
    errors.OperatorError: 503,
    errors.PlatformError: 502,
    errors.StoreUnavailable: 503,
    errors.Overloaded: 503,
    errors.Stopping: 503,
    errors.DealflowError: 500,
}
"""The status of a class is that of its nearest ancestor in this table."""


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """What every error looks like. ``error`` is a stable code of docs/reference/errors.md."""

    error: str
    message: str
    hint: str
    retry: errors.Retry
    success: bool = False


def status_of(error: errors.DealflowError | type[errors.DealflowError]) -> int:
    """Return the HTTP status of an error."""
    kind = error if isinstance(error, type) else type(error)
    return next(STATUSES[base] for base in kind.__mro__ if base in STATUSES)


def body_of(error: errors.DealflowError) -> ErrorBody:
    """Return what the caller is told."""
    return ErrorBody(error=error.code, message=error.message, hint=error.advice, retry=error.retry)


def response_of(error: errors.DealflowError) -> Response:
    """Return the whole answer, with ``Retry-After`` where waiting helps."""
    status = status_of(error)
    headers = {}
    if status in (429, 503, 507):
        headers["Retry-After"] = str(getattr(error, "retry_after", None) or RETRY_AFTER)
    if isinstance(error, errors.TokenMissing):
        headers["WWW-Authenticate"] = "Bearer"
    return Response(
        msgspec.json.encode(body_of(error)),
        status_code=status,
        headers=headers,
        media_type="application/json",
    )

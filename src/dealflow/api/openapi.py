"""``/openapi.json``, generated from the routes and from the shapes in `schemas`."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from dealflow import errors
from dealflow.api import schemas
from dealflow.api.auth import PUBLIC
from dealflow.api.errors import ErrorBody, body_of, status_of
from dealflow.model.events import EVENT_CLASSES

_REF = "#/components/schemas/{name}"
_EVERYWHERE = (errors.HostRefused, errors.OriginRefused)
_WITH_GRANT = (errors.TokenMissing, errors.RateLimited)

BODY_ERRORS = (errors.InputInvalid, errors.BodyTooLarge, errors.BodyTooSlow)
"""What every call with a body may answer."""

PUSH_ERRORS = (
    errors.TooManyShows,
    errors.DiskFull,
    errors.StoreUnavailable,
    errors.Overloaded,
    errors.Stopping,
)
"""What every call that hands over messages may answer; nothing was taken then."""

Responses = dict[int | str, dict[str, Any]]


def body(shape: type[msgspec.Struct], example: dict[str, Any]) -> dict[str, Any]:
    """Describe a route's body: pass it as ``openapi_extra``."""
    content = {"schema": {"$ref": _REF.format(name=shape.__name__)}, "example": example}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def answers(
    shape: type[msgspec.Struct],
    *raised: type[errors.DealflowError],
    others: dict[int, type[msgspec.Struct]] | None = None,
) -> Responses:
    """Describe a route's answers: pass it as ``responses``."""
    kinds = {200: shape, **(others or {})}
    return {status: _answer(kind) for status, kind in kinds.items()} | _errors(raised)


def event_stream(*raised: type[errors.DealflowError]) -> Responses:
    """Describe a route that streams live frames."""
    content = {"text/event-stream": {"schema": {"type": "string"}}}
    return {200: {"description": "Live frames.", "content": content}, **_errors(raised)}


def text_answer(meaning: str, *raised: type[errors.DealflowError]) -> Responses:
    """Describe a route that answers with plain text."""
    content = {"text/plain": {"schema": {"type": "string"}}}
    return {200: {"description": meaning, "content": content}, **_errors(raised)}


def no_content(status: int, meaning: str, *raised: type[errors.DealflowError]) -> Responses:
    """Describe a route that answers without a body."""
    return {status: {"description": meaning}, **_errors(raised)}


def _errors(raised: Iterable[type[errors.DealflowError]]) -> Responses:
    return {status: _error_answer(kinds) for status, kinds in _by_status(raised).items()}


def _answer(shape: type[msgspec.Struct]) -> dict[str, Any]:
    return {
        "description": (inspect.getdoc(shape) or shape.__name__).splitlines()[0],
        "content": {"application/json": {"schema": {"$ref": _REF.format(name=shape.__name__)}}},
    }


def _by_status(
    kinds: Iterable[type[errors.DealflowError]],
) -> dict[int, list[type[errors.DealflowError]]]:
    found: dict[int, list[type[errors.DealflowError]]] = {}
    for kind in kinds:
        found.setdefault(status_of(kind), []).append(kind)
    return found


def _error_answer(kinds: list[type[errors.DealflowError]]) -> dict[str, Any]:
    meaning = (inspect.getdoc(kind) or kind.__name__ for kind in kinds)
    examples = {}
    for kind in kinds:
        sample = errors.DealflowError((inspect.getdoc(kind) or "").splitlines()[0])
        fields = msgspec.to_builtins(body_of(sample))
        fields |= {"error": kind.code, "hint": kind.hint, "retry": str(kind.retry)}
        examples[kind.code] = {"value": fields}
    return {
        "description": " ".join(text.splitlines()[0] for text in meaning),
        "content": {
            "application/json": {
                "schema": {"$ref": _REF.format(name="ErrorBody")},
                "examples": examples,
            }
        },
    }


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the whole description."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
    )
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _complete(operation, path)
    shapes = [shape for shape in vars(schemas).values() if _is_shape(shape)]
    _, components = msgspec.json.schema_components(
        [ErrorBody, *EVENT_CLASSES, *shapes], ref_template=_REF
    )
    document["components"] = {
        "schemas": components,
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
    }
    return document


def _is_shape(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, msgspec.Struct)


def _complete(operation: dict[str, Any], path: str) -> None:
    """Add what is true of every route, and take away what FastAPI assumes."""
    responses = operation["responses"]
    responses.pop("422", None)
    raised = _EVERYWHERE if path in PUBLIC else (*_EVERYWHERE, *_WITH_GRANT)
    for status, kinds in _by_status(raised).items():
        responses.setdefault(str(status), _error_answer(kinds))
    if path not in PUBLIC:
        operation["security"] = [{"token": []}]

"""Asks the DealFlow that serves on this machine, where one does."""

from __future__ import annotations

import asyncio
import http.client
from pathlib import Path
from typing import TypeVar

import msgspec

from dealflow.api.errors import ErrorBody
from dealflow.compose import TOKEN_FILE
from dealflow.errors import DealflowError, InternalError
from dealflow.settings import Settings

SECONDS = 10.0
"""How long an answer may take: a commit on a slow disk, and no more."""

Shape = TypeVar("Shape")


async def ask(
    settings: Settings, method: str, path: str, shape: type[Shape], body: object = None
) -> Shape | None:
    """Call the API of the DealFlow that serves with these settings.

    Returns ``None`` when nobody listens there.

    Raises:
        DealflowError: it answers with an error, which is raised here as it was there.
        InternalError: whoever listens there is no DealFlow.
    """
    return await asyncio.to_thread(_ask, settings, method, path, shape, body)


def _ask(
    settings: Settings, method: str, path: str, shape: type[Shape], body: object
) -> Shape | None:
    host = settings.api.host
    reach = "127.0.0.1" if host in ("0.0.0.0", "") else "::1" if host == "::" else host
    connection = http.client.HTTPConnection(reach, settings.api.port, timeout=SECONDS)
    data = None if body is None else msgspec.json.encode(body)
    headers = {"Authorization": f"Bearer {_token(settings)}", "Content-Type": "application/json"}
    try:
        connection.request(method, path, data, headers)
        answer = connection.getresponse()
        status, said = answer.status, answer.read()
    except OSError:
        return None
    except http.client.HTTPException as error:
        raise InternalError("Whoever listens there does not speak HTTP as we do.") from error
    finally:
        connection.close()
    try:
        if status == 200:
            return msgspec.json.decode(said, type=shape)
        refusal = msgspec.json.decode(said, type=ErrorBody)
    except msgspec.DecodeError as error:
        raise InternalError(
            f"What listens at {reach}:{settings.api.port} is no DealFlow of this version."
        ) from error
    raise _kind(refusal.error)(refusal.message, hint=refusal.hint)


def _kind(code: str, among: type[DealflowError] = DealflowError) -> type[DealflowError]:
    """Return the error of a code; one that this DealFlow does not know is the root of all."""
    for kind in among.__subclasses__():
        if kind.code == code:
            return kind
        found = _kind(code, kind)
        if found is not DealflowError:
            return found
    return DealflowError


def _token(settings: Settings) -> str:
    if settings.token:
        return settings.token
    try:
        return (settings.data_path / Path(TOKEN_FILE)).read_text("ascii").strip()
    except OSError:
        return ""

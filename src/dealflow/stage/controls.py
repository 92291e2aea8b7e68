"""The stage's methods over HTTP, so that other processes can play too.

``POST /stage/<control>`` takes a JSON object with the method's arguments, ``GET /stage/state`` and
``GET /stage/log`` tell what is so and what was emitted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from dealflow.errors import ClientError
from dealflow.model.show import Lot
from dealflow.stage.emissions import Emitted, line

Args = dict[str, Any]


class Controlled(Protocol):
    """What controls need of a stage, beside the methods that they are named after."""

    @property
    def emitted(self) -> Sequence[Emitted]:
        """Return everything that was emitted."""
        ...

    def state(self) -> dict[str, object]:
        """Return what is so now."""
        ...


Control = Callable[[Controlled, Args], Awaitable[Any]]


def _plain(name: str) -> Control:
    """Return the control that calls a method with the body's members as they are."""

    async def call(stage: Controlled, args: Args) -> Any:
        return await getattr(stage, name)(**args)

    return call


def _with_lot(name: str) -> Control:
    """Return the control that calls a method that takes a `Lot`."""

    async def call(stage: Controlled, args: Args) -> Any:
        if args.get("lot") is not None:
            args = {**args, "lot": msgspec.convert(args["lot"], Lot)}
        return await getattr(stage, name)(**args)

    return call


CONTROLS: Mapping[str, Control] = MappingProxyType(
    {
        **{
            name: _plain(name)
            for name in (
                *("say", "burst", "flood", "join", "clear_lot", "bid", "close_lot", "giveaway"),
                *("tip", "viewers", "pause", "resume", "end", "play", "fault", "clear"),
                *("say_hostile", "neighbour"),
            )
        },
        "lot": _with_lot("lot"),
        "buy_now": _with_lot("buy_now"),
    }
)
"""Every control by name."""


class Controls:
    """Serves one stage's controls."""

    def __init__(self, stage: Controlled) -> None:
        self._stage = stage

    def routes(self) -> list[BaseRoute]:
        """Return the addresses under ``/stage``."""
        return [
            Route("/stage/log", self.log),
            Route("/stage/state", self.state),
            Route("/stage/{control}", self.control, methods=["POST"]),
        ]

    async def log(self, _: Request) -> Response:
        """Serve everything that was emitted, as JSON lines."""
        body = b"".join(line(each) for each in self._stage.emitted)
        return Response(body, media_type="application/x-ndjson")

    async def state(self, _: Request) -> Response:
        """Serve what is so now."""
        return JSONResponse(self._stage.state())

    async def control(self, request: Request) -> Response:
        """Call a method and answer with what it emitted."""
        control = CONTROLS.get(request.path_params["control"])
        if control is None:
            return _refused(f"There is no control {request.path_params['control']!r}.", 404)
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            # A page of another origin cannot send this type without being allowed to.
            return _refused("Send application/json.", 415)
        try:
            args = msgspec.json.decode(await request.body() or b"{}", type=Args)
            result = await control(self._stage, args)
        except (TypeError, ValueError, ClientError) as error:
            return _refused(str(error), 400)
        return JSONResponse(_shown(result))


def _refused(message: str, status: int) -> Response:
    return JSONResponse({"error": message}, status)


def _shown(result: object) -> object:
    match result:
        case Emitted():
            return msgspec.structs.asdict(result)
        case str():
            return {"id": result}
        case list():
            return [_shown(each) for each in result]
        case _:
            return {}

"""The pages about the API: its calls, from OpenAPI, and its live channel, from the protocol."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

from dealflow.api import schemas
from dealflow.api.app import create_app
from dealflow.api.auth import PUBLIC
from dealflow.api.live import protocol
from dealflow.clock import SystemClock
from dealflow.errors import ShowUnknown
from dealflow.settings import Settings
from dealflow.telemetry.metrics import Metrics
from scripts.reference.types import MADE, about, sections, table

TOKEN = "x" * 43


def openapi() -> dict[str, Any]:
    """Return the API's own description; nothing is started for it."""
    nothing = cast(Any, None)
    app = create_app(
        settings=Settings(),
        store=nothing,
        bus=nothing,
        monitor=nothing,
        metrics=Metrics(),
        clock=SystemClock(),
        token=TOKEN,
    )
    return app.openapi()


def calls(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield every call: its method, its path and what OpenAPI says of it."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield method.upper(), path, operation


def http_page() -> str:
    """Return every call with its body, its answers and its errors."""
    document = openapi()
    lines = [
        "# HTTP",
        MADE,
        "",
        "By default at `http://127.0.0.1:3001`. Every call but the public ones needs "
        "`Authorization: Bearer <token>` (or the cookie that the login link sets). `/openapi.json` "
        "has the same in full. Errors have one shape, `{error, message, hint, retry, success}`; "
        "[errors.md](errors.md) lists the codes.",
    ]
    used: dict[str, None] = {}
    for method, path, operation in calls(document):
        lines += _call(method, path, operation, used)
    shapes = [getattr(schemas, name) for name in used]
    lines += ["", "## Shapes"]
    for shape in shapes:
        lines += ["", f"### {shape.__name__}", "", about(shape), "", *table(shape)]
    lines += sections(shapes, but={shape.__name__ for shape in shapes})
    return "\n".join(lines)


def _call(
    method: str, path: str, operation: dict[str, Any], used: dict[str, None]
) -> Iterator[str]:
    text = " ".join(operation.get("description", "").replace("``", "`").split())
    public = " Public." if path in PUBLIC else ""
    yield from ["", f"## `{method} {path}`", "", f"{text}{public}", ""]
    for parameter in operation.get("parameters", ()):
        what = parameter.get("description", "")
        yield f"- `{parameter['name']}` ({parameter['in']}) {what}".rstrip()
    if (body := _shape(operation.get("requestBody", {}))) is not None:
        used[body] = None
        yield f"- body: [{body}](#{body.lower()})"
    for status, answer in sorted(operation["responses"].items()):
        shape = _shape(answer)
        if shape == "ErrorBody":
            content = answer["content"]["application/json"]
            codes = [f"[`{code}`](errors.md#{code})" for code in content.get("examples", {})]
            yield f"- {status}: {', '.join(codes)}"
        elif shape is not None:
            used[shape] = None
            yield f"- {status}: [{shape}](#{shape.lower()})"
        else:
            yield f"- {status}: {answer['description']}"


def _shape(answer: dict[str, Any]) -> str | None:
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return name or None


def live_page() -> str:
    """Return what clients and server say to each other on the live channel."""
    lines = [
        "# The live channel",
        MADE,
        "",
        "WebSocket at `/` and `/ws`, server-sent events at `/api/sessions/{id}/events`. A client "
        "that was away names its last position and gets exactly what it missed, or is told "
        "`recovered: false` and gets a snapshot. The live frames are those of "
        "[events.md](events.md).",
        "",
        "## What a client says",
    ]
    for cls in (protocol.Authenticate, protocol.Subscribe, protocol.Unsubscribe):
        lines += ["", f"### `{cls.__struct_config__.tag}`", "", about(cls), "", *table(cls)]
    lines += ["", "## What the server says"]
    for function, example in _control_frames():
        shown = json.dumps(json.loads(example), ensure_ascii=False)
        lines += [
            "",
            f"### `{function.__name__}`",
            "",
            about(function),
            "",
            "```json",
            shown,
            "```",
        ]
    return "\n".join(lines)


def _control_frames() -> Iterator[tuple[Any, bytes]]:
    yield protocol.hello, protocol.hello("0.1.0")
    yield (
        protocol.subscribed,
        protocol.subscribed(
            session_id="friday-night",
            stream_id="0199c6c0-0000-7000-8000-000000000000",
            seq=41,
            epoch=1,
            recovered=True,
            snapshot=None,
        ),
    )
    yield (
        protocol.lagged,
        protocol.lagged(session_id="friday-night", seq=41, epoch=1, head=97),
    )
    yield protocol.error, protocol.error(ShowUnknown("No show of that name."))

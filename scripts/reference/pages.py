"""The reference pages, each made from the code that it describes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import click
import msgspec
from msgspec import inspect as types

from dealflow import errors
from dealflow.cli.main import COMMANDS, Commands, dealflow
from dealflow.model import recording
from dealflow.model.events import EVENT_CLASSES
from dealflow.settings import Settings, env_name
from scripts.reference.http import http_page, live_page
from scripts.reference.types import MADE, about, sections, table, words


def settings_page() -> str:
    """Return every setting with its variable, its values and its default."""
    lines = [
        "# Settings",
        MADE,
        "",
        "A value comes from the first of: a command's flag, an environment variable, the TOML "
        "file that `--config` or `DEALFLOW_CONFIG` names, the default. In an environment variable "
        "a list is separated by commas; in TOML a section is a table (`[api]`).",
    ]
    return "\n".join([*lines, *_settings(Settings, "")])


def _settings(section: type[msgspec.Struct], prefix: str) -> Iterator[str]:
    inner: list[tuple[str, type[msgspec.Struct]]] = []
    defaults = section()
    for name, hint in get_type_hints(section, include_extras=True).items():
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            inner.append((f"{prefix}{name}.", hint))
            continue
        yield from _setting(f"{prefix}{name}", hint, getattr(defaults, name))
    for deeper, kind in inner:
        yield from ["", f"## {deeper.rstrip('.')}", "", about(kind)]
        yield from _settings(kind, deeper)


def _setting(dotted: str, hint: Any, default: object) -> Iterator[str]:
    assert get_origin(hint) is Annotated, f"{dotted} has no description"
    meta = get_args(hint)[1]
    info = types.type_info(hint)
    written = ", ".join(map(str, default)) if isinstance(default, tuple) else str(default)
    shown = f"`{written}`" if written else "empty"
    yield from ["", f"### `{dotted}`", "", f"{meta.description}", ""]
    yield f"- variable: `{env_name(dotted)}`"
    yield f"- value: {words(info)}{_bounds(meta)}"
    yield f"- default: {shown}"
    if (meta.extra or {}).get("secret"):
        yield "- a secret: never logged, never sent to a client"


def _bounds(meta: msgspec.Meta) -> str:
    bounds = [
        f"{sign} {value:g}"
        for sign, value in (("≥", meta.ge), (">", meta.gt), ("≤", meta.le), ("<", meta.lt))
        if value is not None
    ]
    return f", {' and '.join(bounds)}" if bounds else ""


def errors_page() -> str:
    """Return every error with what to do about it; those in between only order the tree."""
    tree = inspect.getdoc(errors) or ""
    lines = [
        "# Errors",
        MADE,
        "",
        "Every error has a stable code, one sentence, a hint for whoever can act, and a rule for "
        "trying again. On the command line it reads `error: sentence → hint`; under `--json` it is "
        '`{"type":"error","error":code,"message","hint"}`.',
        "",
        "```",
        *(line[4:] for line in tree.splitlines() if line.startswith("    ")),
        "```",
    ]
    for cls in _leaves(errors.DealflowError):
        lines += ["", f"## `{cls.code}`", "", about(cls), ""]
        lines += [f"- what to do: {cls.hint}", f"- again: {RETRIES[cls.retry]}"]
    return "\n".join(lines)


RETRIES = MappingProxyType(
    {
        errors.Retry.NEVER: "not without a change",
        errors.Retry.BACKOFF: "DealFlow tries again by itself, in growing steps",
        errors.Retry.LATER: "later",
    }
)


def _leaves(cls: type[errors.DealflowError]) -> Iterator[type[errors.DealflowError]]:
    for child in cls.__subclasses__():
        if child.__subclasses__():
            yield from _leaves(child)
        elif child.__module__ == errors.__name__:
            yield child


def events_page() -> str:
    """Return every live frame with its fields."""
    lines = [
        "# Events",
        MADE,
        "",
        "One frame is one JSON object. It is the same on the WebSocket, in server-sent events and "
        "in the lines of `--json` commands. Beside its own fields each frame has `sessionId`, and "
        "its position: `seq` rises by exactly one from frame to frame of a show, `epoch` is the "
        "identity of that sequence.",
    ]
    for cls in EVENT_CLASSES:
        tag = cls.__struct_config__.tag
        lines += ["", f"## `{tag}`", "", about(cls), "", *table(cls)]
    lines += ["", "## What the fields hold", *sections(list(EVENT_CLASSES))]
    return "\n".join(lines)


def recorded_show_page() -> str:
    """Return every line of a recorded show with its fields."""
    kinds = types.type_info(recording.Line)
    assert isinstance(kinds, types.UnionType)
    structs = [kind.cls for kind in kinds.types if isinstance(kind, types.StructType)]
    lines = [
        "# A recorded show",
        MADE,
        "",
        "JSON lines in time order. `t` is in seconds from the start. `dealflow watch --record` "
        "writes this format; `dealflow replay` and the stage read it. The first line is the "
        "show's; unknown fields are ignored.",
    ]
    for cls in structs:
        lines += ["", f"## `{cls.__struct_config__.tag}`", "", about(cls), "", *table(cls)]
    lines += ["", "## What the fields hold", *sections(structs)]
    return "\n".join(lines)


def commands_page() -> str:
    """Return the help of every command."""
    lines = [
        "# Commands",
        MADE,
        "",
        "Every command takes `--json`: then standard output holds JSON lines and nothing else; "
        "logs and progress go to standard error. Exit codes: 0 good, 2 usage, else 1. Ctrl-C and "
        "SIGTERM commit everything and end a command within 10 s.",
    ]
    assert isinstance(dealflow, Commands)
    for name in COMMANDS:
        with click.Context(dealflow, info_name="dealflow") as parent:
            command = dealflow.get_command(parent, name)
            assert command is not None
            with click.Context(command, info_name=name, parent=parent) as context:
                context.terminal_width = 92
                context.max_content_width = 92
                lines += ["", f"## `dealflow {name}`", "", "```", command.get_help(context), "```"]
    return "\n".join(lines)


PAGES: MappingProxyType[str, Callable[[], str]] = MappingProxyType(
    {
        "settings.md": settings_page,
        "errors.md": errors_page,
        "events.md": events_page,
        "recorded-show.md": recorded_show_page,
        "commands.md": commands_page,
        "http.md": http_page,
        "live.md": live_page,
    }
)

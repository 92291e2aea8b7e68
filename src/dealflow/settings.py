"""All settings, each with its default and its meaning.

A value comes from the first of: a command's flag, an environment variable (``DEALFLOW_`` and the
name, ``__`` between a section and its setting), the TOML file, the default. ``docs/reference/
settings.md`` is generated from this module.
"""

from __future__ import annotations

import os
import tomllib
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from dealflow.errors import SettingsInvalid
from dealflow.model.filters import Filters

PREFIX = "DEALFLOW_"


def _about(text: str, *, secret: bool = False, **bounds: Any) -> Meta:
    return Meta(description=text, extra={"secret": secret}, **bounds)


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the API listens and who may talk to it."""

    host: Annotated[str, _about("Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, _about("Port to listen on; 0 takes a free one.", ge=0, le=65535)] = 3001
    hosts: Annotated[
        tuple[str, ...],
        _about("Host names, beside the loopback ones, that a request may name in its Host header."),
    ] = ()
    origins: Annotated[
        tuple[str, ...],
        _about("Origins (scheme, host and port, exactly) whose pages may call the API."),
    ] = ()


class CaptureSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a buyer is captured."""

    threshold: Annotated[
        float, _about("Confidence from which a message is a buyer's.", ge=0.0, le=1.0)
    ] = 0.7


class BrowserSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The shared Chromium."""

    executable: Annotated[
        str, _about("Path of the Chromium to use; empty: look for one on this machine.")
    ] = ""
    sandbox: Annotated[
        Literal["auto", "on", "off"],
        _about(
            "Chromium's sandbox: auto keeps it on, except for root, for whom Chromium refuses it."
        ),
    ] = "auto"
    headless: Annotated[bool, _about("Run without a window.")] = True
    max_pages: Annotated[int, _about("Pages open at once.", ge=1, le=64)] = 16


class WhatnotSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whatnot."""

    base_url: Annotated[
        str, _about("Where Whatnot is; page, sockets and GraphQL are derived from it.")
    ] = "https://www.whatnot.com"
    csrf: Annotated[bool, _about("Fetch a CSRF token before the anonymous socket is opened.")] = (
        False
    )
    quiet_seconds: Annotated[
        float, _about("Chat silence, while the way is alive, after which a show is quiet.", gt=0)
    ] = 30.0
    stall_seconds: Annotated[
        float, _about("Silence of every sign of life after which a feed is stalled.", gt=0)
    ] = 20.0


class LlmSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The second opinion of a language model; off until ``base_url`` and ``model`` are set."""

    base_url: Annotated[
        str, _about("Where an OpenAI-compatible API is, up to and with its /v1; empty: off.")
    ] = ""
    api_key: Annotated[str, _about("The key of that API; a local one needs none.", secret=True)] = (
        ""
    )
    model: Annotated[str, _about("The model to ask, as that API names it; empty: off.")] = ""
    low: Annotated[
        float, _about("Local confidence from which a message is doubtful.", ge=0.0, le=1.0)
    ] = 0.25
    high: Annotated[
        float, _about("Local confidence up to which a message is doubtful.", ge=0.0, le=1.0)
    ] = 0.75
    deadline_seconds: Annotated[
        float, _about("Time for one call, from first to last byte and with a retry.", gt=0, le=120)
    ] = 8.0
    window_seconds: Annotated[
        float, _about("How long one person's doubtful messages gather for a call.", ge=0, le=60)
    ] = 0.3
    batch: Annotated[int, _about("Messages of one person in a call.", ge=1, le=16)] = 16
    max_answer_tokens: Annotated[
        int, _about("Tokens that an answer may have, thinking included.", ge=64, le=32_768)
    ] = 1_024
    answer_form: Annotated[
        Literal["json_schema", "json_object"],
        _about("What is sent as response_format; json_object where a schema is refused."),
    ] = "json_schema"
    reasoning_effort: Annotated[
        str, _about("Sent as reasoning_effort when set: none, minimal, low, medium or high.")
    ] = ""
    calls_per_minute: Annotated[int, _about("Calls in any 60 seconds.", ge=1)] = 30
    tokens_per_minute: Annotated[int, _about("Tokens, both ways, in any 60 seconds.", ge=1)] = (
        60_000
    )
    calls_per_show: Annotated[int, _about("Calls for one show in a calendar month.", ge=1)] = 2_000
    tokens_per_show: Annotated[
        int, _about("Tokens, both ways, for one show in a calendar month.", ge=1)
    ] = 2_000_000
    calls_per_month: Annotated[int, _about("Calls in a calendar month (UTC).", ge=1)] = 50_000
    tokens_per_month: Annotated[
        int, _about("Tokens, both ways, in a calendar month (UTC).", ge=1)
    ] = 50_000_000
    person_per_minute: Annotated[
        int, _about("Messages of one chatter that are asked about in any 60 seconds.", ge=1)
    ] = 4
    price_in: Annotated[float, _about("Price of a million tokens that are sent.", ge=0)] = 0.0
    price_out: Annotated[float, _about("Price of a million tokens that come back.", ge=0)] = 0.0

    @property
    def is_on(self) -> bool:
        """Say whether a second opinion is asked for."""
        return bool(self.base_url and self.model)


class FilterSettings(Filters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept out of every show that has no filters of its own."""

    def filters(self) -> Filters:
        """Return them as a show has them."""
        return Filters(**msgspec.structs.asdict(self))


class LogSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Logs, which go to stderr."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], _about("The least level that is written.")
    ] = "info"
    format: Annotated[
        Literal["auto", "json", "text"],
        _about("auto writes text to a terminal and JSON elsewhere."),
    ] = "auto"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set."""

    data_dir: Annotated[str, _about("Folder for the store, the token and the browser profile.")] = (
        "~/.local/share/dealflow"
    )
    token: Annotated[
        str, _about("The API's bearer token; empty: made at the first start.", secret=True)
    ] = ""
    rules: Annotated[
        str,
        _about(
            "How claims are made in shows without rules of their own, as a line: number = item;"
            " codes A1-A99; claim words: sold, mine; one per buyer."
        ),
    ] = ""
    max_shows: Annotated[int, _about("Shows read at once.", ge=1, le=10_000)] = 200
    api: ApiSettings = ApiSettings()
    capture: CaptureSettings = CaptureSettings()
    browser: BrowserSettings = BrowserSettings()
    whatnot: WhatnotSettings = WhatnotSettings()
    llm: LlmSettings = LlmSettings()
    filters: FilterSettings = FilterSettings()
    log: LogSettings = LogSettings()

    @property
    def data_path(self) -> Path:
        """Return the data folder, with ``~`` resolved."""
        return Path(self.data_dir).expanduser()


def load(
    environ: Mapping[str, str] | None = None,
    *,
    file: Path | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Settings:
    """Gather the settings.

    Args:
        environ: environment variables; the process's own by default.
        file: the TOML file; by default the one that ``DEALFLOW_CONFIG`` names, if any.
        flags: values by dotted name (``api.port``); ``None`` values are skipped.

    Raises:
        SettingsInvalid: a value cannot be used, a name is unknown or the file cannot be read.
    """
    environ = os.environ if environ is None else environ
    if file is None and environ.get(f"{PREFIX}CONFIG"):
        file = Path(environ[f"{PREFIX}CONFIG"]).expanduser()
    values: dict[str, Any] = {} if file is None else _read_toml(file)
    known = field_names()
    for dotted, kind in known.items():
        text = environ.get(env_name(dotted))
        if text is not None:
            _put(values, dotted.split("."), _from_text(kind, text))
    for dotted, value in (flags or {}).items():
        if value is not None:
            _put(values, dotted.split("."), value)
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsInvalid(f"The settings cannot be used: {error}.") from error


def field_names(section: type[msgspec.Struct] = Settings, prefix: str = "") -> dict[str, Any]:
    """Return every setting's dotted name with its type, sections opened."""
    names: dict[str, Any] = {}
    for name, kind in get_type_hints(section, include_extras=True).items():
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            names |= field_names(kind, f"{prefix}{name}.")
        else:
            names[f"{prefix}{name}"] = kind
    return names


def env_name(dotted: str) -> str:
    """Return the environment variable of a setting: ``api.port`` is ``DEALFLOW_API__PORT``."""
    return PREFIX + dotted.upper().replace(".", "__")


def unknown(environ: Mapping[str, str]) -> list[str]:
    """Return the variables that look like settings of ours and are none, to warn about them."""
    known = {env_name(dotted) for dotted in field_names()} | {f"{PREFIX}CONFIG"}
    return sorted(name for name in environ if name.startswith(PREFIX) and name not in known)


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsInvalid(
            f"The settings file {file} cannot be read: {error.strerror}."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"The settings file {file} is not valid TOML: {error}.") from error


def _from_text(kind: Any, text: str) -> Any:
    """Read an environment variable: lists are separated by commas, the rest is left as text."""
    if _is_list(kind):
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _is_list(kind: Any) -> bool:
    origin = get_origin(kind)
    if origin is Annotated:
        return _is_list(get_args(kind)[0])
    if origin in (Union, types.UnionType):
        return any(_is_list(part) for part in get_args(kind))
    return origin in (tuple, list)


def _put(values: dict[str, Any], path: list[str], value: Any) -> None:
    for part in path[:-1]:
        values = values.setdefault(part, {})
        if not isinstance(values, dict):
            raise SettingsInvalid(f"{'.'.join(path)} is set twice in different shapes.")
    values[path[-1]] = value

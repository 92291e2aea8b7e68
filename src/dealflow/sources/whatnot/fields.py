"""Reads single fields of other people's JSON: the right value, or ``None``, never an error.

Most of what is known of Whatnot's frames comes from one source each, so a field of an unexpected
type must cost that field and not the message around it.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final

import msgspec

Json = dict[str, Any]

MAX_NUMBER: Final = 2**53
"""Whole numbers beyond this are no id, amount or time of a platform that speaks JavaScript."""

_EARLIEST_MS: Final = 1_500_000_000_000
_DAY_MS: Final = 24 * 3_600_000
_AHEAD_MS: Final = 60_000

_decoder = msgspec.json.Decoder()


class Undecodable(ValueError):
    """The data is no JSON at all."""


def decode(data: str | bytes) -> Any:
    """Read JSON, however badly it is encoded.

    Bytes that are no UTF-8 are replaced. Lone surrogates, which the fast decoder refuses, are
    kept: they are cleaned where text is stored.

    Raises:
        Undecodable: it is no JSON, or nested too deeply.
    """
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass
    try:
        return json.loads(data if isinstance(data, str) else data.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise Undecodable(type(error).__name__) from error


def record(value: object) -> Json:
    """Return an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str | None:
    """Return text; a whole number is written out, as ids come both ways; empty is ``None``."""
    if isinstance(value, str):
        return value or None
    number = whole(value)
    return None if number is None else str(number)


def whole(value: object) -> int | None:
    """Return a whole number that is not negative; digits in quotes count."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 16:
        value = int(value)
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= MAX_NUMBER else None


def moment(value: object, at: int) -> int | None:
    """Return a time in milliseconds since 1970, whether it came in seconds or milliseconds.

    A time that lies in the future or more than a day before ``at`` is a fault of somebody's clock
    and counts as not given.
    """
    number = whole(value)
    if number is None:
        return None
    if number < _EARLIEST_MS // 10:
        number *= 1000
    return number if at - _DAY_MS <= number <= at + _AHEAD_MS else None


def shape(value: object) -> str:
    """Describe a value by its type and field names only, so that no person's data is told."""
    if isinstance(value, dict):
        names = sorted(name for name in list(value)[:12] if isinstance(name, str))
        return "{" + ", ".join(name[:24] for name in names) + "}"
    return type(value).__name__

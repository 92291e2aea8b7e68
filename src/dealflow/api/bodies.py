"""Bodies of requests: counted from the first byte, then read as JSON of a known shape."""

from __future__ import annotations

import asyncio
import re
from typing import TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from dealflow.errors import BodyTooLarge, BodyTooSlow, InputInvalid

MAX_BODY = 1_000_000
"""Bytes in a body: 500 messages of 2,000 bytes each, and far more than any other call needs."""

BODY_SECONDS = 15.0
"""A body of 1 MB needs a tenth of that on a poor line; a slower sender only holds a place."""

MAX_DEPTH = 32
"""Levels of nesting in JSON. Our deepest call has four; a parser's recursion is never tested."""

# A string, or all that follows a quotation mark which nothing closes: so it never fails, and each
# byte is looked at once.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_OPENING = b"[{"
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
# A pair of surrogates, a lone one, or any other escape: the pair must be tried first, and each
# escape is consumed whole, so that the second half of "\\ud800" (an escaped backslash) is text.
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)

T = TypeVar("T")


async def read_body(request: Request, decoder: msgspec.json.Decoder[T]) -> T:
    """Read a request's body.

    Raises:
        BodyTooLarge, BodyTooSlow: see the limits above.
        InputInvalid: it is no JSON, or not of this shape; the message names the place.
    """
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > MAX_BODY:
        raise BodyTooLarge(f"The body has {declared} bytes; the limit is {MAX_BODY}.")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _collect(request)
    except TimeoutError as error:
        raise BodyTooSlow("The body did not arrive within 15 s.") from error
    except ClientDisconnect as error:
        raise InputInvalid("The connection ended before the body did.") from error
    return decode(body, decoder)


async def _collect(request: Request) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            raise BodyTooLarge(f"The body has more than {MAX_BODY} bytes.")
        parts.append(part)
    return b"".join(parts)


def decode(data: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Read JSON from a stranger; lone surrogates in it become U+FFFD.

    Raises:
        InputInvalid: it is no JSON, nested too deeply, or not of this shape.
    """
    if _depth(data) > MAX_DEPTH:
        raise InputInvalid(f"The JSON is nested more than {MAX_DEPTH} levels deep.")
    if b"\\u" in data:
        data = _ESCAPE.sub(_mend, data)
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise InputInvalid(f"The JSON has another shape: {error}.") from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InputInvalid("The text is no valid JSON in UTF-8.") from error


def _mend(found: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if found[1] else found[0]


def _depth(data: bytes) -> int:
    """Return the deepest level of nesting, or the first one beyond the limit."""
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return 0
    depth = deepest = 0
    for bracket in _STRING.sub(b"", data).translate(None, _NO_BRACKETS):
        if bracket not in _OPENING:
            depth -= 1
            continue
        depth += 1
        if depth > deepest:
            deepest = depth
            if deepest > MAX_DEPTH:
                break
    return deepest

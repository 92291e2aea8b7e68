"""A recorded show: JSON lines in time order, each with ``t`` in seconds from the start.

``watch --record`` writes it, ``replay`` and the stage read it. The format is promised to other
people's programs.
"""

from __future__ import annotations

import msgspec

from dealflow.errors import InputInvalid
from dealflow.model.intent import Role
from dealflow.model.show import Lot, SaleMode, ShowRules


class RecordedShowInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What the first line says of the show."""

    platform: str = "replay"
    title: str = ""
    seller: str = ""
    mode: SaleMode | None = None
    rules: ShowRules | None = None


class ShowLine(msgspec.Struct, frozen=True, kw_only=True, tag="show", tag_field="kind"):
    """The show itself."""

    t: float = 0.0
    show: RecordedShowInfo = RecordedShowInfo()


class LotLine(msgspec.Struct, frozen=True, kw_only=True, tag="lot", tag_field="kind"):
    """A lot came on screen; ``None`` means that the screen is empty."""

    t: float
    lot: Lot | None = None
    mode: SaleMode | None = None


class ChatLine(msgspec.Struct, frozen=True, kw_only=True, tag="chat", tag_field="kind"):
    """Somebody said something."""

    t: float
    user: str
    text: str
    id: str | None = None
    role: Role = Role.VIEWER


class SaleLine(msgspec.Struct, frozen=True, kw_only=True, tag="sale", tag_field="kind"):
    """The platform's own word that a lot was sold."""

    t: float
    code: str
    user: str | None = None
    price: float | None = None
    currency: str | None = None


class ViewersLine(msgspec.Struct, frozen=True, kw_only=True, tag="viewers", tag_field="kind"):
    """How many watched."""

    t: float
    count: int


class EndLine(msgspec.Struct, frozen=True, kw_only=True, tag="end", tag_field="kind"):
    """The show ended."""

    t: float


Line = ShowLine | LotLine | ChatLine | SaleLine | ViewersLine | EndLine

_decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)
_encoder = msgspec.json.Encoder()


def read_line(data: bytes | str, number: int) -> Line:
    """Read one line.

    Args:
        data: the line, with or without its line break.
        number: its place in the file from 1, for the error.

    Raises:
        InputInvalid: it is not a line of a recorded show.
    """
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InputInvalid(
            f"Line {number} is not a line of a recorded show: {error}",
            hint="docs/reference/recorded-show.md describes the format.",
        ) from error


def write_line(line: Line) -> bytes:
    """Return the line as JSON with a line break."""
    return _encoder.encode(line) + b"\n"

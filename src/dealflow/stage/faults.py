"""What can be wrong with the platform for a while: standing faults, one field each."""

from __future__ import annotations

from typing import Any

import msgspec

from dealflow.errors import InputInvalid

BACKLOG_SIZE = 50
"""Messages told on a chat join. The platform's own number is not documented."""


class Faults(msgspec.Struct, kw_only=True):
    """The standing faults; the defaults are a healthy platform.

    ``refuse_sockets`` is an HTTP status, ``refuse_chat_join`` and ``refuse_commerce`` the reason
    told. ``silent_sockets`` keeps sockets open without any frame; ``silent_chat`` only holds chat
    back. ``feed`` delivers to the page beside its sockets, so that it renders while they are dead.
    ``slow`` is in seconds; ``hang`` accepts and never answers. ``login_wall`` is ``redirect`` or
    ``overlay``. ``duplicates`` is the share of messages sent twice.
    """

    silent_sockets: bool = False
    silent_chat: bool = False
    refuse_sockets: int = 0
    refuse_chat_join: str = ""
    refuse_commerce: str = ""
    require_csrf: bool = False
    cloudflare: bool = False
    login_wall: str = ""
    overlay: bool = False
    freeze_dom: bool = False
    feed: bool = False
    duplicates: float = 0.0
    two_topics: bool = False
    foreign_topics: bool = False
    backlog_size: int = BACKLOG_SIZE
    slow: float = 0.0
    hang: bool = False
    ended_api: bool = False
    reuse_share: float = 0.5
    late_share: float = 0.1
    decoys: bool = True


SWITCHED_ON: dict[str, object] = {
    "refuse_sockets": 403,
    "refuse_chat_join": "unauthorized",
    "refuse_commerce": "unauthorized",
    "login_wall": "redirect",
    "duplicates": 1.0,
    "slow": 1.0,
}
"""What a fault becomes when it is switched on without a value."""

SHOWN_BY_PAGE = frozenset({"overlay", "freeze_dom", "reuse_share", "late_share"})
"""Faults that an open page must be told of."""


def is_standing(name: str) -> bool:
    """Say whether a fault stays until it is cleared."""
    return name in Faults.__struct_fields__


def changed(faults: Faults, name: str, value: object) -> Faults:
    """Return the faults with one of them set; ``None`` means: on.

    Raises:
        InputInvalid: no such fault, or a value of the wrong kind.
    """
    if not is_standing(name):
        raise InputInvalid(f"There is no standing fault named {name!r}.")
    wanted = SWITCHED_ON.get(name, True) if value is None else value
    fields: dict[str, Any] = {**msgspec.structs.asdict(faults), name: wanted}
    try:
        return msgspec.convert(fields, Faults)
    except msgspec.ValidationError as error:
        raise InputInvalid(f"The fault {name} cannot be set so: {error}.") from error


def cleared(faults: Faults, name: str | None) -> Faults:
    """Return the faults with one of them, or with all of them, gone."""
    return Faults() if name is None else changed(faults, name, getattr(Faults(), name, None))

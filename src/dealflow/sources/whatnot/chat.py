"""Chat messages as Whatnot tells them; pure.

What is a message: what a person wrote, the host's announcements included. What is not: the notice
that somebody joined, and other lines that the platform marks as no comment. A muted message is
shown to nobody but its author, so it is dropped by name, as a page would not show it either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dealflow.model.facts import ChatDropped, ChatSeen, DropReason, Fact, Oddity
from dealflow.model.ids import fingerprint
from dealflow.model.intent import Role
from dealflow.model.text import MAX_NAME, MAX_TEXT, clean
from dealflow.sources.whatnot.fields import Json, moment, record, shape, text

MAX_BACKLOG: Final = 5_000
"""Messages of one backlog that are read, the newest; the dedupe ring holds as many."""

_SAMPLE: Final = 100
_MAX_BADGE: Final = 40
_JOINED: Final = "joined"

_HOST: Final = ("isHost", "isCohost")
_MOD: Final = ("isModerator", "isNominatedModerator", "isEmployee")
_BADGES: Final = {
    "isHost": "host",
    "isCohost": "cohost",
    "isModerator": "mod",
    "isNominatedModerator": "mod",
    "isEmployee": "employee",
    "isNewUser": "new_user",
    "isTopBuyer": "top_buyer",
    "isBooster": "booster",
}
_NO_TIER: Final = "no_tier"


def read_message(payload: object, at: int, *, backlog: bool) -> Fact | None:
    """Return the message, why it cannot be kept, or ``None`` when it only says who joined."""
    if not isinstance(payload, dict):
        return dropped(DropReason.MALFORMED, at, shape(payload))
    said = payload.get("message")
    if _is_join(payload, said):
        return None
    announced = payload.get("type") == "announcement"
    if payload.get("isComment") is False and not announced:
        return Oddity(kind="notice", at=at, sample=shape(payload))
    if payload.get("muted") is True:
        return dropped(DropReason.FILTERED, at, "muted")
    fault = _fault(payload, said)
    if fault is not None:
        return dropped(fault, at, said if isinstance(said, str) else shape(payload))
    assert isinstance(said, str)
    user = record(payload.get("user"))
    return ChatSeen(
        username=text(user.get("username")) or "",
        text=said,
        at=at,
        platform_id=_identifier(payload.get("id")),
        user_id=_identifier(user.get("id")),
        role=Role.HOST if announced else _role(user),
        badges=_badges(payload, user),
        sent_at=moment(payload.get("timestamp"), at),
        backlog=backlog,
    )


def read_backlog(messages: Sequence[object], at: int, *, backlog: bool = True) -> list[Fact]:
    """Return a list of messages oldest first.

    The platform tells the newest first; a list whose own times rise is taken as it stands.
    """
    told = list(messages[:MAX_BACKLOG])
    if not _rises(told, at):
        told.reverse()
    facts = (read_message(message, at, backlog=backlog) for message in told)
    return [fact for fact in facts if fact is not None]


def is_message(value: object) -> bool:
    """Say whether a value has the shape of a chat message."""
    return isinstance(value, dict) and "message" in value and "user" in value


def dropped(reason: DropReason, at: int, sample: str) -> ChatDropped:
    """Return the loss of one message, with a short sample that is safe to write down."""
    return ChatDropped(reason=reason, at=at, sample=clean(sample[:_SAMPLE]))


def _is_join(payload: Json, said: object) -> bool:
    """Say whether the platform says that somebody came in: ``joined 👋``.

    A person can write "joined" too: a word alone counts as a notice only where the platform does
    not call it a comment.
    """
    if not isinstance(said, str) or not said.startswith(_JOINED) or len(said) > _SAMPLE:
        return False
    rest = said.removeprefix(_JOINED).strip()
    return not any(map(str.isalnum, rest)) and (
        "\N{WAVING HAND SIGN}" in rest or payload.get("isComment") is not True
    )


def _fault(payload: Json, said: object) -> DropReason | None:
    user = payload.get("user")
    if said is not None and not isinstance(said, str):
        return DropReason.MALFORMED
    if user is not None and not isinstance(user, dict):
        return DropReason.MALFORMED
    if said is None or not said.strip():
        return DropReason.EMPTY
    name = text(record(user).get("username"))
    if name is None or not name.strip():
        return DropReason.NAMELESS
    if len(said) > MAX_TEXT or len(name) > MAX_NAME:
        return DropReason.OVERSIZE
    return None


def _identifier(value: object) -> str | None:
    """Return an id; one that is too long to store is stood for by its fingerprint."""
    found = text(value)
    return fingerprint(found) if found is not None and len(found) > MAX_NAME else found


def _role(user: Json) -> Role:
    if any(user.get(name) is True for name in _HOST):
        return Role.HOST
    if any(user.get(name) is True for name in _MOD):
        return Role.MOD
    return Role.VIEWER


def _badges(payload: Json, user: Json) -> tuple[str, ...]:
    """Return what stands beside the name, each once; loyalty tier and buyer badge as words."""
    found = [badge for name, badge in _BADGES.items() if user.get(name) is True]
    for value in (user.get("loyaltyTierForSeller"), payload.get("buyerBadge")):
        if isinstance(value, str) and 0 < len(value) <= _MAX_BADGE:
            word = clean(value).lower()
            if word != _NO_TIER:
                found.append(word)
    return tuple(dict.fromkeys(found))


def _rises(messages: Sequence[object], at: int) -> bool:
    times = [moment(record(message).get("timestamp"), at) for message in messages]
    told = [time for time in times if time is not None]
    return len(told) == len(times) > 1 and told == sorted(told) and told[0] < told[-1]

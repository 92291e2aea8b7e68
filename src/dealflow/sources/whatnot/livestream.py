"""The show itself as Whatnot tells it: title, seller, state, viewers; pure."""

from __future__ import annotations

from typing import Final

from dealflow.model.facts import Fact, ShowSeen, ViewersSeen
from dealflow.model.show import ShowStatus
from dealflow.model.text import clean, clean_name
from dealflow.sources.whatnot.fields import Json, record, whole

MAX_TITLE: Final = 300

_STATUS: Final = {
    "CREATED": ShowStatus.SCHEDULED,
    "PLAYING": ShowStatus.LIVE,
    "STOPPED": ShowStatus.PAUSED,  # it may go on
    "ENDED": ShowStatus.ENDED,
    "CANCELLED": ShowStatus.ENDED,
}


def body_of(payload: Json) -> Json:
    """Return the show's fields, which stand at the top level or under ``livestream``."""
    nested = payload.get("livestream")
    return nested if isinstance(nested, dict) else payload


def read_show(body: Json, at: int) -> list[Fact]:
    """Return what is said of the show and its viewers; nothing said, nothing returned."""
    facts: list[Fact] = []
    seen = ShowSeen(
        at=at,
        title=title_of(body),
        seller=seller_of(body),
        status=status_of(body),
    )
    if (seen.title, seen.seller, seen.status) != (None, None, None):
        facts.append(seen)
    return facts + read_viewers(body.get("activeViewers"), at)


def read_viewers(value: object, at: int) -> list[Fact]:
    """Return how many watch; what is absent or no number is unknown, never 0."""
    viewers = whole(value)
    return [] if viewers is None else [ViewersSeen(viewers=viewers, at=at)]


def title_of(body: Json) -> str | None:
    """Return the title, when one is told."""
    title = body.get("title")
    return clean(title).strip()[:MAX_TITLE] or None if isinstance(title, str) else None


def seller_of(body: Json) -> str | None:
    """Return the host's user name, when it is told."""
    for name in (body.get("hostUsername"), record(body.get("user")).get("username")):
        if isinstance(name, str) and clean_name(name):
            return clean_name(name)
    return None


def status_of(body: Json) -> ShowStatus | None:
    """Return the show's state; a word that we do not know says nothing."""
    status = body.get("status")
    return _STATUS.get(status) if isinstance(status, str) else None

"""Questions to Whatnot's web GraphQL, and what the answers mean; pure.

It is undocumented and may change any day, so everything is optional: an answer that is not
understood is "unknown".
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from dealflow.errors import ShowUnknown
from dealflow.model.show import ShowStatus
from dealflow.sources.base import ShowInfo
from dealflow.sources.whatnot.fields import Json, Undecodable, decode, record, text, whole
from dealflow.sources.whatnot.livestream import seller_of, status_of, title_of

MAX_FEED: Final = 50
"""More than this many at once are answered with nothing."""

_MAX_DEPTH: Final = 8

_SHOW: Final = (
    " fragment Show on LiveStream { id title status activeViewers startTime user { id username } }"
)


class Question(msgspec.Struct, frozen=True):
    """One operation with its variables."""

    operation: str
    query: str
    variables: Json

    @property
    def body(self) -> Json:
        """Return the request's body."""
        return {
            "operationName": self.operation,
            "query": self.query,
            "variables": self.variables,
        }


def about_show(show_id: str) -> Question:
    """Ask what a show is."""
    return Question(
        "GetLiveStream",
        "query GetLiveStream($id: ID!) { liveStream(id: $id) "
        "{ ...Show categoryNodes { id label } } }" + _SHOW,
        {"id": show_id},
    )


def about_seller(username: str) -> Question:
    """Ask what a seller is showing."""
    return Question(
        "GetUserLiveStreams",
        "query GetUserLiveStreams($username: String!) { getUser(username: $username) "
        "{ id username isLive livestreams { ...Show categoryNodes { id label } } } }" + _SHOW,
        {"username": username},
    )


def about_feed(feed_id: str, first: int) -> Question:
    """Ask for the live shows of a feed, the most viewed first."""
    return Question(
        "GetFeed",
        "query GetFeed($id: ID!, $filters: [FilterInput!], $sort: SortInput, $first: Int) "
        "{ getFeedFromOnboardingOption(id: $id, filters: $filters, sort: $sort) "
        "{ objects(first: $first) { edges { node { object { ...Show } } } } } }" + _SHOW,
        {
            "id": feed_id,
            "filters": [{"field": "status", "values": ["PLAYING"]}],
            "sort": {"field": "VIEWER_COUNT", "direction": "DESC"},
            "first": min(first, MAX_FEED),
        },
    )


def about_tag(label: str) -> Question:
    """Ask for the feed of a category."""
    return Question(
        "GetTag",
        "query GetTag($name: String!) { getLivestreamTagByName(name: $name) "
        "{ id label feed { id } } }",
        {"name": label},
    )


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """A show as GraphQL tells it."""

    id: str
    info: ShowInfo
    categories: tuple[str, ...] = ()


def read_data(body: bytes) -> Json:
    """Return an answer's data; what is not understood is empty."""
    try:
        return record(record(decode(body)).get("data"))
    except Undecodable:
        return {}


def read_show(body: bytes) -> Stream | None:
    """Return the show that was asked for, or ``None`` when the answer is not understood.

    Raises:
        ShowUnknown: the platform says that there is none.
    """
    answer = _whole_answer(body)
    if answer is None:
        return None
    if "liveStream" in answer and answer["liveStream"] is None:
        raise ShowUnknown("Whatnot knows no such show.")
    return _stream(answer.get("liveStream"))


def read_seller(body: bytes) -> Stream | None:
    """Return what the seller shows now, else what is next, or ``None`` when nothing is told.

    Raises:
        ShowUnknown: the platform says that there is no such seller.
    """
    answer = _whole_answer(body)
    if answer is None:
        return None
    if "getUser" in answer and answer["getUser"] is None:
        raise ShowUnknown("Whatnot knows no such seller.")
    streams = read_streams(record(answer.get("getUser")))
    live = (ShowStatus.LIVE, ShowStatus.PAUSED)
    return next((stream for stream in streams if stream.info.status in live), None)


def read_streams(value: Any, depth: int = 0) -> list[Stream]:
    """Return every show in an answer, wherever it stands, in order."""
    if depth > _MAX_DEPTH:
        return []
    if isinstance(value, list):
        return [stream for each in value for stream in read_streams(each, depth + 1)]
    if not isinstance(value, dict):
        return []
    stream = _stream(value)
    if stream is not None:
        return [stream]
    return [found for each in value.values() for found in read_streams(each, depth + 1)]


def read_feed_id(body: bytes) -> str | None:
    """Return the feed of a category."""
    return text(record(record(read_data(body).get("getLivestreamTagByName")).get("feed")).get("id"))


def _whole_answer(body: bytes) -> Json | None:
    """Return the data of an answer without errors; a null beside an error says nothing."""
    try:
        answer = record(decode(body))
    except Undecodable:
        return None
    return None if answer.get("errors") else record(answer.get("data"))


def _stream(value: object) -> Stream | None:
    body = record(value)
    show_id = text(body.get("id"))
    if show_id is None or "status" not in body or "title" not in body:
        return None
    labels = (record(node).get("label") for node in _listed(body.get("categoryNodes")))
    return Stream(
        id=show_id.lower(),
        info=ShowInfo(
            title=title_of(body) or "",
            seller=seller_of(body) or "",
            status=status_of(body) or ShowStatus.UNKNOWN,
            viewers=whole(body.get("activeViewers")),
        ),
        categories=tuple(label for label in labels if isinstance(label, str) and label),
    )


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []

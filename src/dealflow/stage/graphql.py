"""Answers of the platform's web GraphQL, to the few questions that a reader asks.

This is no GraphQL engine: it looks for the field asked for and answers with everything that the
platform is known to tell of it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any

from dealflow.stage.faults import Faults
from dealflow.stage.frames import Json, user_id
from dealflow.stage.programme import Programme
from dealflow.stage.show import Show

PAGE_LIMIT = 50
"""More than this many objects at once are answered with nothing, as the facts tell."""

TAG = 907
_QUOTED = re.compile(r'"([^"]{1,100})"')
_FIRST = re.compile(r"first\s*:\s*(\d{1,4})")
_AS_EDGES = re.compile(r"livestreams[^{}]{0,200}\{\s*edges")


def answer(body: Json, programme: Programme, faults: Faults) -> Json:
    """Answer one request body ``{operationName, query, variables}``."""
    query = str(body.get("query") or "")
    variables = body.get("variables")
    named = set(_strings(variables if isinstance(variables, dict) else {}))
    named.update(_QUOTED.findall(query))
    data: Json = {}
    if "getUser" in query or body.get("operationName") == "GetUserLiveStreams":
        data["getUser"] = _user(programme, faults, named, as_edges=bool(_AS_EDGES.search(query)))
    elif "getLivestreamTagByName" in query:
        data["getLivestreamTagByName"] = {"id": str(TAG), "label": "Fashion", "feed": _feed_id()}
    elif "getFeedFromOnboardingOption" in query:
        data["getFeedFromOnboardingOption"] = _feed(programme, faults, _first(query, variables))
    elif "liveStream" in query:
        shows = [show for name in named if (show := programme.show(name)) is not None]
        data["liveStream"] = livestream(shows[0], faults) if shows else None
    else:
        return {"errors": [{"message": "Cannot query field"}], "data": None}
    return {"data": data}


def livestream(show: Show, faults: Faults) -> Json:
    """Return the show as GraphQL tells it."""
    return {
        "__typename": "LiveStream",
        "id": show.id,
        "title": show.title,
        "status": "ENDED" if faults.ended_api else show.status,
        "activeViewers": show.viewers,
        "startTime": show.started_ms,
        "user": {"id": user_id(show.seller), "username": show.seller},
        "categoryNodes": [{"id": str(TAG), "label": "Fashion"}],
        "tags": ["vintage", "streetwear"],
    }


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)


def _first(query: str, variables: Any) -> int:
    asked = variables.get("first") if isinstance(variables, dict) else None
    if isinstance(asked, int):
        return asked
    found = _FIRST.search(query)
    return int(found.group(1)) if found else PAGE_LIMIT


def _user(programme: Programme, faults: Faults, named: set[str], *, as_edges: bool) -> Json | None:
    show = next(filter(None, map(programme.by_seller, named)), None)
    if show is None:
        return None
    streams: list[Json] = [] if show.status == "ENDED" else [livestream(show, faults)]
    live = any(stream["status"] == "PLAYING" for stream in streams)
    told: Json | list[Json] = {"edges": [{"node": each} for each in streams]}
    return {
        "__typename": "PublicUserNode",
        "id": user_id(show.seller),
        "username": show.seller,
        "isLive": live,
        "livestreams": told if as_edges else streams,
    }


def _feed_id() -> Json:
    node = base64.b64encode(f"LivestreamTagNode:{TAG}".encode()).decode()
    return {"id": f"CATEGORY_FEED_V2:{node}"}


def _feed(programme: Programme, faults: Faults, first: int) -> Json:
    told = [livestream(show, faults) for show in programme.by_viewers()]
    playing = [stream for stream in told if stream["status"] == "PLAYING"]
    shown = playing[:first] if 0 < first <= PAGE_LIMIT else []
    edges = [{"node": {"__typename": "FeedItem", "object": each}} for each in shown]
    page = {"hasNextPage": len(shown) < len(playing), "endCursor": None}
    return {"objects": {"totalCount": len(playing), "pageInfo": page, "edges": edges}}

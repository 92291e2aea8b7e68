"""Whatnot's addresses, topics, event names and time limits, read from the data file beside this."""

from __future__ import annotations

import functools
from importlib import resources

import msgspec


class Urls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which addresses name a show: hosts, and what stands before the name in a path."""

    hosts: tuple[str, ...]
    show_paths: tuple[str, ...]
    seller_paths: tuple[str, ...]
    dashboard_paths: tuple[str, ...]


class SocketEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One socket: its candidate paths, and the kinds of topic that are joined on it."""

    paths: tuple[str, ...]
    topics: tuple[str, ...]


class Csrf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an anonymous token comes from and under which key it is sent."""

    path: str
    field: str
    query_key: str


class Graphql(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the platform answers questions, and what it wants to see in their heads."""

    path: str
    headers: dict[str, str]


class Timing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Time limits, in seconds."""

    connect: float
    join_reply: float
    heartbeat: float
    heartbeat_reply: float
    rejoin_first: float
    rejoin_most: float
    ended_check: float


class Topics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The data file. ``events`` holds the candidate names of each kind of event."""

    urls: Urls
    sockets: dict[str, SocketEntry]
    query: dict[str, str]
    csrf: Csrf
    graphql: Graphql
    timing: Timing
    events: dict[str, tuple[str, ...]]

    def kinds(self) -> dict[str, str]:
        """Return the kind of each event by its name on the wire."""
        return {name: kind for kind, names in self.events.items() for name in names}


@functools.cache
def load() -> Topics:
    """Read the data file; it is part of the package and does not change while we run."""
    raw = resources.files(__package__).joinpath("topics.toml").read_bytes()
    return msgspec.toml.decode(raw, type=Topics)

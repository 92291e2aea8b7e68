"""Whatnot's hosts and selectors, read from the data file beside this module."""

from __future__ import annotations

import functools
from importlib import resources

import msgspec


class HostEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A host of Whatnot's own; the egress gate opens it at these ports."""

    name: str
    ports: tuple[int, ...]
    subdomains: bool = False


class Walls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Signs of pages that stand where the show should be, in lower case."""

    challenge_titles: tuple[str, ...]
    ended_texts: tuple[str, ...]
    login_paths: tuple[str, ...]


class Selectors(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The data file. ``fields`` holds each field's candidates, the steadiest first."""

    hosts: tuple[HostEntry, ...]
    walls: Walls
    fields: dict[str, tuple[str, ...]]


@functools.cache
def load() -> Selectors:
    """Read the data file; it is part of the package and does not change while we run."""
    raw = resources.files(__package__).joinpath("selectors.toml").read_bytes()
    return msgspec.toml.decode(raw, type=Selectors)


OBSERVER = ("telling.js", "finding.js", "chat.js", "beside.js", "watching.js")
"""The parts of the observer, in the order in which they are put together."""


@functools.cache
def observer_source() -> str:
    """Return the script that watches the page from within: a function of its settings."""
    folder = resources.files(__package__) / "observer"
    parts = [(folder / name).read_text(encoding="utf-8") for name in OBSERVER]
    opening = '"use strict";\nif (window !== window.top) return;\n'
    return f"((CONFIG) => {{\n{opening}{''.join(parts)}}})"

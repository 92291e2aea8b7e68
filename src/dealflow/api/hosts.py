"""Which Host and which Origin may talk to us: pure checks on header values.

A page on any website can make a browser send requests to this machine. Two things give it away:
the name that it used (DNS rebinding shows in Host) and the page that asks (Origin and
Sec-Fetch-Site). Both are compared as whole values; nothing here looks for a part of a string.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from dealflow.errors import HostRefused, OriginRefused

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
WILDCARDS = frozenset({"0.0.0.0", "::", "[::]", ""})

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253})(?::([0-9]{1,5}))?")
_ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253})(?::([0-9]{1,5}))?")


class HostRule(NamedTuple):
    """A name that a Host header may hold; ``port`` ``None``: with any port."""

    name: str
    port: int | None


class Origin(NamedTuple):
    """A page's origin, its port always written out."""

    scheme: str
    name: str
    port: int


def bracketed(host: str) -> str:
    """Return an address as it stands in a URL: IPv6 in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def is_loopback(host: str) -> bool:
    """Say whether an address to listen on reaches only this machine."""
    return bracketed(host).lower() in LOOPBACK_NAMES


def host_rules(names: Iterable[str], bound: str) -> frozenset[HostRule]:
    """Return the rules for what the operator named, and for the address that we listen on.

    Raises:
        ValueError: an entry is no host name, with or without a port.
    """
    rules = set()
    own = () if bound in WILDCARDS or is_loopback(bound) else (bracketed(bound),)
    for entry in (*names, *own):
        found = _HOST.fullmatch(entry.lower())
        if found is None:
            raise ValueError(entry)
        rules.add(HostRule(found[1], int(found[2]) if found[2] else None))
    return frozenset(rules)


def origin_of(text: str) -> Origin | None:
    """Read an Origin header; ``None`` when it is ``null`` or no http origin in its exact form."""
    found = _ORIGIN.fullmatch(text)
    if found is None:
        return None
    return Origin(found[1], found[2], int(found[3]) if found[3] else _DEFAULT_PORTS[found[1]])


def check_host(
    values: list[str], *, scheme: str, own_port: int | None, rules: frozenset[HostRule]
) -> Origin:
    """Return our own origin, as the request's one Host header names it.

    Args:
        values: every Host header of the request.
        scheme: ``http`` or ``https``.
        own_port: the port on which the request arrived; ``None`` when unknown.
        rules: what the operator allows beside the loopback names.

    Raises:
        HostRefused: there is not exactly one, or it is not ours.
    """
    found = _HOST.fullmatch(values[0].lower()) if len(values) == 1 else None
    if found is None:
        raise HostRefused("The request needs exactly one Host header that names a host of ours.")
    name, port = found[1], int(found[2]) if found[2] else _DEFAULT_PORTS[scheme]
    named = HostRule(name, port) in rules or HostRule(name, None) in rules
    if not named and not (name in LOOPBACK_NAMES and own_port in (None, port)):
        raise HostRefused("The Host header names a host that is not ours.")
    return Origin(scheme, name, port)


def check_origin(
    origins: list[str], sites: list[str], *, own: Origin, allowed: frozenset[Origin]
) -> Origin | None:
    """Return the foreign origin that may read our answer, or ``None`` if there is none.

    Args:
        origins: every Origin header; a program that is no browser sends none.
        sites: every Sec-Fetch-Site header.
        own: our own origin.
        allowed: the foreign origins in the settings.

    Raises:
        OriginRefused: the page that asks may not.
    """
    if len(origins) > 1 or len(sites) > 1:
        raise OriginRefused("The request names more than one origin.")
    site = sites[0] if sites else "none"
    if not origins:
        if site not in ("none", "same-origin"):
            raise OriginRefused("A page of another site may not ask here.")
        return None
    origin = origin_of(origins[0])
    if origin is not None and origin in allowed:
        return origin
    if origin != own or site not in ("none", "same-origin"):
        raise OriginRefused("The page that asks has an origin that may not.")
    return None

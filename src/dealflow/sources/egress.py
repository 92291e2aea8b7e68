"""The egress gate: the only way out, for sockets, HTTP and the browser alike.

`EgressPolicy` says which hosts may be opened, and at which addresses. `Gate` resolves a name
itself, checks every address that comes back, and connects to the address that it checked, so a
name that changes its mind between the check and the connection gains nothing. For the browser it
runs a proxy on loopback that asks the same question of every connection: redirects, sub-resources,
sockets and workers have no other way out.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from dealflow.clock import Clock
from dealflow.errors import EgressRefused, PlatformUnreachable, SettingsInvalid
from dealflow.settings import Settings
from dealflow.sources import addresses
from dealflow.sources.forward import ForwardProxy, ProxyAccess
from dealflow.sources.whatnot.selectors import load as load_whatnot
from dealflow.telemetry.metrics import Metrics

RESOLVE_SECONDS: Final = 5.0
CONNECT_SECONDS: Final = 5.0
"""For one address; a dead IPv6 route must not use up the patience of the whole attempt."""

MAX_ADDRESSES: Final = 8
"""Addresses of one name that are tried; every one that the resolver gave is checked."""

_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*")
_MAX_NAME = 253


class Decision(StrEnum):
    """What the gate did with a request; the labels of its counter."""

    OPENED = "opened"
    HOST_REFUSED = "host_refused"
    ADDRESS_REFUSED = "address_refused"
    UNREACHABLE = "unreachable"
    MALFORMED = "malformed"
    UNAUTHENTICATED = "unauthenticated"
    CROWDED = "crowded"


@dataclass(frozen=True, slots=True)
class HostRule:
    """A host name that may be opened; with ``subdomains``, everything under it as well."""

    name: str
    ports: frozenset[int] = frozenset({443})
    subdomains: bool = False

    def admits(self, host: str, port: int) -> bool:
        """Say whether the rule covers a host: the same name, or a suffix that begins at a dot."""
        if port not in self.ports:
            return False
        return host == self.name or (self.subdomains and host.endswith(f".{self.name}"))


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """Which hosts may be opened.

    ``platforms`` are the platforms' own hosts: public addresses only. ``operator`` are the hosts
    and ports of base URLs that the operator set, exactly: there, loopback and private addresses
    are allowed as well.
    """

    platforms: tuple[HostRule, ...] = ()
    operator: frozenset[tuple[str, int]] = frozenset()

    def admits(self, host: str, port: int) -> bool:
        """Say whether a normalised host may be opened at all."""
        return self.is_operators(host, port) or any(
            rule.admits(host, port) for rule in self.platforms
        )

    def is_operators(self, host: str, port: int) -> bool:
        """Say whether the operator named this host and port."""
        return (host, port) in self.operator

    def admits_address(self, host: str, port: int, address: str) -> bool:
        """Say whether an address of an admitted host may be connected to."""
        parsed = addresses.parse(address)
        if parsed is None:
            return False
        if self.is_operators(host, port):
            return addresses.is_own(parsed)
        return addresses.is_public(parsed)


def normalise(host: str) -> str | None:
    """Write a host in the one form that the policy compares, or ``None`` when it is no host.

    Lower case, without brackets or the root's dot; names in other alphabets must come in their
    ASCII form, which is what every client sends.
    """
    host = host.lower()
    if host.startswith("[") and host.endswith("]"):
        parsed = addresses.parse(host[1:-1])
        return str(parsed) if parsed is not None and parsed.version == 6 else None
    host = host.removesuffix(".")
    if len(host) > _MAX_NAME or not host.isascii() or not _NAME.fullmatch(host):
        return None
    return host


def origin_of(base_url: str) -> tuple[str, int]:
    """Return host and port of a base URL.

    Raises:
        SettingsInvalid: it is no plain http or https address.
    """
    try:
        parts = urlsplit(base_url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        named = parts.hostname or ""
    except (ValueError, KeyError) as error:
        raise SettingsInvalid(f"{base_url!r} is no http or https address.") from error
    host = normalise(f"[{named}]" if ":" in named else named)
    if host is None or parts.username is not None or parts.password is not None:
        raise SettingsInvalid(f"{base_url!r} is no http or https address.")
    return host, port


def policy_for(settings: Settings) -> EgressPolicy:
    """Gather every platform's own hosts and every base URL that the operator set."""
    platforms = tuple(
        HostRule(rule.name, frozenset(rule.ports), rule.subdomains) for rule in load_whatnot().hosts
    )
    bases = [origin_of(settings.whatnot.base_url)]
    if settings.llm.is_on:
        bases.append(origin_of(settings.llm.base_url))
    # A platform's own host stays under the strict rule, however it came into the settings.
    operator = frozenset(
        base for base in bases if not any(rule.admits(*base) for rule in platforms)
    )
    return EgressPolicy(platforms, operator)


Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Turns a name into its addresses; raises ``OSError`` when it has none."""


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """Ask the machine's own resolver."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Gate:
    """Opens connections that the policy admits, and no others."""

    def __init__(
        self,
        policy: EgressPolicy,
        *,
        clock: Clock,
        metrics: Metrics,
        resolve: Resolver = system_resolver,
    ) -> None:
        self.policy = policy
        self._metrics = metrics
        self._resolve = resolve
        self._proxy = ForwardProxy(self._open_for_proxy, count=self._count, clock=clock)

    async def open(self, host: str, port: int) -> socket.socket:
        """Connect to a host; the socket is non-blocking and belongs to the caller.

        Raises:
            EgressRefused: the policy does not admit the host, or one of its addresses.
            PlatformUnreachable: it does, and no connection could be made.
        """
        name = normalise(host)
        if name is None or not self.policy.admits(name, port):
            self._count(Decision.HOST_REFUSED)
            raise EgressRefused(f"The host {host[:100]!r}, port {port}, is not to be opened.")
        found = await self._addresses(name, port)
        if not all(self.policy.admits_address(name, port, address) for address in found):
            self._count(Decision.ADDRESS_REFUSED)
            raise EgressRefused(f"The host {name!r} leads to an address that is not public.")
        for address in found[:MAX_ADDRESSES]:
            connection = await _connect(address, port)
            if connection is not None:
                self._count(Decision.OPENED)
                return connection
        self._count(Decision.UNREACHABLE)
        raise PlatformUnreachable(f"No connection to {name}, port {port}, could be made.")

    async def start(self) -> None:
        """Run the browser's proxy on loopback, on a port of the system's choice."""
        await self._proxy.start()

    @property
    def proxy(self) -> ProxyAccess:
        """Return where the browser's proxy is and its credentials; call `start` first."""
        return self._proxy.access

    async def aclose(self) -> None:
        """Stop the proxy and every connection through it."""
        await self._proxy.aclose()

    async def _addresses(self, name: str, port: int) -> Sequence[str]:
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                found = await self._resolve(name, port)
        except (OSError, UnicodeError) as error:  # TimeoutError is an OSError
            self._count(Decision.UNREACHABLE)
            raise PlatformUnreachable(f"The name {name} could not be resolved.") from error
        if not found:
            self._count(Decision.UNREACHABLE)
            raise PlatformUnreachable(f"The name {name} has no address.")
        return found

    async def _open_for_proxy(self, host: str, port: int) -> socket.socket:
        return await self.open(host, port)

    def _count(self, decision: str) -> None:
        self._metrics.egress.labels(decision).inc()


async def _connect(address: str, port: int) -> socket.socket | None:
    """Connect to an address (never a name), or return ``None``."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(CONNECT_SECONDS):
            await asyncio.get_running_loop().sock_connect(connection, (address, port))
    except OSError:
        connection.close()
        return None
    except BaseException:
        connection.close()
        raise
    return connection

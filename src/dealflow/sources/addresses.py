"""Which IP addresses are on the public internet, and which could be a machine of ours.

Pure. `ipaddress.is_global` alone is not enough: an IPv6 address can carry an IPv4 one inside, and
a gateway on the way would unpack it. So what is inside is judged too.
"""

from __future__ import annotations

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)

Address = IPv4Address | IPv6Address

# Older versions of the standard library call some of these global, or did at one time.
_NEVER_V4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "100.64.0.0/10",  # carrier-grade NAT
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # the old 6to4 relays
        "198.18.0.0/15",  # benchmarks
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_NEVER_V6 = tuple(
    IPv6Network(block)
    for block in (
        "::/96",  # unspecified, loopback and the old "compatible" form of IPv4
        "100::/64",  # discard
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fc00::/7",  # unique local; a cloud's metadata service lives at fd00:ec2::254
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local
        "ff00::/8",  # multicast
    )
)
_MAPPED = IPv6Network("::ffff:0:0/96")
_TRANSLATED = IPv6Network("::ffff:0:0:0/96")
_SIX_TO_FOUR = IPv6Network("2002::/16")
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


def parse(text: str) -> Address | None:
    """Read an address as a resolver writes it (a zone such as ``%eth0`` allowed), else ``None``."""
    try:
        return ip_address(text.split("%", 1)[0])
    except ValueError:
        return None


def inside(address: Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 one carries, if it carries one."""
    if isinstance(address, IPv4Address):
        return None
    bits = int(address)
    if address in _MAPPED or address in _TRANSLATED or any(address in net for net in _NAT64):
        return IPv4Address(bits & 0xFFFF_FFFF)
    if address in _SIX_TO_FOUR:
        return IPv4Address((bits >> 80) & 0xFFFF_FFFF)
    return None


def is_public(address: Address) -> bool:
    """Say whether the address is on the public internet, and so is what it carries."""
    carried = inside(address)
    if carried is not None:
        # A plain mapped address is only another spelling; the tunnels are never needed here.
        return address in _MAPPED and is_public(carried)
    blocks = _NEVER_V4 if isinstance(address, IPv4Address) else _NEVER_V6
    if any(address in block for block in blocks):
        return False
    return address.is_global and not address.is_multicast


def is_own(address: Address) -> bool:
    """Say whether an operator may name it: a loopback, private or public address.

    Link-local addresses (a cloud's metadata service), multicast and the unspecified address are
    no place for a platform, whoever asks.
    """
    carried = inside(address)
    if carried is not None:
        return address in _MAPPED and is_own(carried)
    if address.is_loopback:
        return True
    if address == IPv6Address("fd00:ec2::254"):
        return False
    return not (address.is_link_local or address.is_multicast or address.is_unspecified)

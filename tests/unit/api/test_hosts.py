"""Host and Origin: whole values or nothing."""

from __future__ import annotations

import pytest

from dealflow.api.hosts import (
    HostRule,
    Origin,
    check_host,
    check_origin,
    host_rules,
    is_loopback,
    origin_of,
)
from dealflow.errors import HostRefused, OriginRefused

OWN = Origin("http", "127.0.0.1", 3001)
SHOP = Origin("https", "shop.example", 443)
RULES = frozenset({HostRule("box.lan", None), HostRule("proxy.example", 8443)})


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:3001",
        "localhost:3001",
        "LOCALHOST:3001",
        "[::1]:3001",
        "box.lan",
        "box.lan:1",
        "proxy.example:8443",
    ],
)
def test_our_own_names(host: str) -> None:
    check_host([host], scheme="http", own_port=3001, rules=RULES)


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        [""],
        ["127.0.0.1:3001", "127.0.0.1:3001"],
        ["127.0.0.1:3001, evil.example"],
        ["evil.example"],
        ["evil.example:3001"],
        ["127.0.0.1.nip.io:3001"],
        ["localhost.evil.example:3001"],
        ["evil.localhost:3001"],
        ["localhost.:3001"],
        ["xlocalhost:3001"],
        ["2130706433:3001"],
        ["0x7f000001:3001"],
        ["0x7f.1:3001"],
        ["017700000001:3001"],
        ["127.1:3001"],
        ["0.0.0.0:3001"],
        ["[::]:3001"],
        ["[::ffff:127.0.0.1]:3001"],
        ["127.0.0.1"],
        ["127.0.0.1:3002"],
        ["127.0.0.1:3001@evil.example"],
        ["user@127.0.0.1:3001"],
        ["127.0.0.1:3001/"],
        ["127.0.0.1:3001\n"],
        ["127.0.0.1:999999"],
        ["proxy.example"],
        ["proxy.example:3001"],
        ["box.lan.evil.example"],
    ],
)
def test_other_names(hosts: list[str]) -> None:
    with pytest.raises(HostRefused):
        check_host(hosts, scheme="http", own_port=3001, rules=RULES)


@pytest.mark.parametrize(
    ("origins", "sites", "foreign"),
    [
        ([], [], None),
        ([], ["none"], None),
        ([], ["same-origin"], None),
        (["http://127.0.0.1:3001"], [], None),
        (["http://127.0.0.1:3001"], ["same-origin"], None),
        (["https://shop.example"], [], SHOP),
        (["https://shop.example"], ["cross-site"], SHOP),
        (["https://shop.example:443"], ["cross-site"], SHOP),
    ],
)
def test_pages_that_may(origins: list[str], sites: list[str], foreign: Origin | None) -> None:
    assert check_origin(origins, sites, own=OWN, allowed=frozenset({SHOP})) == foreign


@pytest.mark.parametrize(
    ("origins", "sites"),
    [
        (["null"], []),
        ([""], []),
        (["http://127.0.0.1:3001", "http://127.0.0.1:3001"], []),
        (["http://127.0.0.1:3002"], []),
        (["http://127.0.0.1"], []),
        (["https://127.0.0.1:3001"], []),
        (["http://localhost:3001"], []),
        (["http://127.0.0.1:3001.evil.example"], []),
        (["http://127.0.0.1:3001/"], []),
        (["http://127.0.0.1:3001@evil.example"], []),
        (["http://shop.example"], []),
        (["https://shop.example:8443"], []),
        (["https://evilshop.example"], []),
        (["https://shop.example.evil"], []),
        (["https://shopXexample"], []),
        (["https://shop.example "], []),
        (["HTTPS://SHOP.EXAMPLE"], []),
        (["file://"], []),
        ([], ["cross-site"]),
        ([], ["same-site"]),
        ([], ["made-up"]),
        ([], ["same-origin", "same-origin"]),
        (["http://127.0.0.1:3001"], ["cross-site"]),
        (["http://127.0.0.1:3001"], ["same-site"]),
    ],
)
def test_pages_that_may_not(origins: list[str], sites: list[str]) -> None:
    with pytest.raises(OriginRefused):
        check_origin(origins, sites, own=OWN, allowed=frozenset({SHOP}))


def test_the_address_that_we_listen_on_is_a_name_of_ours() -> None:
    assert host_rules((), "192.168.1.5") == {HostRule("192.168.1.5", None)}
    assert host_rules((), "127.0.0.1") == frozenset()
    assert host_rules(("Box.lan:80",), "0.0.0.0") == {HostRule("box.lan", 80)}
    assert host_rules((), "fd00::1") == {HostRule("[fd00::1]", None)}
    with pytest.raises(ValueError, match="http"):
        host_rules(("http://box.lan",), "127.0.0.1")


def test_loopback() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "localhost", "::1", "[::1]")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "", "192.168.1.5", "127.0.0.1.nip.io")))


def test_an_origin_has_a_port_always() -> None:
    assert origin_of("https://shop.example") == SHOP
    assert origin_of("http://[::1]:3001") == Origin("http", "[::1]", 3001)
    assert origin_of("null") is None

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealflow.sources import addresses

PUBLIC = ("104.18.20.30", "8.8.8.8", "2606:4700::6812:141e", "2a00:1450:4001:80b::200e")

REFUSED = (
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.254",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.1.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::10.0.0.1",
    "100::1",
    "2001::1",
    "2001:0:53aa:64c:0:fb2f:8000:1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
)


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses(text: str) -> None:
    address = addresses.parse(text)
    assert address is not None
    assert addresses.is_public(address)


@pytest.mark.parametrize("text", REFUSED)
def test_addresses_that_are_no_place_for_a_platform(text: str) -> None:
    address = addresses.parse(text)
    assert address is not None
    assert not addresses.is_public(address)


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_as_what_it_maps(address: IPv4Address) -> None:
    mapped = addresses.parse(f"::ffff:{address}")
    assert mapped is not None
    assert addresses.is_public(mapped) == addresses.is_public(address)


@given(st.ip_addresses(v=6))
def test_whatever_is_public_is_global_to_the_standard_library(
    address: IPv6Address,
) -> None:
    if addresses.is_public(address):
        assert address.is_global or address.ipv4_mapped is not None


@pytest.mark.parametrize("text", ["127.0.0.1", "::1", "192.168.1.5", "10.0.0.1", "8.8.8.8"])
def test_an_operator_may_name_machines_of_his_own(text: str) -> None:
    address = addresses.parse(text)
    assert address is not None
    assert addresses.is_own(address)


@pytest.mark.parametrize(
    "text",
    [
        "169.254.169.254",
        "fd00:ec2::254",
        "fe80::1",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
    ],
)
def test_no_operator_means_these(text: str) -> None:
    address = addresses.parse(text)
    assert address is not None
    assert not addresses.is_own(address)


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f.1", "2130706433", "1.2.3.4.5"])
def test_what_is_no_address(text: str) -> None:
    assert addresses.parse(text) is None

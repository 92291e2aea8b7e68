"""Which URLs are shows, and that everything else is refused before anything is opened."""

from __future__ import annotations

import pytest

from dealflow.errors import ShowUrlRefused
from dealflow.sources.address import MAX_URL, read_address
from dealflow.sources.base import Platform, Reader, ShowInfo, ShowRef, Transport
from dealflow.sources.registry import Platforms
from dealflow.sources.whatnot.topics import load
from dealflow.sources.whatnot.urls import ShowUrls

SHOW = "3f0c2a9e-7f43-4a52-9a86-0d2f1b6f6c01"
OWN = "https://www.whatnot.com"


class Whatnot:
    """The part of the platform that reads URLs; it has no way to open anything."""

    name = "whatnot"
    ways = (Transport.SOCKET,)

    def __init__(self, base_url: str = OWN) -> None:
        self._urls = ShowUrls(base_url, load().urls)

    def resolve(self, url: str) -> ShowRef | None:
        return self._urls.resolve(url)

    async def inspect(self, ref: ShowRef) -> ShowInfo:
        raise NotImplementedError

    async def discover(self, ref: ShowRef, *, limit: int) -> list[ShowRef]:
        raise NotImplementedError

    def reader(self, ref: ShowRef, transport: Transport) -> Reader:
        raise NotImplementedError


def resolve(url: str, base_url: str = OWN) -> ShowRef:
    platform: Platform = Whatnot(base_url)
    found, ref = Platforms([platform]).resolve(url)
    assert found is platform
    return ref


@pytest.mark.parametrize(
    "url",
    [
        f"https://www.whatnot.com/live/{SHOW}",
        f"https://whatnot.com/live/{SHOW}",
        f"https://WWW.Whatnot.COM/live/{SHOW.upper()}",
        f"HTTPS://www.whatnot.com:443/live/{SHOW}/",
        f"https://www.whatnot.com/live/{SHOW}?utm_source=x&next=http://127.0.0.1/#chat",
        f"https://www.whatnot.com/dashboard/live/{SHOW}",
        f"https://www.whatnot.com/en-GB/live/{SHOW}",
    ],
)
def test_a_shows_address(url: str) -> None:
    expected = ShowRef(platform="whatnot", external_id=SHOW, url=f"{OWN}/live/{SHOW}")
    assert resolve(url) == expected
    assert resolve(expected.url) == expected


@pytest.mark.parametrize("path", ["live/Some_Seller.9", "user/Some_Seller.9"])
def test_a_sellers_address(path: str) -> None:
    ref = resolve(f"https://www.whatnot.com/{path}")
    assert (ref.external_id, ref.url) == ("Some_Seller.9", f"{OWN}/user/Some_Seller.9")
    assert resolve(ref.url) == ref


@pytest.mark.parametrize(
    "base", ["http://127.0.0.1:41215", "http://[::1]:8080", "https://fake.test"]
)
def test_with_a_base_url_its_host_and_the_platforms_own_are_read_there(base: str) -> None:
    for url in (f"{base}/live/{SHOW}", f"{OWN}/live/{SHOW}"):
        assert resolve(url, base).url == f"{base}/live/{SHOW}"


@pytest.mark.parametrize(
    "url",
    [
        f"http://127.0.0.1:41216/live/{SHOW}",
        f"http://localhost:41215/live/{SHOW}",
        f"https://127.0.0.1:41215/live/{SHOW}",
        f"http://127.0.0.1/live/{SHOW}",
        f"http://127.1:41215/live/{SHOW}",
    ],
)
def test_beside_the_base_url_nothing_of_this_machine_is_read(url: str) -> None:
    with pytest.raises(ShowUrlRefused):
        resolve(url, "http://127.0.0.1:41215")


ADDRESSES = (
    *("127.0.0.1", "127.1", "0", "0.0.0.0", "2130706433", "0x7f.1", "017700000001", "[::1]"),
    *("[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[2002:7f00:1::]", "[64:ff9b::7f00:1]"),
    *("[2001:0:4136:e378:8000:63bf:3fff:fdd2]", "169.254.169.254", "[fd00:ec2::254]"),
    *("100.64.0.1", "192.88.99.1", "198.18.0.1", "224.0.0.1", "10.0.0.1", "192.168.0.1"),
    *("localhost", "localhost.", "www.localhost", "metadata.google.internal", "[fe80::1%25eth0]"),
    *("www.whatnot.com.", "www.whatnot.com.evil.test", "whatnot.com.evil.test", "evilwhatnot.com"),
    *("evil.test/www.whatnot.com", "evil.test?www.whatnot.com", "evil.test#www.whatnot.com"),
    *(
        "whatnot.evil.test",
        "xn--whtnot-cua.com",
        "wһatnot.com",
        "www。whatnot。com",
        "ｗww.whatnot.com",
    ),
    *("www.whatnot.com:22", "www.whatnot.com:6379", "www.whatnot.com:80", "www.whatnot.com:0"),
    *("www.whatnot.com:99999", "www.whatnot.com:", "www.whatnot.com:4 43", "chat.whatnot.com"),
    *("www.whatnot.com@127.0.0.1", "user@www.whatnot.com", "user:pass@www.whatnot.com"),
    *("127.0.0.1\\@www.whatnot.com", "www.whatnot.com\\@127.0.0.1", "www.whatnot.com\\.evil.test"),
    *("www.whatnot.com%2f@127.0.0.1", "www.whatnot.com%00.evil.test", "www%2ewhatnot.com"),
    *(
        "www.whatnot.com\t",
        "www.what\nnot.com",
        "www.whatnot.com\r\nHost: x",
        "{{host}}",
        "${HOST}",
    ),
    *("", " ", ".", "..", "[www.whatnot.com]", "www..whatnot.com", "-", "*", "www.whatnot.com\x00"),
)
"""Hosts of 4.1 in the promises: addresses, names and what one parser forgives and another not."""


@pytest.mark.parametrize("host", ADDRESSES)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_other_hosts_are_refused(scheme: str, host: str) -> None:
    with pytest.raises(ShowUrlRefused) as refused:
        resolve(f"{scheme}://{host}/live/{SHOW}")
    assert str(refused.value)
    assert refused.value.advice


@pytest.mark.parametrize(
    "url",
    [
        "",
        " ",
        "www.whatnot.com",
        f"www.whatnot.com/live/{SHOW}",
        f"//www.whatnot.com/live/{SHOW}",
        f"http://www.whatnot.com/live/{SHOW}",
        f"ftp://www.whatnot.com/live/{SHOW}",
        f"ws://www.whatnot.com/live/{SHOW}",
        f"file://www.whatnot.com/live/{SHOW}",
        "file:///etc/passwd",
        f"view-source:https://www.whatnot.com/live/{SHOW}",
        "chrome://crash",
        "about:blank",
        "data:text/html,<script>1</script>",
        f"blob:https://www.whatnot.com/{SHOW}",
        f"javascript://www.whatnot.com/live/{SHOW}%0aalert(1)",
        f"dealflow:https://www.whatnot.com/live/{SHOW}",
        f"ht\ttps://www.whatnot.com/live/{SHOW}",
        f"https:\n//www.whatnot.com/live/{SHOW}",
        f"https:/www.whatnot.com/live/{SHOW}",
        f"https:www.whatnot.com/live/{SHOW}",
        f"https:\\\\www.whatnot.com/live/{SHOW}",
        f" https://www.whatnot.com/live/{SHOW}",
        f"https://www.whatnot.com/live/{SHOW}\n",
        f"https://www.whatnot.com/live/{SHOW}" + "?" + "x" * MAX_URL,
    ],
)
def test_other_schemes_and_forms_are_refused(url: str) -> None:
    with pytest.raises(ShowUrlRefused):
        resolve(url)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/live",
        "/live/",
        "/live//",
        "/live/..",
        "/live/../user",
        f"/live/{SHOW}/chat",
        f"/live/%2e%2e/{SHOW}",
        f"/live/{SHOW}%2f..",
        f"/live/{SHOW};x",
        f"/live/{SHOW}@evil.test",
        f"//live/{SHOW}",
        f"/lives/{SHOW}",
        f"/category/{SHOW}",
        "/dashboard/live/seller",
        "/dashboard/lives",
        "/user/",
        "/user/a b",
        "/user/<script>",
        "/user/" + "x" * 61,
        "/login",
    ],
)
def test_addresses_of_the_platform_that_name_no_show_are_refused(path: str) -> None:
    with pytest.raises(ShowUrlRefused):
        resolve(f"https://www.whatnot.com{path}")


def test_another_platforms_address_is_refused_by_name() -> None:
    with pytest.raises(ShowUrlRefused, match="whatnot"):
        resolve("https://www.example.com/live/1")


def test_an_address_is_read_as_it_stands() -> None:
    address = read_address("https://Example.com:8443/a/b/?q=1#f")
    assert address.origin == ("https", "example.com", 8443)
    assert address.steps == ("a", "b")

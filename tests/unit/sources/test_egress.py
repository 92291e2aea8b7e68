from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from dealflow.clock import SystemClock
from dealflow.errors import EgressRefused, PlatformUnreachable, SettingsInvalid
from dealflow.settings import Settings, WhatnotSettings
from dealflow.sources.egress import (
    Decision,
    EgressPolicy,
    Gate,
    HostRule,
    normalise,
    origin_of,
    policy_for,
)
from dealflow.telemetry.metrics import Metrics

POLICY = EgressPolicy(
    platforms=(HostRule("whatnot.com", subdomains=True),),
    operator=frozenset({("127.0.0.1", 8080), ("stage.local", 9000)}),
)


class Resolver:
    """Answers from a list, one answer for each question; the last one stays."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def gate_of(policy: EgressPolicy, resolver: Resolver) -> tuple[Gate, Metrics]:
    metrics = Metrics()
    return Gate(policy, clock=SystemClock(), metrics=metrics, resolve=resolver), metrics


def decisions(metrics: Metrics, decision: Decision) -> float:
    value = metrics.registry.get_sample_value(
        "dealflow_egress_decisions_total", {"decision": decision}
    )
    return value or 0.0


@pytest.mark.parametrize("host", ["whatnot.com", "www.whatnot.com", "images.whatnot.com"])
def test_the_platforms_own_hosts(host: str) -> None:
    assert POLICY.admits(host, 443)


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("www.whatnot.com", 80),
        ("www.whatnot.com", 22),
        ("www.whatnot.com", 6379),
        ("evilwhatnot.com", 443),
        ("whatnot.com.evil.example", 443),
        ("www.whatnot.com.", 443),
        ("whatnot.co", 443),
        (".whatnot.com.evil", 443),
        ("127.0.0.1", 443),
        ("127.0.0.1", 8081),
        ("localhost", 8080),
        ("169.254.169.254", 80),
        ("", 443),
    ],
)
def test_every_other_host_and_port(host: str, port: int) -> None:
    assert not POLICY.admits(host, port)


def test_only_the_operators_hosts_may_be_private() -> None:
    assert POLICY.admits_address("127.0.0.1", 8080, "127.0.0.1")
    assert POLICY.admits_address("stage.local", 9000, "192.168.1.7")
    assert not POLICY.admits_address("stage.local", 9000, "169.254.169.254")
    assert not POLICY.admits_address("www.whatnot.com", 443, "127.0.0.1")
    assert not POLICY.admits_address("www.whatnot.com", 443, "no address")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("WWW.Whatnot.COM", "www.whatnot.com"),
        ("www.whatnot.com.", "www.whatnot.com"),
        ("[::1]", "::1"),
        ("[::ffff:127.0.0.1]", "::ffff:7f00:1"),
        ("[127.0.0.1]", None),
        ("::1", None),
        ("whatnot.com/", None),
        ("whatnot.com@evil.example", None),
        ("what\x00not.com", None),
        ("whatnot.com\n", None),
        ("whatnot。com", None),
        ("ｗhatnot.com", None),
        ("-whatnot.com", None),
        ("a..b", None),
        ("", None),
        ("a" * 300, None),
    ],
)
def test_hosts_have_one_form(raw: str, expected: str | None) -> None:
    assert normalise(raw) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.whatnot.com", ("www.whatnot.com", 443)),
        ("http://127.0.0.1:4100/x", ("127.0.0.1", 4100)),
        ("http://[::1]:4100", ("::1", 4100)),
        ("http://stage.local", ("stage.local", 80)),
    ],
)
def test_base_urls(url: str, expected: tuple[str, int]) -> None:
    assert origin_of(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "whatnot.com",
        "ftp://x",
        "file:///etc/passwd",
        "http://",
        "http://u:p@h",
        "http://h:99999",
    ],
)
def test_what_is_no_base_url(url: str) -> None:
    with pytest.raises(SettingsInvalid):
        origin_of(url)


def test_the_policy_of_the_settings() -> None:
    default = policy_for(Settings())
    assert default.admits("www.whatnot.com", 443)
    assert default.operator == frozenset()
    staged = policy_for(Settings(whatnot=WhatnotSettings(base_url="http://127.0.0.1:4100")))
    assert staged.operator == {("127.0.0.1", 4100)}
    assert staged.admits("www.whatnot.com", 443)


@pytest.mark.asyncio
async def test_open_connects_to_what_it_checked() -> None:
    async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    async with await asyncio.start_server(hello, "127.0.0.1", 0) as server:
        port: int = server.sockets[0].getsockname()[1]
        policy = EgressPolicy(operator=frozenset({("stage.local", port)}))
        resolver = Resolver(["127.0.0.1"], ["10.9.9.9"])
        gate, metrics = gate_of(policy, resolver)
        connection = await gate.open("stage.local", port)
        with connection:
            assert connection.gettimeout() == 0.0
            loop = asyncio.get_running_loop()
            assert await loop.sock_recv(connection, 5) == b"hello"
        assert resolver.asked == ["stage.local"]
        assert decisions(metrics, Decision.OPENED) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "answer",
    [
        ["127.0.0.1"],
        ["::1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::ffff:127.0.0.1"],
        ["104.18.20.30", "127.0.0.1"],
        ["127.0.0.1", "104.18.20.30"],
    ],
)
async def test_a_platform_name_that_leads_home_is_refused(answer: list[str]) -> None:
    gate, metrics = gate_of(POLICY, Resolver(answer))
    with pytest.raises(EgressRefused):
        await gate.open("www.whatnot.com", 443)
    assert decisions(metrics, Decision.ADDRESS_REFUSED) == 1


@pytest.mark.asyncio
async def test_a_strange_host_is_not_even_resolved() -> None:
    resolver = Resolver(["104.18.20.30"])
    gate, metrics = gate_of(POLICY, resolver)
    with pytest.raises(EgressRefused):
        await gate.open("evil.example", 443)
    assert resolver.asked == []
    assert decisions(metrics, Decision.HOST_REFUSED) == 1


@pytest.mark.asyncio
async def test_nobody_listens() -> None:
    async with await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0) as server:
        port: int = server.sockets[0].getsockname()[1]
    gate, metrics = gate_of(
        EgressPolicy(operator=frozenset({("127.0.0.1", port)})), Resolver(["127.0.0.1"])
    )
    with pytest.raises(PlatformUnreachable):
        await gate.open("127.0.0.1", port)
    assert decisions(metrics, Decision.UNREACHABLE) == 1


@pytest.mark.asyncio
async def test_a_name_without_an_address() -> None:
    gate, _ = gate_of(POLICY, Resolver([]))
    with pytest.raises(PlatformUnreachable):
        await gate.open("www.whatnot.com", 443)

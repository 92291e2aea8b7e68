"""A hostile page tries every way out of a real Chromium; nobody may ever be connected to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import pytest

from dealflow.clock import SystemClock
from dealflow.errors import DealflowError, PlatformUnreachable
from dealflow.settings import BrowserSettings
from dealflow.sources.browser.chromium import SharedBrowser
from dealflow.sources.egress import EgressPolicy, Gate, HostRule, policy_for
from dealflow.telemetry.metrics import Metrics
from tests.fakes.shared_browser import Bench, open_bench
from tests.fakes.site import Site, open_site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

SETTLE_SECONDS = 1.0
"""How long a page is watched for a connection that must not come."""


class Canary:
    """Listens where nobody may come, by TCP and UDP."""

    def __init__(self) -> None:
        self.connects = 0
        self.port = 0


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, canary: Canary) -> None:
        self._canary = canary

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._canary.connects += 1


@asynccontextmanager
async def open_canary() -> AsyncGenerator[Canary]:
    canary = Canary()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        canary.connects += 1
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    canary.port = server.sockets[0].getsockname()[1]
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Datagrams(canary), local_addr=("127.0.0.1", canary.port)
    )
    try:
        yield canary
    finally:
        transport.close()
        server.close()


def pages(port: int) -> dict[str, str]:
    """Return one hostile page for each way out; ``C`` is the canary."""
    http, ws = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}"
    script = {
        "fetch": f"fetch('{http}/', {{mode: 'no-cors'}})",
        "localhost": f"fetch('http://localhost:{port}/', {{mode: 'no-cors'}})",
        "ipv6": f"fetch('http://[::1]:{port}/', {{mode: 'no-cors'}})",
        "mapped": f"fetch('http://[::ffff:127.0.0.1]:{port}/', {{mode: 'no-cors'}})",
        "decimal": f"fetch('http://2130706433:{port}/', {{mode: 'no-cors'}})",
        "hex": f"fetch('http://0x7f.1:{port}/', {{mode: 'no-cors'}})",
        "short": f"fetch('http://127.1:{port}/', {{mode: 'no-cors'}})",
        "trailing_dot": f"fetch('http://localhost.:{port}/', {{mode: 'no-cors'}})",
        "https": f"fetch('https://127.0.0.1:{port}/', {{mode: 'no-cors'}})",
        "xhr": f"const x = new XMLHttpRequest(); x.open('GET', '{http}/'); x.send()",
        "beacon": f"navigator.sendBeacon('{http}/', 'x')",
        "socket": f"new WebSocket('{ws}/')",
        "events": f"new EventSource('{http}/')",
        "worker_socket": "new Worker(URL.createObjectURL(new Blob("
        f"[`new WebSocket('{ws}/'); fetch('{http}/', {{mode: 'no-cors'}})`])))",
        "shared_worker": "new SharedWorker(URL.createObjectURL(new Blob("
        f"[`fetch('{http}/', {{mode: 'no-cors'}})`])))",
        "popup": f"window.open('{http}/')",
        "location": f"location.href = '{http}/'",
        "keepalive": f"fetch('{http}/', {{mode: 'no-cors', keepalive: true}})",
        "webrtc": "const p = new RTCPeerConnection({iceServers: [{urls: "
        f"['stun:127.0.0.1:{port}', 'turn:127.0.0.1:{port}?transport=tcp'], username: 'u', "
        "credential: 'c'}]}); p.createDataChannel('x'); "
        "p.createOffer().then((o) => p.setLocalDescription(o))",
        "webtransport": f"new WebTransport('https://127.0.0.1:{port}/')",
        "redirects": "".join(
            f"fetch('/to/{code}', {{mode: 'no-cors'}});" for code in (301, 302, 303, 307, 308)
        ),
        "redirected_socket": "new WebSocket('ws://' + location.host + '/to/302')",
    }
    html = {
        "refresh": f'<meta http-equiv="refresh" content="0; url={http}/">',
        "iframe": f'<iframe src="{http}/"></iframe>',
        "image": f'<img src="{http}/a.png" srcset="{http}/b.png 2x">',
        "style": f'<link rel="stylesheet" href="{http}/a.css">',
        "css_url": f"<style>body {{ background: url({http}/a.png) }}</style>",
        "font": f"<style>@font-face {{ font-family: f; src: url({http}/f.woff) }} "
        "p { font-family: f }</style><p>x</p>",
        "video": f'<video autoplay muted src="{http}/v.mp4"></video>',
        "script": f'<script src="{http}/a.js"></script>',
        "module": f'<script type="module">import "{http}/a.js"</script>',
        "preload": f'<link rel="preload" as="fetch" href="{http}/a">',
        "prefetch": f'<link rel="prefetch" href="{http}/a">',
        "preconnect": f'<link rel="preconnect" href="{http}">',
        "dns_prefetch": f'<link rel="dns-prefetch" href="{http}">',
        "prerender": '<script type="speculationrules">{"prerender": [{"source": "list", '
        f'"urls": ["{http}/"]}}]}}</script>',
        "manifest": f'<link rel="manifest" href="{http}/m.json">',
        "icon": f'<link rel="icon" href="{http}/i.ico">',
        "object": f'<object data="{http}/o"></object><embed src="{http}/e">',
        "ping": f'<a ping="{http}/" href="#x" id="a">x</a><script>a.click()</script>',
        "form": f'<form method="post" action="{http}/" id="f"></form><script>f.submit()</script>',
        "redirected_image": '<img src="/to/302"><iframe src="/to/307"></iframe>',
    }
    html |= {name: f"<script>try {{ {code} }} catch {{}}</script>" for name, code in script.items()}
    return html


def add_hostile(site: Site, port: int) -> list[str]:
    hostile = pages(port)
    for name, body in hostile.items():
        site.pages[f"/{name}"] = (200, f"<!doctype html><body>{body}</body>")
    for code in (301, 302, 303, 307, 308):
        site.pages[f"/to/{code}"] = (code, "")
        site.headers[f"/to/{code}"] = {"Location": f"http://127.0.0.1:{port}/"}
    return list(hostile)


async def visit(bench: Bench, url: str) -> None:
    async with bench.browser.page() as tab:
        try:
            await tab.goto(url, 5)
        except DealflowError:
            return
        await asyncio.sleep(SETTLE_SECONDS)


@pytest.mark.asyncio
async def test_no_way_leads_to_the_canary() -> None:
    async with open_canary() as canary, open_site() as site, open_bench(site.url) as bench:
        names = add_hostile(site, canary.port)
        for start in range(0, len(names), 8):
            some = names[start : start + 8]
            await asyncio.gather(*(visit(bench, f"{site.url}/{name}") for name in some))
        assert len(names) > 40
        assert {f"/{name}" for name in names} <= set(site.asked)
        assert canary.connects == 0


@pytest.mark.asyncio
async def test_no_start_address_leads_to_the_canary() -> None:
    async with open_canary() as canary, open_site() as site, open_bench(site.url) as bench:
        add_hostile(site, canary.port)
        await asyncio.gather(
            *(
                visit(bench, url)
                for url in (
                    f"http://127.0.0.1:{canary.port}/",
                    f"http://localhost:{canary.port}/",
                    f"http://[::1]:{canary.port}/",
                    f"{site.url}/to/302",
                    f"{site.url}/to/308",
                    f"view-source:http://127.0.0.1:{canary.port}/",
                    f"ftp://127.0.0.1:{canary.port}/",
                )
            )
        )
        assert canary.connects == 0


@pytest.mark.slow
@pytest.mark.asyncio
async def test_the_canary_would_sing() -> None:
    """The same pages with the canary's address allowed: the test can fail."""
    async with open_canary() as canary, open_site() as site, open_bench(site.url) as bench:
        add_hostile(site, canary.port)
        policy = EgressPolicy(
            operator=policy_for(bench.settings).operator | {("127.0.0.1", canary.port)}
        )
        bench.gate.policy = policy
        for name in ("fetch", "socket", "worker_socket", "redirects", "iframe", "beacon"):
            before = canary.connects
            await visit(bench, f"{site.url}/{name}")
            assert canary.connects > before, name


@pytest.mark.asyncio
async def test_a_name_that_rebinds_gains_nothing() -> None:
    """The platform's name is public when first asked for and private afterwards."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["203.0.113.7"] if len(asked) == 1 else ["127.0.0.1"]

    async with open_canary() as canary:
        policy = EgressPolicy(
            (HostRule("rebind.example", frozenset({canary.port}), subdomains=True),)
        )
        metrics, clock = Metrics(), SystemClock()
        gate = Gate(policy, clock=clock, metrics=metrics, resolve=resolve)
        browser = SharedBrowser(BrowserSettings(), gate=gate, clock=clock, metrics=metrics)
        try:
            for _ in range(3):
                async with browser.page() as tab:
                    with pytest.raises(PlatformUnreachable):
                        await tab.goto(f"https://rebind.example:{canary.port}/", 8)
        finally:
            await browser.aclose()
            await gate.aclose()
        assert len(asked) >= 2
        assert canary.connects == 0

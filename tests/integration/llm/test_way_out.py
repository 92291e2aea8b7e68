"""The way to the endpoint: through the egress gate, to whom it was set, over checked TLS."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dealflow.clock import SystemClock
from dealflow.compose import second_opinion
from dealflow.errors import SettingsInvalid
from dealflow.intents.base import Answers, Question, Trouble
from dealflow.intents.llm.openai import OpenAIOpinion
from dealflow.intents.llm.transport import Way
from dealflow.model.intent import Intent, Utterance, Verdict
from dealflow.settings import LlmSettings, Settings
from dealflow.sources.egress import Gate, policy_for
from dealflow.telemetry.metrics import Metrics
from tests.fakes.endpoint import Endpoint, open_endpoint

pytestmark = pytest.mark.asyncio

ASKED = Question(
    id="q1",
    utterance=Utterance(text="I'd buy it"),
    verdict=Verdict(intent=Intent.CHATTER, confidence=0.4, scores={}),
)


@asynccontextmanager
async def gate_for(settings: Settings) -> AsyncIterator[tuple[Gate, Metrics]]:
    metrics = Metrics()
    gate = Gate(policy_for(settings), clock=SystemClock(), metrics=metrics)
    try:
        yield gate, metrics
    finally:
        await gate.aclose()


async def ask(settings: Settings) -> tuple[Answers, Metrics]:
    """Ask as a running DealFlow does."""
    async with gate_for(settings) as (gate, metrics):
        opinion = await second_opinion(settings, gate=gate, clock=SystemClock())
        assert opinion is not None
        try:
            return await opinion.judge([ASKED]), metrics
        finally:
            await opinion.aclose()


def opened(metrics: Metrics) -> float:
    return float(metrics.egress.labels("opened")._value.get())


async def test_every_call_passes_the_gate() -> None:
    async with open_endpoint() as endpoint:
        answers, metrics = await ask(
            Settings(llm=LlmSettings(base_url=endpoint.url, model="m", api_key="sk-1"))
        )
        assert answers.verdicts["q1"].intent is Intent.CLAIM
        assert opened(metrics) == 1
        assert "proxy" not in endpoint.heads[0].lower()
        assert f"Host: 127.0.0.1:{endpoint.port}".lower() in endpoint.heads[0].lower()


async def test_a_clouds_own_address_is_not_opened() -> None:
    url = "http://169.254.169.254/v1"
    answers, metrics = await ask(Settings(llm=LlmSettings(base_url=url, model="m")))
    assert answers.trouble is not None
    assert opened(metrics) == 0


@pytest.mark.parametrize(
    "llm",
    [
        LlmSettings(base_url="http://127.0.0.1:1/v1"),
        LlmSettings(model="m"),
        LlmSettings(base_url="ftp://127.0.0.1/v1", model="m"),
        LlmSettings(base_url="not an address", model="m"),
    ],
)
async def test_what_is_half_set_is_said_at_the_start(llm: LlmSettings) -> None:
    settings = Settings(llm=llm)
    with pytest.raises(SettingsInvalid):
        async with gate_for(settings) as (gate, _):
            await second_opinion(settings, gate=gate, clock=SystemClock())


async def test_nothing_set_is_off() -> None:
    async with gate_for(Settings()) as (gate, _):
        assert await second_opinion(Settings(), gate=gate, clock=SystemClock()) is None


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    paths = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-out", paths[0], "-keyout", paths[1]],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return paths


async def test_tls_is_checked(certificate: tuple[Path, Path]) -> None:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(*certificate)
    async with open_endpoint(server) as endpoint:
        url = f"https://localhost:{endpoint.port}/v1"
        settings = Settings(llm=LlmSettings(base_url=url, model="m", api_key="sk-1"))
        answers, _ = await ask(settings)  # nobody that is trusted signed it
        assert answers.trouble is Trouble.UNREACHABLE
        assert endpoint.heads == []
        answers = await _trusting(settings, certificate[0], endpoint)
        assert answers.verdicts["q1"].intent is Intent.CLAIM


async def _trusting(settings: Settings, authority: Path, endpoint: Endpoint) -> Answers:
    async with gate_for(settings) as (gate, _):

        async def way() -> Way:
            await gate.start()
            proxy = gate.proxy
            return Way(
                server=proxy.server,
                username=proxy.username,
                password=proxy.password,
                tls=ssl.create_default_context(cafile=authority),
            )

        opinion = OpenAIOpinion(settings.llm, clock=SystemClock(), way=way)
        try:
            return await opinion.judge([ASKED])
        finally:
            await opinion.aclose()

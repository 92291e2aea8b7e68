"""R25: doubts outlive `kill -9`, and every one of them is judged once the model answers again."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.chaos.kill_harness import Served
from tests.fakes.endpoint import Mode, open_endpoint

COUNT = 60
KEY = "sk-canary-key"


@pytest.mark.asyncio
@pytest.mark.timeout(90)
async def test_doubts_outlive_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_endpoint() as endpoint:
        settings = {
            "BASE_URL": endpoint.url, "MODEL": "m", "API_KEY": KEY, "CALLS_PER_MINUTE": "1000",
            "TOKENS_PER_MINUTE": "100000000", "LOW": "0", "HIGH": "1", "WINDOW_SECONDS": "0",
        }  # fmt: skip
        for name, value in settings.items():
            monkeypatch.setenv(f"DEALFLOW_LLM__{name}", value)
        endpoint.mode = Mode.HANG
        served = Served(tmp_path)
        await served.start()
        await _push(served)
        await asyncio.wait_for(endpoint.asked.wait(), 10)
        await served.kill()
        assert _count(tmp_path, "doubts WHERE settled_at IS NULL") == COUNT
        assert _count(tmp_path, "verdicts") == 0
        endpoint.mode = Mode.WELL
        await served.start()
        async with asyncio.timeout(40):
            while _count(tmp_path, "doubts WHERE settled_at IS NULL"):
                await asyncio.sleep(0.1)
        assert await served.stop() == 0
    assert _count(tmp_path, "verdicts") == COUNT
    assert _count(tmp_path, "(SELECT DISTINCT message_id FROM verdicts)") == COUNT
    sent = b"".join(endpoint.requests)
    assert b"canary_user" not in sent
    assert _count(tmp_path, "spending WHERE calls > 0") == 1
    assert KEY.encode() not in _stored(tmp_path)


async def _push(served: Served) -> None:
    messages = [
        {"username": f"canary_user{n}", "message": f"canary_user{n // 2}: I'd buy number {n}"}
        for n in range(COUNT)
    ]
    headers = {"Authorization": f"Bearer {served.token}"}
    async with httpx.AsyncClient(headers=headers, timeout=10) as client:
        answer = await client.post(
            f"{served.url}/api/sessions/second/messages", json={"messages": messages}
        )
    assert answer.status_code == 200, answer.text


def _stored(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("dealflow.db*"))


def _count(folder: Path, what: str) -> Any:
    with closing(sqlite3.connect(f"file:{folder}/dealflow.db?mode=ro", uri=True)) as db:
        return db.execute(f"SELECT count(*) FROM {what}").fetchone()[0]

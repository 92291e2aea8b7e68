"""R1: `kill -9` loses nothing acknowledged, stores nothing twice, captures no buyer twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.kill_harness import run


@pytest.mark.asyncio
@pytest.mark.timeout(120)
async def test_a_few_kills(tmp_path: Path) -> None:
    report = await run(kills=4, seed=20261124, folder=tmp_path)
    assert report.sound, report


@pytest.mark.slow
@pytest.mark.asyncio
@pytest.mark.timeout(400)
async def test_thirty_kills(tmp_path: Path) -> None:
    report = await run(kills=30, seed=30, folder=tmp_path)
    assert report.sound, report

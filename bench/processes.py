"""The processes that the measurements run: a stage, and the product as its users start it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

READY_SECONDS = 30.0


@asynccontextmanager
async def started(
    *arguments: str, env: dict[str, str] | None = None
) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, Any]]]:
    """Start a process that says on one JSON line that it is ready; stop it on leaving."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | (env or {}),
        limit=2**22,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), READY_SECONDS)
        yield process, msgspec.json.decode(line)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.communicate(), 15)
            except TimeoutError:
                process.kill()
                await process.wait()


async def last_line(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """Return the next JSON line that a process says, which is its last."""
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise ConnectionError("The process ended without a word.")
    found: dict[str, Any] = msgspec.json.decode(line)
    return found


@asynccontextmanager
async def staged(*options: str) -> AsyncIterator[dict[str, Any]]:
    """Run a stage; yield its ``baseUrl`` and ``showUrl``."""
    async with started("dealflow.stage", *options) as (_, ready):
        yield ready


class Served:
    """A running ``dealflow serve``: its address and its token."""

    def __init__(self, pid: int, url: str, token: str) -> None:
        self.pid = pid
        self.url = url
        self.token = token

    @property
    def socket_url(self) -> str:
        return self.url.replace("http://", "ws://") + "/ws"

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


@asynccontextmanager
async def served(folder: Path, **env: str) -> AsyncIterator[Served]:
    """Run ``dealflow serve`` on a data folder."""
    arguments = ("serve", "--json", "--port", "0", "--data-dir", str(folder))
    async with started("dealflow", *arguments, "--log-level", "warning", env=env) as (
        process,
        ready,
    ):
        token = (folder / "token").read_text(encoding="ascii").strip()
        yield Served(process.pid, ready["url"].rstrip("/"), token)

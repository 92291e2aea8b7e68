"""The live screen: draws the picture of a show on the terminal's other page."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
from collections import deque
from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.live import Live

from dealflow.cli.presenter import Presenter
from dealflow.cli.view import Picture, advance, draw
from dealflow.model.events import Frame, decode

REDRAW_SECONDS = 0.1
"""Ten pictures a second are as many as an eye follows."""

KEPT_LOGS = 100
"""Warnings that wait until the screen is left; older ones are dropped."""


class HeldLogs(io.StringIO):
    """Takes log lines while the screen is in use, and keeps the last ones."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[str] = deque(maxlen=KEPT_LOGS)

    def write(self, text: str) -> int:
        """Keep what is not blank."""
        if text.strip():
            self.lines.append(text.rstrip("\n"))
        return len(text)


class LiveScreen:
    """Shows frames on a live screen; drawing never waits for reading, nor reading for drawing."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()
        self._live = Live(
            console=self._console, screen=True, auto_refresh=False, redirect_stderr=False
        )
        self._picture = Picture()
        self._drawn: Picture | None = None
        self._logs = HeldLogs()
        self._stream = sys.stderr
        self._drawing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Presenter:
        _send_logs_to(self._logs, logging.WARNING)
        self._live.start()
        self._drawing = asyncio.create_task(self._draw(), name="screen")
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._drawing is not None:
            self._drawing.cancel()
            await asyncio.wait([self._drawing])
        self._live.stop()
        _send_logs_to(self._stream, logging.NOTSET)
        for line in self._logs.lines:
            self._stream.write(line + "\n")

    async def show(self, frames: Sequence[Frame]) -> None:
        """Bring the picture up to date; the next drawing shows it."""
        for frame in frames:
            self._picture = advance(self._picture, frame.seq, decode(frame.data))

    async def _draw(self) -> None:
        size = None
        while True:
            if self._picture is not self._drawn or self._console.size != size:
                self._drawn, size = self._picture, self._console.size
                picture = draw(self._picture, size.width, size.height)
                # A terminal may be stopped with Ctrl-S: only this thread waits then.
                await asyncio.to_thread(self._live.update, picture, refresh=True)
            await asyncio.sleep(REDRAW_SECONDS)


def _send_logs_to(stream: TextIO, least: int) -> None:
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(stream)
            handler.setLevel(least)

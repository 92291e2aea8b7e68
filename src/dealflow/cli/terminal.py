"""The live screen: draws the picture of a show on the terminal's other page."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
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
            console=self._console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._picture = Picture()
        self._drawn: Picture | None = None
        self._logs = HeldLogs()
        self._stream = sys.stderr
        self._drawing: asyncio.Task[None] | None = None
        self._left = asyncio.Event()

    async def __aenter__(self) -> Presenter:
        _move_logs(self._stream, self._logs, logging.WARNING)
        self._live.start()
        self._drawing = asyncio.create_task(self._draw(), name="screen")
        return self

    async def __aexit__(self, *error: object) -> None:
        self._left.set()
        if self._drawing is not None:
            # Waited for, not cancelled: a thread that still draws would draw on the wrong page.
            await self._drawing
        self._live.stop()
        _move_logs(self._logs, self._stream, logging.NOTSET)
        for line in self._logs.lines:
            self._stream.write(line + "\n")

    async def show(self, frames: Sequence[Frame]) -> None:
        """Bring the picture up to date; the next drawing shows it."""
        for frame in frames:
            self._picture = advance(self._picture, frame.seq, decode(frame.data))

    async def _draw(self) -> None:
        size = None
        while not self._left.is_set():
            if self._picture is not self._drawn or self._console.size != size:
                self._drawn, size = self._picture, self._console.size
                picture = draw(self._picture, size.width, size.height)
                # A terminal may be stopped with Ctrl-S: only this thread waits then.
                await asyncio.to_thread(self._live.update, picture, refresh=True)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._left.wait(), REDRAW_SECONDS)


def _move_logs(here: TextIO, there: TextIO, least: int) -> None:
    """Send what goes to one stream to another, from a level on."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream is here:
            handler.setStream(there)
            handler.setLevel(least)

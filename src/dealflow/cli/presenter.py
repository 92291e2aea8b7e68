"""How frames reach whoever watches: as JSON lines, as plain lines, or on a live screen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from dealflow.cli.output import Output
from dealflow.cli.plain import plain_line
from dealflow.model.events import Frame, decode


class Presenter(Protocol):
    """Shows frames to somebody."""

    async def show(self, frames: Sequence[Frame]) -> None:
        """Show frames in order; waits for a slow reader without holding up the reading.

        Raises:
            BrokenPipeError: the reader has gone.
        """
        ...


class JsonLines:
    """Writes each frame as it was committed."""

    def __init__(self, output: Output) -> None:
        self._output = output

    async def __aenter__(self) -> Presenter:
        return self

    async def __aexit__(self, *error: object) -> None:
        return None

    async def show(self, frames: Sequence[Frame]) -> None:
        """Write the frames in one go, from a thread, since a pipe may be full."""
        data = b"".join(frame.data + b"\n" for frame in frames)
        await asyncio.to_thread(self._output.lines, data)


class PlainLines:
    """Writes one readable line for each event that a person would want to know of."""

    def __init__(self, output: Output) -> None:
        self._output = output

    async def __aenter__(self) -> Presenter:
        return self

    async def __aexit__(self, *error: object) -> None:
        return None

    async def show(self, frames: Sequence[Frame]) -> None:
        """Write the lines in one go, from a thread, since a pipe may be full."""
        lines = [line for frame in frames if (line := plain_line(decode(frame.data)))]
        if lines:
            data = "".join(line + "\n" for line in lines).encode()
            await asyncio.to_thread(self._output.lines, data)


def presenter(output: Output) -> AbstractAsyncContextManager[Presenter]:
    """Return what fits standard output: JSON lines, a live screen, or plain lines."""
    if output.as_json:
        return JsonLines(output)
    if output.is_terminal:
        # Loaded only now: a program that reads JSON lines never pays for the screen.
        from dealflow.cli.terminal import LiveScreen

        return LiveScreen()
    return PlainLines(output)

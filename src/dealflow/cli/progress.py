"""Progress of long work, as one line that is written over and over."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import suppress

from dealflow.cli.presenter import Presenter
from dealflow.model.events import Frame

EVERY_SECONDS = 0.2


class Progress:
    """Hands frames on to a presenter and counts them on standard error on the way."""

    def __init__(self, inner: Presenter, *, is_wanted: bool) -> None:
        self._inner = inner
        self._is_wanted = is_wanted
        self._messages = 0
        self._buyers = 0
        self._told_at = 0.0

    async def __aenter__(self) -> Presenter:
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._is_wanted and self._told_at:
            self._write("\r\x1b[K")

    async def show(self, frames: Sequence[Frame]) -> None:
        """Count the frames, then show them."""
        for frame in frames:
            self._messages += frame.kind == "new_message"
            self._buyers += frame.kind == "buyer_detected"
        now = time.monotonic()
        if self._is_wanted and now - self._told_at >= EVERY_SECONDS:
            self._told_at = now
            self._write(f"\r\x1b[K{self._messages:,} messages, {self._buyers:,} buyers …")
        await self._inner.show(frames)

    def _write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)
            sys.stderr.flush()

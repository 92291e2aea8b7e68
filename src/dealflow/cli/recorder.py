"""``--record``: writes what was read as a recorded show, while it is being read.

A recording tells what DealFlow committed, in the order in which it did, timed by arrival; the
platform's own clock is left out, since it need not agree with ours.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from dealflow.cli.presenter import Presenter
from dealflow.errors import FileUnreadable
from dealflow.model.events import (
    Event,
    Frame,
    LotChanged,
    NewMessage,
    SaleCompleted,
    SourceStateChanged,
    StreamSelected,
    ViewersChanged,
    decode,
)
from dealflow.model.facts import SourceStatus
from dealflow.model.recording import (
    ChatLine,
    EndLine,
    Line,
    LotLine,
    RecordedShowInfo,
    SaleLine,
    ShowLine,
    ViewersLine,
    write_line,
)


class Recorder:
    """Hands frames on to a presenter and writes them to a file on the way."""

    def __init__(
        self, path: Path, inner: Presenter, *, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._inner = inner
        self._seconds = seconds
        self._began: float | None = None
        self._ended = False
        self._file = self._open()

    def _open(self) -> BinaryIO:
        try:
            return self._path.open("wb")
        except OSError as error:
            raise FileUnreadable(f"{self._path} cannot be written: {error.strerror}.") from error

    async def __aenter__(self) -> Presenter:
        return self

    async def __aexit__(self, *error: object) -> None:
        if not self._ended:
            await self._write(write_line(EndLine(t=self._now())))
        self._file.close()

    async def show(self, frames: Sequence[Frame]) -> None:
        """Write the frames, then show them.

        Raises:
            FileUnreadable: the file cannot be written any more.
        """
        lines = [line for frame in frames for line in self._lines(decode(frame.data))]
        await self._write(b"".join(write_line(line) for line in lines))
        await self._inner.show(frames)

    async def _write(self, data: bytes) -> None:
        try:
            await asyncio.to_thread(self._file.write, data)
            await asyncio.to_thread(self._file.flush)
        except OSError as error:
            raise FileUnreadable(f"{self._path} cannot be written: {error.strerror}.") from error

    def _now(self) -> float:
        now = self._seconds()
        if self._began is None:
            self._began = now
        return round(now - self._began, 3)

    def _lines(self, event: Event) -> Iterator[Line]:
        t = self._now()
        match event:
            case StreamSelected(stream=stream):
                info = RecordedShowInfo(
                    platform=stream.platform, title=stream.title, seller=stream.seller
                )
                yield ShowLine(t=t, show=info)
            case NewMessage(message=message):
                yield ChatLine(
                    t=t,
                    id=message.platform_id,
                    user=message.username,
                    role=message.role,
                    text=message.message,
                )
            case LotChanged(lot=lot):
                yield LotLine(t=t, lot=lot, mode=None if lot is None else lot.mode)
            case SaleCompleted(sale=sale):
                yield SaleLine(
                    t=t,
                    code=sale.lot,
                    user=sale.username,
                    price=sale.price,
                    currency=sale.currency,
                )
            case ViewersChanged(viewers=int(viewers)):
                yield ViewersLine(t=t, count=viewers)
            case SourceStateChanged(state=SourceStatus.ENDED) if not self._ended:
                self._ended = True
                yield EndLine(t=t)
            case _:
                return

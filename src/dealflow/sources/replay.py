"""Reads a recorded show as if it were live: from a file, at any speed.

Every line keeps its own time, the show's start plus ``t``, whatever the speed: so a message still
belongs to the lot that was on screen when it was sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import BinaryIO, Literal

import msgspec

from dealflow.clock import Clock, iso
from dealflow.errors import InputInvalid
from dealflow.model.facts import (
    ChatDropped,
    ChatSeen,
    DropReason,
    Fact,
    LotClosed,
    LotShown,
    Pulse,
    SaleSeen,
    ShowSeen,
    ViewersSeen,
)
from dealflow.model.message import Channel
from dealflow.model.recording import (
    ChatLine,
    EndLine,
    Line,
    LotLine,
    RecordedShowInfo,
    SaleLine,
    ShowLine,
    ViewersLine,
    read_line,
)
from dealflow.model.show import Lot, Sale, SaleMode, ShowStatus
from dealflow.model.text import clean, clean_name
from dealflow.sources.base import Emit

OnBad = Literal["stop", "skip"]

CHUNK = 64
"""Lines read and handed on at once; the pipeline judges about as many together."""

MAX_LINE = 1_000_000
"""Bytes in a line. The longest message is 10,000 characters, 60,000 bytes when all are escaped."""

MAX_SECONDS = 30 * 24 * 3600
"""The latest ``t``; no show lasts a month, and larger numbers overflow dates."""

MAX_COUNT = 1_000_000_000
"""Viewers, or pieces of one lot; more would overflow a column."""

PULSE_SECONDS = 5.0
"""The port asks for a sign of life at least this often."""

SAMPLE = 200
"""Characters of a bad line that are kept to look at."""

_BOM = b"\xef\xbb\xbf"


class Script:
    """Turns recorded lines into facts; pure but for what it remembers of the lots.

    Args:
        start_ms: when the show began, in milliseconds since 1970.
    """

    def __init__(self, start_ms: int) -> None:
        self._start = start_ms
        self._mode: SaleMode | None = None
        self._lots: dict[str, Lot] = {}  # by code, or by title where there is none

    def at(self, t: float) -> int:
        """Return the moment that lies ``t`` seconds after the start."""
        return self._start + round(t * 1000)

    def facts(self, line: Line) -> Fact:
        """Return what a line says."""
        at = self.at(line.t)
        match line:
            case ShowLine(show=info):
                self._mode = info.mode
                return ShowSeen(
                    at=at,
                    title=clean(info.title) or None,
                    seller=clean_name(info.seller) or None,
                    status=ShowStatus.LIVE,
                    mode=info.mode,
                )
            case LotLine():
                return self._lot(line, at)
            case ChatLine():
                return ChatSeen(
                    username=line.user,
                    text=line.text,
                    at=at,
                    platform_id=line.id,
                    role=line.role,
                    sent_at=at,
                    channel=Channel.REPLAY,
                )
            case SaleLine():
                return self._sale(line, at)
            case ViewersLine(count=count):
                return ViewersSeen(viewers=count, at=at)
            case EndLine():
                return ShowSeen(at=at, status=ShowStatus.ENDED)

    def _lot(self, line: LotLine, at: int) -> Fact:
        if line.lot is None:
            return LotClosed(at=at)
        lot = msgspec.structs.replace(
            line.lot,
            code=clean_name(line.lot.code or "") or None,
            title=clean_name(line.lot.title),
            mode=line.lot.mode or line.mode or self._mode,
        )
        self._lots[lot.code or lot.title] = lot
        return LotShown(lot=lot, at=at)

    def _sale(self, line: SaleLine, at: int) -> Fact:
        code = clean_name(line.code)
        lot = self._lots.get(code, Lot(code=code, mode=self._mode))
        sale = Sale(
            lot=code,
            platform_id=lot.platform_id,
            username=None if line.user is None else clean_name(line.user) or None,
            price=line.price,
            currency=line.currency or lot.currency,
            kind="auction" if lot.mode is SaleMode.AUCTION else "buy_now",
            timestamp=iso(at),
        )
        return SaleSeen(sale=sale, at=at)


class ReplayReader:
    """Reads one recorded show, once.

    Args:
        file: the lines, as bytes.
        clock: tells when a line is due.
        speed: 1.0 for the show's own pace, 10.0 for ten times that, ``None`` for no waiting.
        start_ms: when the show is to have begun, in milliseconds since 1970; ``None``: now.
        on_bad: whether a line that cannot be read ends the replay or is skipped and counted.

    Raises:
        InputInvalid: the speed is not above zero.
    """

    name = "replay"

    def __init__(
        self,
        file: BinaryIO,
        *,
        clock: Clock,
        speed: float | None = None,
        start_ms: int | None = None,
        on_bad: OnBad = "stop",
    ) -> None:
        if speed is not None and not speed > 0:
            raise InputInvalid("The speed of a replay must be above zero.")
        self._file = file
        self._clock = clock
        self._speed = speed
        self._start_ms = start_ms
        self._on_bad = on_bad
        self._number = 0
        self._ahead: list[bytes] | None = None
        self._last_t = 0.0

    async def info(self) -> RecordedShowInfo:
        """Return what the first line says of the show, before `run`; a bad line says nothing."""
        if self._ahead is None:
            self._ahead = await asyncio.to_thread(self._read_chunk)
        try:
            line = read_line(self._ahead[0], 1) if self._ahead else None
        except InputInvalid:
            return RecordedShowInfo()  # `run` reports the line
        return line.show if isinstance(line, ShowLine) else RecordedShowInfo()

    async def run(self, emit: Emit) -> None:
        """Emit every line's fact in order, until the file ends.

        Raises:
            InputInvalid: a line cannot be read; what stood before it was emitted.
        """
        script = Script(self._clock.now_ms() if self._start_ms is None else self._start_ms)
        began = self._clock.monotonic()
        async for chunk in self._chunks():
            ready: list[Fact] = []
            try:
                for fact, t in self._facts(script, chunk):
                    await self._keep_pace(began, t, ready, emit)
                    ready.append(fact)
            except InputInvalid:
                await self._flush(ready, emit)
                raise
            await self._flush(ready, emit)

    def _facts(self, script: Script, chunk: list[bytes]) -> Iterator[tuple[Fact, float]]:
        """Yield each line's fact with its ``t``."""
        for data in chunk:
            self._number += 1
            if not data.strip():
                continue
            try:
                line = _sound(read_line(data, self._number), self._number)
            except InputInvalid:
                if self._on_bad == "stop":
                    raise
                yield _dropped(data, script.at(self._last_t)), self._last_t
                continue
            self._last_t = line.t
            yield script.facts(line), line.t

    async def _flush(self, ready: list[Fact], emit: Emit) -> None:
        if ready:
            facts = tuple(ready)
            ready.clear()
            await emit(facts)

    async def _keep_pace(self, began: float, t: float, ready: list[Fact], emit: Emit) -> None:
        """Wait until the moment ``t`` of the show has come, once all before it was emitted."""
        if self._speed is None:
            return
        due = began + t / self._speed
        if due <= self._clock.monotonic():
            return
        await self._flush(ready, emit)
        while (left := due - self._clock.monotonic()) > 0:
            await self._clock.sleep(min(left, PULSE_SECONDS))
            if left > PULSE_SECONDS:
                await emit((Pulse(at=self._clock.now_ms(), way=self.name),))

    async def _chunks(self) -> AsyncIterator[list[bytes]]:
        chunk = self._ahead
        self._ahead = None
        while True:
            if chunk is None:
                chunk = await asyncio.to_thread(self._read_chunk)
            if not chunk:
                return
            yield chunk
            chunk = None

    def _read_chunk(self) -> list[bytes]:
        lines: list[bytes] = []
        while len(lines) < CHUNK:
            line = self._file.readline(MAX_LINE + 1)
            if not line:
                break
            lines.append(line if self._number or lines else line.removeprefix(_BOM))
            while len(line) > MAX_LINE and not line.endswith(b"\n"):
                line = self._file.readline(MAX_LINE + 1)  # the rest of a line that is too long
        return lines


def _sound(line: Line, number: int) -> Line:
    """Return the line if its numbers can be stored.

    Raises:
        InputInvalid: they cannot.
    """
    counts = [0]
    match line:
        case ViewersLine(count=count):
            counts.append(count)
        case LotLine(lot=Lot(stock=int(stock))):
            counts.append(stock)
        case _:
            pass
    if not 0 <= line.t <= MAX_SECONDS or min(counts) < 0 or max(counts) > MAX_COUNT:
        raise InputInvalid(f"Line {number} of the recorded show holds an impossible number.")
    return line


def _dropped(data: bytes, at: int) -> ChatDropped:
    sample = clean(data[: 4 * SAMPLE].decode("utf-8", "replace"))[:SAMPLE]
    return ChatDropped(reason=DropReason.MALFORMED, at=at, sample=sample)

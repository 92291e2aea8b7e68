"""A recording says what was read, in the format that replay reads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from dealflow.cli.recorder import Recorder
from dealflow.errors import FileUnreadable
from dealflow.model.events import (
    EventBody,
    Frame,
    LotChanged,
    MessageView,
    NewMessage,
    SaleCompleted,
    SourceStateChanged,
    StreamSelected,
    ViewersChanged,
    encode_body,
    kind_of,
)
from dealflow.model.facts import SourceStatus
from dealflow.model.intent import Intent, Role, Slots
from dealflow.model.recording import (
    ChatLine,
    EndLine,
    LotLine,
    RecordedShowInfo,
    SaleLine,
    ShowLine,
    ViewersLine,
    read_line,
)
from dealflow.model.show import Lot, Sale, SaleMode, StreamInfo


class Audience:
    def __init__(self) -> None:
        self.frames: list[Frame] = []

    async def show(self, frames: Sequence[Frame]) -> None:
        self.frames += frames


def frame(seq: int, event: EventBody) -> Frame:
    return Frame(seq, kind_of(event), encode_body(event))


LOT = Lot(code="A1", title="Jacket", price=20.0, currency="USD", mode=SaleMode.CLAIM)
MESSAGE = NewMessage(
    message=MessageView(
        id="m",
        platform_id="p1",
        username="amy",
        message="mine\N{NO-BREAK SPACE}🙋",
        timestamp="2026-11-24T09:04:53.120Z",
        role=Role.MOD,
        backlog=False,
        is_buyer=True,
        confidence=0.9,
        message_type="direct_purchase",
        intent=Intent.CLAIM,
        slots=Slots(),
        lot=None,
    )
)
EVENTS: tuple[EventBody, ...] = (
    StreamSelected(
        stream_id="s",
        stream=StreamInfo(url="u", title="Evening", platform="whatnot", seller="sue"),
    ),
    LotChanged(lot=LOT),
    MESSAGE,
    ViewersChanged(viewers=12),
    ViewersChanged(viewers=None),
    SaleCompleted(sale=Sale(lot="A1", username="amy", price=20.0, currency="USD")),
    LotChanged(lot=None),
)
LINES = (
    ShowLine(show=RecordedShowInfo(platform="whatnot", title="Evening", seller="sue")),
    LotLine(t=1.0, lot=LOT, mode=SaleMode.CLAIM),
    ChatLine(t=2.0, id="p1", user="amy", role=Role.MOD, text="mine\N{NO-BREAK SPACE}🙋"),
    ViewersLine(t=3.0, count=12),
    SaleLine(t=5.0, code="A1", user="amy", price=20.0, currency="USD"),
    LotLine(t=6.0, lot=None),
)


async def record(path: Path, *events: EventBody) -> tuple[Audience, list[object]]:
    audience, time = Audience(), iter(range(100))
    async with Recorder(path, audience, seconds=lambda: float(next(time))) as recorder:
        for seq, event in enumerate(events, 1):
            await recorder.show([frame(seq, event)])
    lines = (await asyncio.to_thread(path.read_bytes)).splitlines()
    return audience, [read_line(line, number) for number, line in enumerate(lines, 1)]


@pytest.mark.asyncio
async def test_what_was_read_comes_back(tmp_path: Path) -> None:
    audience, lines = await record(tmp_path / "show.jsonl", *EVENTS)
    assert tuple(lines) == (*LINES, EndLine(t=7.0))
    assert len(audience.frames) == len(EVENTS)


@pytest.mark.asyncio
async def test_the_end_is_written_once(tmp_path: Path) -> None:
    ended = SourceStateChanged(state=SourceStatus.ENDED, reason="", gap=None)
    _, lines = await record(tmp_path / "show.jsonl", ended, ended)
    assert lines == [EndLine(t=0.0)]


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="cannot be written"):
        Recorder(tmp_path / "none" / "show.jsonl", Audience())

"""A recorded show is read as if it were live."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from dealflow.model.intent import Role
from dealflow.model.message import Channel
from dealflow.model.recording import RecordedShowInfo
from dealflow.model.show import Lot, SaleMode, ShowStatus
from dealflow.sources.replay import CHUNK, MAX_LINE, OnBad, ReplayReader
from tests.fakes.clock import ManualClock

START = 1_764_000_000_000


class HastyClock(ManualClock):
    """Sleeping takes no time and is remembered."""

    def __init__(self) -> None:
        super().__init__(START)
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self.advance(seconds)


class Listener:
    def __init__(self) -> None:
        self.batches: list[tuple[Fact, ...]] = []

    async def __call__(self, facts: Sequence[Fact]) -> None:
        self.batches.append(tuple(facts))

    @property
    def facts(self) -> list[Fact]:
        return [fact for batch in self.batches for fact in batch]


def recorded(*lines: dict[str, Any] | bytes) -> io.BytesIO:
    return io.BytesIO(
        b"".join(
            line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines
        )
    )


async def read(
    file: io.BytesIO, *, on_bad: OnBad = "stop", speed: float | None = None
) -> list[Fact]:
    listener = Listener()
    await ReplayReader(file, clock=HastyClock(), speed=speed, on_bad=on_bad).run(listener)
    return listener.facts


def chat(t: float, user: str = "amy", text: str = "mine", **more: Any) -> dict[str, Any]:
    return {"t": t, "kind": "chat", "user": user, "text": text, **more}


SHOW = {
    "t": 0,
    "kind": "show",
    "show": {"platform": "whatnot", "title": "Thrift", "seller": "britt", "mode": "claim"},
}
LOT = {"t": 1, "kind": "lot", "lot": {"code": "A1", "title": "Tee", "price": 5, "currency": "USD"}}


@pytest.mark.asyncio
async def test_each_line_becomes_its_fact() -> None:
    facts = await read(
        recorded(
            SHOW,
            LOT,
            chat(2.5, id="p1", role="mod"),
            {"t": 3, "kind": "sale", "code": "A1", "user": "amy", "price": 5},
            {"t": 4, "kind": "viewers", "count": 12},
            {"t": 5, "kind": "lot", "lot": None},
            {"t": 6, "kind": "end"},
        )
    )
    show, lot, said, sale, viewers, closed, end = facts
    assert show == ShowSeen(
        at=START, title="Thrift", seller="britt", status=ShowStatus.LIVE, mode=SaleMode.CLAIM
    )
    assert lot == LotShown(
        lot=Lot(code="A1", title="Tee", price=5, currency="USD", mode=SaleMode.CLAIM),
        at=START + 1_000,
    )
    assert said == ChatSeen(
        username="amy",
        text="mine",
        at=START + 2_500,
        sent_at=START + 2_500,
        platform_id="p1",
        role=Role.MOD,
        channel=Channel.REPLAY,
    )
    assert isinstance(sale, SaleSeen)
    assert (sale.sale.lot, sale.sale.currency, sale.sale.kind) == ("A1", "USD", "buy_now")
    assert sale.sale.timestamp == "2025-11-24T16:00:03.000Z"
    assert viewers == ViewersSeen(viewers=12, at=START + 4_000)
    assert closed == LotClosed(at=START + 5_000)
    assert end == ShowSeen(at=START + 6_000, status=ShowStatus.ENDED)


@pytest.mark.asyncio
async def test_a_sale_finds_the_platforms_id_of_its_lot() -> None:
    lot = {"t": 1, "kind": "lot", "lot": {"title": "Box", "platformId": "p9"}, "mode": "auction"}
    facts = await read(recorded(lot, {"t": 2, "kind": "sale", "code": "Box", "user": "zoe"}))
    assert isinstance(facts[1], SaleSeen)
    assert (facts[1].sale.platform_id, facts[1].sale.kind) == ("p9", "auction")


@pytest.mark.asyncio
async def test_unknown_fields_are_no_fault_and_missing_ids_stay_missing() -> None:
    (said,) = await read(recorded(chat(1, mood="glad")))
    assert isinstance(said, ChatSeen)
    assert said.platform_id is None


@pytest.mark.asyncio
async def test_a_bad_line_stops_the_replay_after_what_came_before() -> None:
    listener = Listener()
    reader = ReplayReader(recorded(chat(1), b"{oops\n", chat(2)), clock=HastyClock())
    with pytest.raises(InputInvalid, match="Line 2 "):
        await reader.run(listener)
    assert len(listener.facts) == 1


@pytest.mark.parametrize(
    "bad",
    [
        b"{oops\n",
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
        b'{"t":1,"kind":"sold","code":"1"}\n',
        b'{"t":1,"kind":"chat","user":"amy"}\n',
        b'{"t":-1,"kind":"end"}\n',
        b'{"t":1e300,"kind":"end"}\n',
        b'{"t":1,"kind":"viewers","count":-4}\n',
        b'{"t":1,"kind":"viewers","count":99999999999999}\n',
        b'{"t":1,"kind":"lot","lot":{"stock":-1}}\n',
        b'{"t":1,"kind":"chat","user":"amy","text":"' + b"x" * MAX_LINE + b'"}\n',
    ],
    ids=lambda bad: bad[:40].decode("latin-1"),
)
@pytest.mark.asyncio
async def test_a_bad_line_is_skipped_and_counted(bad: bytes) -> None:
    facts = await read(recorded(bad, chat(3), bad, chat(4)), on_bad="skip")
    dropped = [fact for fact in facts if isinstance(fact, ChatDropped)]
    assert [fact.reason for fact in dropped] == [DropReason.MALFORMED] * 2
    assert all(len(fact.sample) <= 200 for fact in dropped)
    assert [fact.at for fact in facts if isinstance(fact, ChatSeen)] == [
        START + 3_000,
        START + 4_000,
    ]


@pytest.mark.asyncio
async def test_empty_lines_a_byte_order_mark_and_a_missing_last_break_are_no_fault() -> None:
    file = recorded(b"\xef\xbb\xbf", SHOW, b"\n", b"  \r\n", json.dumps(chat(1)).encode())
    assert len(await read(file)) == 2
    assert await read(recorded()) == []


@pytest.mark.asyncio
async def test_the_show_can_be_asked_for_before_reading() -> None:
    reader = ReplayReader(recorded(b"\xef\xbb\xbf", SHOW, chat(1)), clock=HastyClock())
    info = await reader.info()
    assert (info.title, info.mode) == ("Thrift", SaleMode.CLAIM)
    listener = Listener()
    await reader.run(listener)
    assert len(listener.facts) == 2


@pytest.mark.parametrize("first", [b"{oops\n", b"", b'{"t":1,"kind":"end"}\n'])
@pytest.mark.asyncio
async def test_a_first_line_that_is_no_show_says_nothing_of_it(first: bytes) -> None:
    assert await ReplayReader(recorded(first), clock=HastyClock()).info() == RecordedShowInfo()


@pytest.mark.asyncio
async def test_the_pace_is_the_shows_own_or_a_multiple() -> None:
    for speed, seconds in ((1.0, 12.0), (10.0, 1.2)):
        clock, listener = HastyClock(), Listener()
        file = recorded(chat(0), chat(2), chat(2), chat(12))
        await ReplayReader(file, clock=clock, speed=speed).run(listener)
        assert clock.monotonic() == pytest.approx(seconds)
        said = [
            [fact.at - START for fact in batch if isinstance(fact, ChatSeen)]
            for batch in listener.batches
        ]
        assert [batch for batch in said if batch] == [[0], [2_000, 2_000], [12_000]]


@pytest.mark.asyncio
async def test_a_long_silence_shows_signs_of_life() -> None:
    clock, listener = HastyClock(), Listener()
    await ReplayReader(recorded(chat(0), chat(17)), clock=clock, speed=1.0).run(listener)
    assert sum(isinstance(fact, Pulse) for fact in listener.facts) == 3
    assert max(clock.slept) <= 5.0


@pytest.mark.asyncio
async def test_without_a_pace_nothing_waits_and_long_files_come_in_pieces() -> None:
    clock, listener = HastyClock(), Listener()
    lines = [chat(number) for number in range(3 * CHUNK + 1)]
    await ReplayReader(recorded(*lines), clock=clock).run(listener)
    assert clock.slept == []
    assert [len(batch) for batch in listener.batches] == [CHUNK, CHUNK, CHUNK, 1]


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_a_speed_that_leads_nowhere_is_refused(speed: float) -> None:
    with pytest.raises(InputInvalid):
        ReplayReader(recorded(), clock=HastyClock(), speed=speed)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.binary(max_size=40) | st.just(b'{"t":1,"kind":"end"}'), max_size=20))
@pytest.mark.asyncio
async def test_no_bytes_make_it_fall(lines: list[bytes]) -> None:
    """Every line that says anything is a fact or a counted drop."""
    lines = [line.replace(b"\n", b"") for line in lines]
    facts = await read(recorded(*(line + b"\n" for line in lines)), on_bad="skip")
    said = [line for number, line in enumerate(lines) if line.removeprefix(_bom(number)).strip()]
    assert len(facts) == len(said)


def _bom(number: int) -> bytes:
    return b"\xef\xbb\xbf" if number == 0 else b""

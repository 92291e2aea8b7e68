"""How a show stays read: ways, waits, gaps and what is told of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from random import Random

import pytest
from msgspec.structs import replace

from dealflow.errors import (
    BrowserLost,
    BrowserMissing,
    FeedStalled,
    PlatformBlocked,
    PlatformError,
    PlatformRefused,
    PlatformUnreachable,
    ShowUnknown,
    Stopping,
)
from dealflow.model.facts import (
    ChatSeen,
    Fact,
    LotShown,
    Pulse,
    SourceChanged,
    SourceStatus,
    ViewersSeen,
)
from dealflow.model.show import Lot
from dealflow.sources.base import Transport
from dealflow.sources.supervisor import Supervisor
from dealflow.telemetry.metrics import Metrics
from tests.fakes.clock import START_MS, ManualClock
from tests.fakes.readers import REF, ScriptedPlatform, ScriptedReader, chat

SOCKET, BROWSER = Transport.SOCKET, Transport.BROWSER
CUT = PlatformUnreachable("The connection was closed.")


class Show:
    """A supervised show: the clock, the readers and everything that was told."""

    def __init__(self, transport: Transport, ways: Sequence[Transport]) -> None:
        self.clock = ManualClock()
        self.platform = ScriptedPlatform(*ways, clock=self.clock)
        self.metrics = Metrics()
        self.facts: list[Fact] = []
        self.room = asyncio.Event()
        self.room.set()
        self.refusal: Exception | None = None
        self.supervisor = Supervisor(
            self.platform,
            REF,
            transport,
            clock=self.clock,
            metrics=self.metrics,
            quiet_seconds=30.0,
            stall_seconds=20.0,
            random=Random(1),
        )
        self.task = asyncio.ensure_future(self.supervisor.run(self.emit))

    async def emit(self, facts: Sequence[Fact]) -> None:
        await self.room.wait()
        if self.refusal is not None:
            raise self.refusal
        self.facts += facts

    @property
    def reader(self) -> ScriptedReader:
        return self.platform.readers[-1]

    @property
    def states(self) -> list[SourceChanged]:
        return [fact for fact in self.facts if isinstance(fact, SourceChanged)]

    @property
    def statuses(self) -> list[str]:
        return [str(state.status) for state in self.states]

    @property
    def gaps(self) -> list[tuple[float, float, str]]:
        """Gaps in seconds from the start."""
        gaps = [state.gap for state in self.states if state.gap is not None]
        return [
            ((gap.start - START_MS) / 1000, (gap.end - START_MS) / 1000, gap.reason) for gap in gaps
        ]

    @property
    def ids(self) -> list[str | None]:
        return [fact.platform_id for fact in self.facts if isinstance(fact, ChatSeen)]

    async def turn(self) -> None:
        await self.clock.advance(0)

    async def live_on(self, *readers: ScriptedReader, seconds: float, chats: bool = True) -> None:
        """Let time pass while readers pulse, and speak if wanted."""
        for _ in range(int(seconds)):
            for reader in readers:
                reader.pulse()
                if chats:
                    reader.say(chat(10_000 + int(self.clock.monotonic())))
            await self.clock.advance(1.0)

    async def wait_for_reader(self, count: int, seconds: float) -> ScriptedReader:
        """Return the reader of a number, which must start within so many seconds."""
        waited = 0.0
        while len(self.platform.readers) < count:
            assert waited < seconds, f"no reader {count} within {seconds} s"
            await self.clock.advance(0.05)
            waited += 0.05
        return self.platform.readers[count - 1]


@asynccontextmanager
async def supervised(
    transport: Transport = Transport.AUTO, ways: Sequence[Transport] = (SOCKET, BROWSER)
) -> AsyncIterator[Show]:
    show = Show(transport, ways)
    await show.turn()
    try:
        yield show
    finally:
        show.task.cancel()
        with suppress(asyncio.CancelledError, Stopping):
            await show.task
        assert all(reader.cancelled or reader._said.empty() for reader in show.platform.readers), (
            "a reader was left running"
        )


@pytest.mark.asyncio
async def test_the_best_way_first_and_live_with_its_first_sign_of_life() -> None:
    async with supervised() as show:
        assert show.statuses == ["connecting"]
        assert show.reader.way is SOCKET
        show.reader.pulse()
        await show.turn()
        assert show.statuses == ["connecting", "live"]
        assert show.states[-1].way == "fake.socket"
        show.reader.say(chat(1), Pulse(at=0, way="x"))
        await show.turn()
        assert show.ids == ["m1"]
        assert not any(isinstance(fact, Pulse) for fact in show.facts)


@pytest.mark.asyncio
async def test_the_end_of_the_show_is_the_end() -> None:
    async with supervised() as show:
        show.reader.say(chat(1))
        show.reader.end()
        await show.turn()
        assert show.statuses[-1] == "ended"
        assert show.task.done()


@pytest.mark.asyncio
async def test_a_lost_connection_that_worked_is_made_again_at_once() -> None:
    async with supervised() as show:
        await show.live_on(show.reader, seconds=6)
        show.reader.fail(CUT)
        again = await show.wait_for_reader(2, seconds=0.2)
        assert again.way is SOCKET
        assert show.statuses[-2:] == ["connecting", "connecting"]


@pytest.mark.asyncio
async def test_waits_double_from_one_second_to_thirty() -> None:
    async with supervised(SOCKET) as show:
        waits: list[float] = []
        for count in range(2, 11):
            before = show.clock.monotonic()
            show.reader.fail(CUT)
            await show.wait_for_reader(count, seconds=31)
            waits.append(show.clock.monotonic() - before)
        for place, wait in enumerate(waits):
            most = min(2.0**place, 30.0)
            assert most / 2 <= wait <= most + 0.1
        assert show.metrics.restarts.labels("fake.socket")._value.get() == 9


@pytest.mark.asyncio
async def test_thirty_healthy_seconds_forget_earlier_failures() -> None:
    async with supervised(SOCKET) as show:
        for count in range(2, 6):
            show.reader.fail(CUT)
            await show.wait_for_reader(count, seconds=31)
        await show.live_on(show.reader, seconds=31)
        for count in (6, 7):
            show.reader.fail(CUT)
            await show.wait_for_reader(count, seconds=1.1)


@pytest.mark.asyncio
async def test_a_gap_reaches_from_the_last_sign_of_life_to_the_next() -> None:
    async with supervised() as show:
        await show.live_on(show.reader, seconds=10)
        show.reader.say(chat(1))
        await show.clock.advance(3)
        show.reader.fail(CUT)
        second = await show.wait_for_reader(2, seconds=1)
        await show.clock.advance(4)
        second.say(chat(2, backlog=True), chat(3))
        resumed = show.clock.monotonic()
        await show.clock.advance(3)
        [(start, end, reason)] = show.gaps
        assert start == pytest.approx(10, abs=0.1)
        assert end == pytest.approx(resumed, abs=0.1)
        assert reason == "connection lost"
        assert show.states[-1].status is SourceStatus.LIVE


@pytest.mark.asyncio
async def test_a_gap_begins_where_the_last_message_was_said_and_not_where_it_came() -> None:
    async with supervised() as show:
        await show.live_on(show.reader, seconds=10)
        at = show.clock.now_ms()
        show.reader.say(replace(chat(1), at=at, sent_at=at - 400))
        await show.turn()
        show.reader.fail(CUT)
        second = await show.wait_for_reader(2, seconds=1)
        second.say(chat(2, backlog=True), chat(3))
        await show.clock.advance(5)
        [(start, _, _)] = show.gaps
        assert start == pytest.approx(9.6, abs=0.01)


@pytest.mark.asyncio
async def test_the_same_words_said_again_are_no_proof_where_messages_have_ids() -> None:
    async with supervised() as show:
        await show.live_on(show.reader, seconds=6)
        show.reader.say(chat(1), chat(2))
        await show.turn()
        show.reader.fail(CUT)
        second = await show.wait_for_reader(2, seconds=1)
        second.say(chat(7, backlog=True), chat(8, backlog=True))
        await show.clock.advance(5)
        assert len(show.gaps) == 1


@pytest.mark.asyncio
async def test_a_backlog_that_reaches_back_leaves_no_gap() -> None:
    async with supervised() as show:
        await show.live_on(show.reader, seconds=6)
        show.reader.say(chat(1), chat(2))
        await show.turn()
        show.reader.fail(CUT)
        second = await show.wait_for_reader(2, seconds=1)
        second.pulse()
        await show.turn()
        assert show.statuses[-1] == "connecting"
        second.say(chat(2, backlog=True), chat(3, backlog=True))
        await show.clock.advance(10)
        assert show.statuses[-1] == "live"
        assert show.gaps == []


@pytest.mark.asyncio
async def test_what_was_read_after_the_reconnection_proves_nothing() -> None:
    async with supervised() as show:
        await show.live_on(show.reader, seconds=6, chats=False)
        show.reader.fail(CUT)
        second = await show.wait_for_reader(2, seconds=1)
        second.say(chat(1))
        await show.turn()
        second.say(chat(1, backlog=True))
        await show.clock.advance(5)
        assert len(show.gaps) == 1


@pytest.mark.asyncio
async def test_rows_without_ids_reach_back_by_two_neighbours() -> None:
    def row(user: str, *, backlog: bool = False) -> ChatSeen:
        return ChatSeen(username=user, text="mine", at=0, backlog=backlog)

    async with supervised(BROWSER) as show:
        await show.live_on(show.reader, seconds=6, chats=False)
        show.reader.say(row("amy"), row("bea"))
        await show.turn()
        show.reader.fail(BrowserLost("killed"))
        second = await show.wait_for_reader(2, seconds=1)
        second.say(*(row(user, backlog=True) for user in ("cat", "amy", "bea", "dee")))
        await show.clock.advance(5)
        assert show.gaps == []


@pytest.mark.asyncio
async def test_a_stall_restarts_the_reader() -> None:
    async with supervised(SOCKET) as show:
        await show.live_on(show.reader, seconds=5)
        first = show.reader
        await show.clock.advance(21)
        assert "stalled" in show.statuses
        assert first.cancelled
        second = await show.wait_for_reader(2, seconds=1.1)
        second.say(chat(1))
        await show.clock.advance(3)
        [(start, end, reason)] = show.gaps
        assert start == pytest.approx(4, abs=0.1)
        assert end > 24
        assert reason == "feed stalled"


@pytest.mark.asyncio
async def test_a_reader_that_never_begins_is_given_up() -> None:
    async with supervised(SOCKET) as show:
        first = show.reader
        await show.clock.advance(59)
        assert not first.cancelled
        await show.clock.advance(3)
        assert first.cancelled
        assert len(show.platform.readers) == 2


@pytest.mark.asyncio
async def test_a_pipeline_without_room_is_no_stall() -> None:
    async with supervised(SOCKET) as show:
        show.reader.pulse()
        await show.turn()
        show.room.clear()
        show.reader.say(chat(1))
        await show.clock.advance(300)
        assert not show.reader.cancelled
        show.room.set()
        await show.turn()
        assert show.ids == ["m1"]
        assert "stalled" not in show.statuses


@pytest.mark.asyncio
async def test_a_quiet_room_is_not_a_stalled_feed() -> None:
    async with supervised(SOCKET) as show:
        await show.live_on(show.reader, seconds=40, chats=False)
        assert show.statuses == ["connecting", "live", "quiet"]
        show.reader.say(chat(1, backlog=True))
        await show.turn()
        assert show.statuses[-1] == "quiet"
        said = replace(chat(2), at=show.clock.now_ms())
        show.reader.say(said)
        await show.turn()
        assert show.statuses[-1] == "live"
        assert show.facts[-2:] == [show.states[-1], said]
        assert show.gaps == []


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (PlatformRefused("no"), "blocked"),
        (PlatformBlocked("check"), "blocked"),
        (FeedStalled("silent"), "stalled"),
    ],
)
@pytest.mark.asyncio
async def test_refused_or_silent_the_next_way_is_taken_at_once(
    error: PlatformError, status: str
) -> None:
    async with supervised() as show:
        show.reader.fail(error)
        browser = await show.wait_for_reader(2, seconds=0.1)
        assert browser.way is BROWSER
        assert show.statuses == ["connecting", status, "connecting"]
        assert show.states[1].reason == str(error)


@pytest.mark.asyncio
async def test_a_connection_lost_again_and_again_leads_to_the_next_way() -> None:
    async with supervised() as show:
        for count in (2, 3, 4):
            assert show.reader.way is SOCKET
            show.reader.fail(CUT)
            await show.wait_for_reader(count, seconds=5)
        show.reader.fail(CUT)
        last = await show.wait_for_reader(5, seconds=5)
        assert BROWSER in (show.platform.readers[3].way, last.way)


@pytest.mark.asyncio
async def test_the_better_way_takes_over_once_it_has_proved_itself() -> None:
    async with supervised() as show:
        show.reader.fail(PlatformRefused("no"))
        browser = await show.wait_for_reader(2, seconds=0.1)
        while len(show.platform.readers) < 3:
            assert show.clock.monotonic() < 40
            await show.live_on(browser, seconds=1)
        socket = show.reader
        assert socket.way is SOCKET
        assert not browser.cancelled
        lot = LotShown(lot=Lot(platform_id="p1"), at=show.clock.now_ms())
        socket.say(lot, ViewersSeen(viewers=9, at=0), chat(1, backlog=True))
        await show.live_on(browser, socket, seconds=3)
        assert not browser.cancelled
        assert lot not in show.facts  # until it takes over, the screen is the browser's to tell
        await show.live_on(browser, socket, seconds=5)
        assert browser.cancelled
        assert lot in show.facts
        assert show.states[-1].way == "fake.socket"
        assert show.statuses[-1] == "live"
        assert len(show.gaps) == 1  # from the start to the browser; none at the hand-over
        assert show.gaps[0][1] < 2


@pytest.mark.asyncio
async def test_a_better_way_that_is_deaf_does_not_take_over() -> None:
    async with supervised() as show:
        show.reader.fail(PlatformRefused("no"))
        browser = await show.wait_for_reader(2, seconds=0.1)
        while len(show.platform.readers) < 3:
            await show.live_on(browser, seconds=1)
        socket = show.reader
        for _ in range(20):
            socket.pulse()
            await show.live_on(browser, seconds=1)
        assert socket.cancelled
        assert not browser.cancelled


@pytest.mark.asyncio
async def test_a_trial_that_fails_disturbs_nobody() -> None:
    async with supervised() as show:
        show.reader.fail(PlatformRefused("no"))
        browser = await show.wait_for_reader(2, seconds=0.1)
        for count in (3, 4):
            while len(show.platform.readers) < count:
                assert show.clock.monotonic() < 200
                await show.live_on(browser, seconds=1)
            show.reader.fail(PlatformRefused("still no"))
            await show.live_on(browser, seconds=1)
        assert not browser.cancelled
        assert show.statuses == ["connecting", "blocked", "connecting", "live"]


@pytest.mark.asyncio
async def test_a_trial_that_is_alive_replaces_a_lost_reader_without_a_gap() -> None:
    async with supervised() as show:
        show.reader.fail(PlatformRefused("no"))
        browser = await show.wait_for_reader(2, seconds=0.1)
        while len(show.platform.readers) < 3:
            await show.live_on(browser, seconds=1)
        socket = show.reader
        await show.live_on(browser, socket, seconds=2)
        before = len(show.gaps)
        browser.fail(BrowserLost("killed"))
        await show.clock.advance(1)
        assert show.states[-1].way == "fake.socket"
        assert len(show.gaps) == before


@pytest.mark.asyncio
async def test_a_deaf_socket_is_found_out_and_replaced() -> None:
    async with supervised() as show:
        socket = show.reader
        await show.live_on(socket, seconds=5)
        while len(show.platform.readers) < 2:
            assert show.clock.monotonic() < 200
            await show.live_on(socket, seconds=1, chats=False)
        browser = show.reader
        assert browser.way is BROWSER
        assert show.statuses[-1] == "quiet"
        browser.say(chat(77, backlog=True), chat(78))
        for number in range(4):
            browser.say(chat(80 + number))
            await show.live_on(socket, seconds=1, chats=False)
        assert socket.cancelled
        assert show.states[-1].way == "fake.browser"
        [(start, _, reason)] = show.gaps
        assert start == pytest.approx(4, abs=1.1)
        assert reason == "deaf"
        assert show.ids[-6:] == ["m77", "m78", "m80", "m81", "m82", "m83"]


@pytest.mark.asyncio
async def test_a_quiet_room_is_checked_and_left_in_peace() -> None:
    async with supervised() as show:
        socket = show.reader
        while len(show.platform.readers) < 2:
            await show.live_on(socket, seconds=1, chats=False)
        browser = show.reader
        await show.live_on(socket, browser, seconds=40, chats=False)
        assert browser.cancelled
        assert not socket.cancelled
        assert show.gaps == []


@pytest.mark.asyncio
async def test_a_room_with_nobody_in_it_needs_no_check() -> None:
    async with supervised() as show:
        show.reader.say(ViewersSeen(viewers=2, at=0))
        await show.live_on(show.reader, seconds=300, chats=False)
        assert show.statuses[-1] == "quiet"
        assert len(show.platform.readers) == 1
        show.reader.say(ViewersSeen(viewers=200, at=0))
        await show.live_on(show.reader, seconds=3, chats=False)
        assert len(show.platform.readers) == 2


@pytest.mark.asyncio
async def test_a_closed_channel_is_an_outage_until_the_reader_hears_again() -> None:
    async with supervised() as show:
        reader = show.reader
        await show.live_on(reader, seconds=5)
        at = show.clock.now_ms()
        reader.say(SourceChanged(status=SourceStatus.CONNECTING, at=at, reason="closed"))
        await show.turn()
        assert show.statuses[-1] == "connecting"
        reader.say(ViewersSeen(viewers=3, at=0))
        await show.clock.advance(5)
        assert show.statuses[-1] == "connecting"
        reader.say(SourceChanged(status=SourceStatus.LIVE, at=0), chat(5, backlog=True))
        await show.clock.advance(3)
        assert show.gaps == [(5.0, 10.0, "channel closed")]


@pytest.mark.asyncio
async def test_without_any_way_left_the_show_fails_with_the_reason() -> None:
    async with supervised() as show:
        show.reader.fail(ShowUnknown("Whatnot knows no such show."))
        (await show.wait_for_reader(2, seconds=1)).fail(BrowserMissing("No Chromium."))
        await show.turn()
        assert show.statuses[-1] == "failed"
        assert show.task.done()
        assert show.states[-1].gap is not None


@pytest.mark.asyncio
async def test_a_way_that_cannot_be_made_is_skipped() -> None:
    async with supervised(ways=(SOCKET, BROWSER)) as show:
        show.platform.refuses[BROWSER] = BrowserMissing("No Chromium.")
        show.reader.fail(PlatformRefused("no"))
        again = await show.wait_for_reader(2, seconds=31)
        assert again.way is SOCKET


@pytest.mark.asyncio
async def test_a_refusal_waits_long_when_there_is_no_other_way() -> None:
    async with supervised(SOCKET) as show:
        show.reader.fail(PlatformRefused("no"))
        await show.clock.advance(14)
        assert len(show.platform.readers) == 1
        await show.wait_for_reader(2, seconds=17)
        assert show.statuses == ["connecting", "blocked"]


@pytest.mark.asyncio
async def test_a_fault_of_ours_is_logged_and_the_show_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with supervised(SOCKET) as show:
        show.reader.fail(ExceptionGroup("group", [KeyError("bug")]))
        await show.wait_for_reader(2, seconds=1.1)
        assert "a reader failed" in caplog.text


@pytest.mark.asyncio
async def test_a_group_of_errors_is_known_by_ours() -> None:
    async with supervised() as show:
        show.reader.fail(ExceptionGroup("g", [ValueError("x"), PlatformRefused("not you")]))
        await show.turn()
        assert show.states[1].reason == "not you"


@pytest.mark.asyncio
async def test_a_pipeline_that_stops_ends_the_reading() -> None:
    async with supervised() as show:
        show.refusal = Stopping("closing")
        show.reader.say(chat(1))
        await show.turn()
        with pytest.raises(Stopping):
            await show.task
        assert len(show.platform.readers) == 1


@pytest.mark.parametrize("jump", [30 * 86_400, -7_200, -3_600])
@pytest.mark.asyncio
async def test_a_clock_that_jumps_makes_no_stall_and_no_negative_gap(jump: float) -> None:
    async with supervised(SOCKET) as show:
        await show.live_on(show.reader, seconds=10)
        show.clock.jump(jump)
        await show.live_on(show.reader, seconds=10)
        assert show.statuses == ["connecting", "live"]
        show.reader.fail(CUT)
        show.clock.jump(jump)
        second = await show.wait_for_reader(2, seconds=1)
        second.say(chat(1))
        await show.clock.advance(3)
        [(start, end, _)] = show.gaps
        assert start <= end

"""The page reader on the stage, in a real Chromium."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest

from dealflow.errors import (
    BrowserLost,
    FeedStalled,
    LoginRequired,
    PlatformBlocked,
    ShowUnknown,
)
from dealflow.model.facts import (
    ChatDropped,
    ChatSeen,
    Fact,
    LotShown,
    Oddity,
    Pulse,
    SaleSeen,
    ShowSeen,
    ViewersSeen,
)
from dealflow.model.message import Channel
from dealflow.model.show import Lot, SaleMode, ShowStatus
from dealflow.sources.whatnot import page
from dealflow.sources.whatnot.parse import FrameParser
from dealflow.stage.whatnot import Stage
from tests.fakes.shared_browser import Bench, Heard, open_bench, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]


class Deaf(FrameParser):
    """Hears no chat, so that all of it comes from the page's list."""

    def feed(self, data: str | bytes, at: int) -> list[Fact]:
        return [fact for fact in super().feed(data, at) if isinstance(fact, Pulse | ShowSeen)]


class Read:
    """A show that is being read."""

    def __init__(self, stage: Stage, bench: Bench, heard: Heard) -> None:
        self.stage = stage
        self.bench = bench
        self.heard = heard
        self.task: asyncio.Task[None]

    async def is_reading(self) -> None:
        """Wait until messages are told as new."""
        await self.stage.say("early", "are we on?")
        await until(lambda: self.task.done() or ("early", "are we on?") in self.heard.all, 20)
        if self.task.done():
            await self.task
        await until(
            lambda: (
                self.bench.metrics.registry.get_sample_value(
                    "dealflow_selector_matches_total",
                    {"selector": 'chat_row: [data-testid="chat-message"]'},
                )
                is not None
            )
        )


@asynccontextmanager
async def reading(
    make: Callable[[str], FrameParser] = FrameParser, **faults: object
) -> AsyncGenerator[Read]:
    async with Stage() as stage, open_bench(stage.base_url) as bench:
        for name, value in faults.items():
            await stage.fault(name, value)
        read = Read(stage, bench, Heard())
        reader = bench.reader(stage.show_id, make(stage.show_id))
        read.task = asyncio.ensure_future(reader.run(read.heard))
        try:
            yield read
        finally:
            read.task.cancel()
            await asyncio.gather(read.task, return_exceptions=True)


def said(stage: Stage, skip: int = 1) -> list[tuple[str, str]]:
    return [(one.user, one.text) for one in stage.emitted[skip:]]


@pytest.mark.asyncio
async def test_both_ways_tell_each_message_once_and_in_order() -> None:
    async with reading() as read:
        await read.is_reading()
        await read.stage.flood(100, 2, text=lambda n: "mine" if n % 3 else f"q {n}?")
        expected = said(read.stage)
        await until(lambda: len(read.heard.live) >= len(expected))
        await asyncio.sleep(0.5)  # for rows that would come twice
        assert [one for one in read.heard.live if one[0] != "early"] == expected
        assert {fact.channel for fact in read.heard.of(ChatSeen) if not fact.backlog} == {
            Channel.SOCKET
        }
        assert read.heard.of(Pulse)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("act", "args"),
    [
        ("", {}),
        pytest.param("swap_container", {"level": "list"}, marks=pytest.mark.slow),
        pytest.param("swap_container", {"level": "scroller"}, marks=pytest.mark.slow),
        ("swap_container", {"level": "panel"}),
        ("swap_container", {"level": "list", "restart": True}),
        ("rerender", {}),
        ("scroll_up", {}),
    ],
)
async def test_the_list_alone_tells_each_message_once_and_in_order(
    act: str, args: dict[str, object]
) -> None:
    async with reading(Deaf) as read:
        await read.is_reading()
        await asyncio.sleep(0.4)  # the opening of the list is over
        flood = asyncio.ensure_future(read.stage.flood(60, 2))
        await asyncio.sleep(1)
        if act:
            await read.stage.fault(act, **args)
        await flood
        expected = said(read.stage)
        await until(lambda: len(read.heard.live) >= len(expected))
        assert [one for one in read.heard.live if one[0] != "early"] == expected
        assert read.heard.of(ChatDropped) == []


@pytest.mark.asyncio
async def test_a_socket_that_goes_deaf_loses_nothing() -> None:
    async with reading() as read:
        await read.is_reading()
        await read.stage.flood(50, 1)
        await read.stage.fault("drop_socket_delivery")
        await read.stage.flood(50, 1, text="later {n}")
        expected = said(read.stage)
        await until(lambda: len(read.heard.live) >= len(expected))
        assert [one for one in read.heard.live if one[0] != "early"] == expected


@pytest.mark.asyncio
async def test_a_list_that_freezes_loses_nothing() -> None:
    async with reading() as read:
        await read.is_reading()
        await read.stage.fault("freeze_dom")
        await read.stage.flood(50, 1)
        expected = said(read.stage)
        await until(lambda: len(read.heard.live) >= len(expected))
        assert [one for one in read.heard.live if one[0] != "early"] == expected


@pytest.mark.asyncio
async def test_what_was_said_before_is_backlog() -> None:
    async with Stage() as stage, open_bench(stage.base_url) as bench:
        for number in range(30):
            await stage.say("early", f"word {number}")
        heard = Heard()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(bench.reader(stage.show_id, Deaf(stage.show_id)).run(heard))
            await until(lambda: ("early", "word 29") in heard.all, 20)
            task.cancel()
        assert heard.live == []


@pytest.mark.asyncio
async def test_lots_sales_and_viewers_come_from_the_page_too() -> None:
    async with reading(Deaf) as read:
        await read.is_reading()
        lot = Lot(code="A1", title="Vintage tee", price=5.0, currency="USD", mode=SaleMode.AUCTION)
        await read.stage.viewers(1284)
        await read.stage.lot(lot)
        await until(lambda: bool(read.heard.of(LotShown)))
        await read.stage.bid("ann", 18.0)
        await read.stage.close_lot()
        await until(lambda: bool(read.heard.of(SaleSeen)))
        await read.stage.giveaway("tina")
        await until(lambda: bool(read.heard.of(ViewersSeen)))
        await asyncio.sleep(1.0)  # for a sale that a giveaway would be taken for
        sales = read.heard.of(SaleSeen)
        assert [(sale.sale.username, sale.sale.price) for sale in sales] == [("ann", 18.0)]
        assert read.heard.of(ViewersSeen)[-1].viewers == 1284


@pytest.mark.asyncio
async def test_hostile_messages_and_names_pass_alike() -> None:
    async with reading(Deaf) as read:
        await read.is_reading()
        await read.stage.say_hostile()
        await read.stage.fault("hostile")
        await read.stage.fault("malformed")
        await read.stage.say("ann", "after the storm")
        await until(lambda: ("ann", "after the storm") in read.heard.live)
        for fact in read.heard.of(ChatSeen):
            fact.text.encode()


@pytest.mark.asyncio
async def test_a_show_that_ends_ends_the_reading() -> None:
    async with reading() as read:
        await read.is_reading()
        await read.stage.end()
        async with asyncio.timeout(12):
            await read.task
        assert read.heard.of(ShowSeen)[-1].status is ShowStatus.ENDED


@pytest.mark.asyncio
@pytest.mark.parametrize("act", ["false_end", pytest.param("false_banner", marks=pytest.mark.slow)])
async def test_one_false_sign_ends_nothing(act: str) -> None:
    async with reading() as read:
        await read.is_reading()
        await read.stage.fault(act)
        await read.stage.flood(10, 3)
        assert not read.task.done()
        assert all(fact.status is not ShowStatus.ENDED for fact in read.heard.of(ShowSeen))


@pytest.mark.asyncio
async def test_an_observer_that_dies_is_put_in_again() -> None:
    """Its timers and its eyes are taken away while the page lives on."""
    async with reading(Deaf) as read:
        await read.is_reading()
        (tab,) = read.bench.browser.tabs
        await tab.ask(f"window.{page.MARK}.stop()")
        await until(lambda: any(fact.kind == "observer_dead" for fact in read.heard.of(Oddity)), 20)
        await read.stage.say("ann", "mine")
        await until(lambda: ("ann", "mine") in read.heard.all)


@pytest.mark.asyncio
async def test_a_page_that_hangs_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "BUSY_SECONDS", page.ASK_SECONDS)
    async with reading() as read:
        await read.is_reading()
        await read.stage.fault("busy", ms=8_000)
        with pytest.raises(BrowserLost):
            async with asyncio.timeout(8):
                await read.task


@pytest.mark.asyncio
async def test_walls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "CHALLENGE_SECONDS", 2.0)
    async with Stage() as stage, open_bench(stage.base_url) as bench:

        async def failing() -> BaseException | None:
            try:
                async with asyncio.timeout(15):
                    await bench.reader(stage.show_id).run(Heard())
            except Exception as error:  # noqa: BLE001 (which one is the question)
                return error
            return None

        await stage.fault("cloudflare")
        assert isinstance(await failing(), PlatformBlocked)
        await stage.clear()
        await stage.fault("login_wall", "redirect")
        assert isinstance(await failing(), LoginRequired)
        await stage.fault("login_wall", "overlay")
        assert isinstance(await failing(), LoginRequired)
        await stage.clear()
        unknown = bench.reader("00000000-0000-4000-8000-000000000000")
        with pytest.raises(ShowUnknown):
            await unknown.run(Heard())


@pytest.mark.asyncio
async def test_a_feed_that_falls_silent_is_stalled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "SLACK_SECONDS", 0.0)
    async with reading() as read:
        await read.is_reading()
        await read.stage.fault("silent_sockets")
        with pytest.raises(FeedStalled):
            async with asyncio.timeout(15):
                await read.task

"""A show read by its sockets from the stage, with everything that can go wrong on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from random import Random

import pytest

from dealflow.errors import (
    EgressRefused,
    FeedStalled,
    PlatformRefused,
    PlatformUnreachable,
    TransportUnknown,
)
from dealflow.model.facts import (
    BidSeen,
    ChatDropped,
    ChatSeen,
    LotShown,
    Oddity,
    Pulse,
    SaleSeen,
    ShowSeen,
    SourceChanged,
    ViewersSeen,
)
from dealflow.model.intent import Role
from dealflow.model.show import Lot, ShowStatus
from dealflow.sources.base import Transport
from dealflow.sources.supervisor import Supervisor
from dealflow.stage.hostile import TEXTS
from dealflow.stage.whatnot import Stage
from tests.fakes.fast_clock import FastClock
from tests.fakes.socket_bench import Bench, Told, open_bench, running

pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def on_stage(
    *faults: str, speed: float = 1.0, csrf: bool = False
) -> AsyncGenerator[tuple[Stage, Bench, Told]]:
    """Play a show with standing faults and read it by its sockets."""
    async with Stage() as stage:
        for fault in faults:
            await stage.fault(fault)
        clock = FastClock(speed)
        async with (
            open_bench(stage.base_url, clock, csrf=csrf) as bench,
            bench.reading(stage.show_url) as told,
        ):
            yield stage, bench, told


async def test_the_backlog_then_what_is_said() -> None:
    async with Stage() as stage, open_bench(stage.base_url) as bench:
        await stage.burst([("amy", f"before {n}") for n in range(3)])
        async with bench.reading(stage.show_url) as told:
            await told.until_text("before 2")
            await stage.say("seller", "welcome", Role.HOST)
            await stage.say("bea", "mine", badges=("top_buyer", "gold"))
            await told.until_text("mine")
            chats = told.of(ChatSeen)
            assert [fact.backlog for fact in chats] == [True, True, True, False, False]
            assert told.ids == [each.id for each in stage.emitted]
            assert chats[3].role is Role.HOST
            assert set(chats[4].badges) == {"top_buyer", "gold"}
            assert isinstance(told.facts[0], Pulse)


async def test_lots_bids_sales_viewers_and_the_show_come_along() -> None:
    async with on_stage() as (stage, _bench, told):
        await told.until(lambda: bool(told.of(ShowSeen)))
        await stage.viewers(321)
        await stage.lot(Lot(code="12", title="Tee", price=5.0, currency="USD"), 30)
        await stage.bid("amy", 7)
        await stage.bid("bea", 9)
        await stage.close_lot()
        await stage.giveaway("tina", "Sticker")
        await stage.buy_now("cat", Lot(code="C1", title="Cap", price=4.0, currency="USD"))
        await told.until(lambda: len(told.of(SaleSeen)) == 2)
        sales = [(s.sale.lot, s.sale.username, s.sale.price) for s in told.of(SaleSeen)]
        assert sales == [("12", "bea", 9.0), ("C1", "cat", 4.0)]
        assert [fact.sale.kind for fact in told.of(SaleSeen)] == ["auction", "buy_now"]
        assert [fact.username for fact in told.of(BidSeen)] == ["amy", "bea"]
        assert {fact.lot.code for fact in told.of(LotShown)} == {"12"}
        assert 321 in [fact.viewers for fact in told.of(ViewersSeen)]
        assert told.of(ShowSeen)[0].title == "Vintage night"


async def test_which_candidates_matched_is_reported() -> None:
    async with Stage() as stage, open_bench(stage.base_url) as bench:
        async with bench.reading(stage.show_url) as told:
            await told.until(lambda: bool(told.of(Pulse)))
            await stage.say("amy", "hi")
            await told.until_text("hi")
            await told.until(lambda: "topic commerce: joined" in bench.matches())
        assert {
            "socket live: /services/live/socket/websocket",
            "topic chat: joined",
            "event message: new_msg",
        } <= bench.matches()


async def test_doubles_other_topics_and_other_shows_disturb_nothing() -> None:
    async with Stage() as stage, open_bench(stage.base_url) as bench:
        for fault in ("duplicates", "two_topics", "foreign_topics"):
            await stage.fault(fault)
        async with bench.reading(stage.show_url) as told:
            await told.until(lambda: bool(told.of(Pulse)))
            await stage.burst([("amy", "mine")] * 20)
            await stage.say("bea", "last")
            await told.until_text("last")
            assert told.ids == [each.id for each in stage.emitted]
            assert not any("elsewhere" in text for text in told.texts)


async def test_hostile_frames_cost_no_neighbour() -> None:
    async with on_stage() as (stage, _bench, told):
        await told.until(lambda: bool(told.of(Pulse)))
        await stage.say("amy", "first")
        await stage.fault("hostile")
        await stage.say("amy", "between")
        await stage.fault("malformed")
        hostile = await stage.say_hostile()
        await stage.say("amy", "last")
        await told.until_text("last")
        assert {"first", "between"} <= set(told.texts)
        read = len(told.of(ChatSeen)) + len(told.of(ChatDropped))
        assert read >= 3 + len(hostile)
        sent = {text for text in TEXTS if text.strip() and len(text) <= 10_000}
        assert sent <= set(told.texts)
        assert told.of(Oddity)


async def test_without_the_commerce_topic_chat_is_read_all_the_same() -> None:
    async with Stage() as stage, open_bench(stage.base_url) as bench:
        await stage.fault("refuse_commerce")
        async with bench.reading(stage.show_url) as told:
            await told.until(lambda: "commerce_refused" in {odd.kind for odd in told.of(Oddity)})
            await stage.say("amy", "mine")
            await told.until_text("mine")


async def test_a_chat_that_is_refused_is_a_refusal() -> None:
    async with Stage() as stage, open_bench(stage.base_url) as bench:
        await stage.fault("refuse_chat_join")
        error = await bench.failure(stage.show_url)
        assert isinstance(error, PlatformRefused)
        assert "unauthorized" in str(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, PlatformRefused),
        (401, PlatformRefused),
        (404, PlatformRefused),
        (429, PlatformUnreachable),
        (503, PlatformUnreachable),
    ],
)
async def test_a_socket_that_is_refused(status: int, kind: type[Exception]) -> None:
    async with Stage() as stage, open_bench(stage.base_url) as bench:
        await stage.fault("refuse_sockets", status)
        assert type(await bench.failure(stage.show_url)) is kind


@pytest.mark.parametrize("csrf", [True, False])
async def test_a_token_is_fetched_when_it_is_set_or_needed(csrf: bool) -> None:
    async with Stage() as stage, open_bench(stage.base_url, csrf=csrf) as bench:
        await stage.fault("require_csrf")
        async with bench.reading(stage.show_url) as told:
            await told.until(lambda: bool(told.of(Pulse)))
        assert "socket live: /services/live/socket/websocket with a token" in bench.matches()


async def test_a_cut_ends_the_reading_after_all_that_was_read() -> None:
    async with on_stage() as (stage, _bench, told):
        await told.until(lambda: bool(told.of(Pulse)))
        told.gate.clear()
        await stage.burst([("amy", f"line {n}") for n in range(30)])
        await asyncio.sleep(0.1)
        await stage.fault("cut_sockets")
        await asyncio.sleep(0.1)
        told.gate.set()
        with pytest.raises(PlatformUnreachable):
            await told.over()
        assert told.texts == [f"line {n}" for n in range(30)]


async def test_a_lost_auction_socket_comes_back_beside_the_chat() -> None:
    async with Stage() as stage, open_bench(stage.base_url, FastClock(10)) as bench:
        async with bench.reading(stage.show_url) as told:
            await told.until(lambda: "topic commerce: joined" in bench.matches())
            await stage.fault("cut_sockets", door="auction")
            await stage.say("amy", "still here")
            await told.until_text("still here")
            while "commerce" not in str(stage.state()["sockets"]):
                await asyncio.sleep(0.02)
            await stage.lot(Lot(code="12", title="Tee", price=5.0, currency="USD"), 30)
            await told.until(lambda: bool(told.of(LotShown)))
        assert told.task is not None
        assert told.task.cancelled()


@pytest.mark.parametrize("fault", ["phx_error", "phx_close"])
async def test_a_closed_channel_is_joined_again(fault: str) -> None:
    async with on_stage(speed=10) as (stage, _bench, told):
        await told.until(lambda: bool(told.of(Pulse)))
        await stage.fault(fault)
        await stage.say("amy", "meanwhile")
        await told.until_text("meanwhile")
        await stage.say("amy", "again")
        await told.until_text("again")
        states = [str(fact.status) for fact in told.of(SourceChanged)]
        assert states == ["connecting", "live"]
        assert told.ids == [each.id for each in stage.emitted]


async def test_a_channel_that_never_stays_is_given_up() -> None:
    async with on_stage(speed=200) as (stage, _bench, told):
        await told.until(lambda: bool(told.of(Pulse)))

        async def harass() -> None:
            while True:
                await stage.fault("phx_error")
                await asyncio.sleep(0.001)

        harassing = asyncio.ensure_future(harass())
        with pytest.raises(PlatformUnreachable, match="again and again"):
            await told.over()
        harassing.cancel()


async def test_each_heartbeats_answer_is_a_pulse() -> None:
    async with on_stage(speed=50) as (_stage, _bench, told):
        await told.until(lambda: len(told.of(Pulse)) >= 5)


@pytest.mark.parametrize("when", ["at once", "later"])
async def test_a_socket_that_says_nothing_is_stalled(when: str) -> None:
    async with Stage() as stage, open_bench(stage.base_url, FastClock(50)) as bench:
        if when == "at once":
            await stage.fault("silent_sockets")
        async with bench.reading(stage.show_url) as told:
            if when == "later":
                await told.until(lambda: bool(told.of(Pulse)))
                await stage.fault("silent_sockets")
            with pytest.raises(FeedStalled):
                await told.over()


async def test_a_slow_pipeline_slows_the_sender_and_loses_nothing() -> None:
    async with on_stage() as (stage, _bench, told):
        await told.until(lambda: bool(told.of(Pulse)))
        told.gate.clear()
        await stage.burst([("amy", f"line {n} " + "x" * 200) for n in range(6_000)])
        await asyncio.sleep(0.5)
        assert len(told.texts) == 0
        told.gate.set()
        await told.until(lambda: len(told.ids) == 6_000)
        assert told.ids == [each.id for each in stage.emitted]
        assert told.batches < 1_000  # what came together is told together


async def test_the_end_is_told_by_the_state_and_the_platforms_answer() -> None:
    async with on_stage() as (stage, _bench, told):
        await told.until(lambda: bool(told.of(ShowSeen)))
        await stage.say("amy", "bye")
        await stage.end()
        await told.over()
        assert told.texts == ["bye"]
        assert told.of(ShowSeen)[-1].status is ShowStatus.ENDED


async def test_a_false_end_is_found_out() -> None:
    async with on_stage() as (stage, _bench, told):
        await told.until(lambda: bool(told.of(ShowSeen)))
        await stage.fault("false_end")
        await told.until(lambda: "false_end" in {fact.kind for fact in told.of(Oddity)})
        await stage.say("amy", "still here")
        await told.until_text("still here")
        statuses = {fact.status for fact in told.of(ShowSeen)}
        assert ShowStatus.ENDED not in statuses


async def test_an_answer_alone_ends_nothing() -> None:
    async with Stage() as stage, open_bench(stage.base_url, FastClock(50)) as bench:
        await stage.fault("ended_api")
        async with bench.reading(stage.show_url) as told:
            await told.until(lambda: len(told.of(Pulse)) >= 4)
            await stage.say("amy", "here")
            await told.until_text("here")


@pytest.mark.parametrize("sign", ["closed", "silence"])
async def test_the_end_without_the_platforms_answer(sign: str) -> None:
    async with on_stage(speed=20) as (stage, _bench, told):
        await told.until(lambda: bool(told.of(ShowSeen)))
        await stage.fault("ended_api")
        await stage.fault("hang")  # no answer to anybody who asks
        await stage.fault("false_end")
        if sign == "closed":
            await stage.fault("close_sockets")
        await told.over()


async def test_a_pause_is_no_end() -> None:
    async with on_stage() as (stage, _bench, told):
        await told.until(lambda: bool(told.of(ShowSeen)))
        await stage.pause()
        await told.until(lambda: told.of(ShowSeen)[-1].status is ShowStatus.PAUSED)
        await stage.resume()
        await told.until(lambda: told.of(ShowSeen)[-1].status is ShowStatus.LIVE)


async def test_a_sellers_address_leads_to_the_live_show() -> None:
    async with Stage() as stage, open_bench(stage.base_url) as bench:
        async with bench.reading(f"{stage.base_url}/user/seller") as told:
            await stage.say("amy", "hi")
            await told.until_text("hi")
        error = await bench.failure(f"{stage.base_url}/user/nobody")
        assert error.code in ("show_unknown", "platform_refused")


async def test_the_gate_is_the_only_way_out() -> None:
    async with Stage() as stage, open_bench("https://www.whatnot.com") as bench:
        with_base = f"https://www.whatnot.com/live/{stage.show_id}"

        async def refuse(host: str, port: int) -> list[str]:
            return ["127.0.0.1"]

        bench.gate._resolve = refuse
        assert isinstance(await bench.failure(with_base), EgressRefused)


async def test_there_is_no_browser_without_one() -> None:
    async with Stage() as stage, open_bench(stage.base_url) as bench:
        ref = bench.platform.resolve(stage.show_url)
        assert ref is not None
        assert bench.platform.ways == (Transport.SOCKET,)
        for way in (Transport.BROWSER, Transport.AUTO):
            with pytest.raises(TransportUnknown):
                bench.platform.reader(ref, way)


async def test_supervised_through_cuts_every_message_comes_once_and_in_order() -> None:
    async with Stage() as stage, open_bench(stage.base_url) as bench:
        ref = bench.platform.resolve(stage.show_url)
        assert ref is not None
        supervisor = Supervisor(
            bench.platform,
            ref,
            Transport.SOCKET,
            clock=bench.clock,
            metrics=bench.metrics,
            quiet_seconds=30,
            stall_seconds=20,
            random=Random(1),
        )
        async with running(supervisor.run) as told:
            await told.until(lambda: len(told.of(SourceChanged)) == 2)
            flood = asyncio.ensure_future(stage.flood(30, 3))
            await asyncio.sleep(0.5)
            await stage.fault("cut_sockets")
            await asyncio.sleep(1.5)
            await stage.fault("phx_error")
            await flood
            await stage.end()
            await told.over()
            assert told.ids == [each.id for each in stage.emitted]
            assert [state for state in told.of(SourceChanged) if state.gap is not None] == []
            assert str(told.of(SourceChanged)[-1].status) == "ended"

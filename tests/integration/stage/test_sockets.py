"""A plain client meets the platform that the samples describe, and each of its faults."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from dealflow.errors import InputInvalid, ShowUnknown
from dealflow.model.show import Lot
from dealflow.stage.house import FOREIGN
from dealflow.stage.whatnot import Stage
from tests.fakes.phoenix import PATIENCE, PhoenixClient, connected, in_chat

SILENCE = 0.3
"""Seconds in which a healthy stage answers a hundred times."""


async def closed(client: PhoenixClient) -> int | None:
    """Read until the socket closes and return the code that was received, if any."""
    await asyncio.wait_for(client.connection.wait_closed(), PATIENCE)
    received = client.connection.protocol.close_rcvd
    return None if received is None else received.code


async def heard_after(client: PhoenixClient) -> list[str]:
    """Return the events heard until a heartbeat is answered."""
    ref = await client.send("phoenix", "heartbeat")
    events: list[str] = []
    while True:
        frame = await client.frame()
        if frame[1] == ref:
            return events
        events.append(frame[3])


@pytest.mark.asyncio
async def test_a_join_is_answered_and_told_the_newest_fifty_first() -> None:
    async with Stage() as stage, connected(stage) as client:
        for number in range(60):
            await stage.say(f"u{number}", f"text {number}")
        reply = await client.join(stage.show.chat)
        assert reply[0] == reply[1]
        assert reply[4] == {"status": "ok", "response": {}}
        backlog = await client.until("latest_messages")
        said = [message["message"] for message in backlog[4]["messages"]]
        assert said == [f"text {number}" for number in range(59, 9, -1)]


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [0, 3])
async def test_the_backlog_is_as_long_as_wanted(size: int) -> None:
    async with Stage() as stage, connected(stage) as client:
        await stage.fault("backlog_size", size)
        await stage.burst([("a", str(number)) for number in range(5)])
        await client.join(stage.show.chat)
        assert len((await client.until("latest_messages"))[4]["messages"]) == size


@pytest.mark.asyncio
async def test_heartbeats_are_answered_before_anything_is_joined() -> None:
    async with Stage() as stage, connected(stage) as client:
        assert await heard_after(client) == []


@pytest.mark.asyncio
async def test_each_door_takes_its_own_topics_and_known_shows() -> None:
    async with Stage() as stage:
        async with connected(stage) as live:
            assert (await live.join(stage.show.auction))[4]["status"] == "ok"
            refused = await live.join(stage.show.commerce)
            assert refused[4] == {"status": "error", "response": {"reason": "unmatched topic"}}
            unknown = await live.join("chat:00000000-0000-4000-8000-000000000000")
            assert unknown[4]["response"] == {"reason": "not_found"}
        async with connected(stage, "auction") as auction:
            reply = await auction.join(stage.show.commerce)
            assert reply[4]["response"]["serverTimestamps"]


@pytest.mark.asyncio
async def test_who_comes_late_sees_the_lot_on_screen() -> None:
    async with Stage() as stage, connected(stage, "auction") as client:
        await stage.lot(Lot(code="244", title="Tee", price=5, currency="GBP"))
        await stage.bid("dommy31", 11)
        await client.join(stage.show.commerce)
        snapshot = await client.until("user_joined")
        assert snapshot[4]["pinnedProduct"]["name"] == "Tee #244"
        assert snapshot[4]["pinnedProduct"]["highestBid"]["priceCents"] == 1100
        await stage.close_lot()
        for event in ("auction_ended", "product_sold", "payment_succeeded"):
            assert (await client.until(event))[4]["product"]["status"] == "SOLD"


@pytest.mark.asyncio
async def test_messages_arrive_once_in_order_and_stand_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "emitted.jsonl"
    async with Stage(log=path) as stage, in_chat(stage) as client:
        first = await stage.say("alice", "mine", "mod", badges=["gold"])
        flooded = await stage.flood(400, 0.5, text="number {n}")
        texts = await client.texts(201)
        assert texts == ["mine", *(f"number {n}" for n in range(1, 201))]
        assert [first, *flooded] == stage.emitted
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert [(line["number"], line["id"], line["text"]) for line in lines] == [
            (each.number, each.id, each.text) for each in stage.emitted
        ]
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.asyncio
async def test_leaving_a_topic_ends_its_frames() -> None:
    async with Stage() as stage, in_chat(stage) as client:
        await client.send(stage.show.chat, "phx_leave", join_ref="1")
        await client.until("phx_close")
        await stage.say("a", "unheard")
        assert await heard_after(client) == []


@pytest.mark.asyncio
async def test_cut_sockets_end_without_a_word_and_can_be_opened_again() -> None:
    async with Stage() as stage, in_chat(stage) as client:
        await stage.fault("cut_sockets")
        assert await closed(client) is None
        await stage.say("a", "said meanwhile")
        async with connected(stage) as again:
            await again.join(stage.show.chat)
            backlog = await again.until("latest_messages")
            assert backlog[4]["messages"][0]["message"] == "said meanwhile"


@pytest.mark.asyncio
async def test_one_door_alone_can_be_cut() -> None:
    async with Stage() as stage, connected(stage, "auction") as auction, in_chat(stage) as live:
        await heard_after(auction)
        await stage.fault("cut_sockets", door="auction")
        assert await closed(auction) is None
        assert await heard_after(live) == []


@pytest.mark.asyncio
async def test_sockets_are_closed_with_a_code() -> None:
    async with Stage() as stage, in_chat(stage) as client:
        await stage.fault("close_sockets", code=1012)
        assert await closed(client) == 1012


@pytest.mark.asyncio
async def test_silent_sockets_answer_no_heartbeat() -> None:
    async with Stage() as stage, in_chat(stage) as client:
        await stage.fault("silent_sockets")
        await stage.say("a", "unheard")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(heard_after(client), SILENCE)
        await stage.clear("silent_sockets")
        await stage.say("a", "heard")
        assert await client.texts(1) == ["heard"]


@pytest.mark.asyncio
async def test_silent_chat_leaves_everything_else_alive() -> None:
    async with Stage() as stage, in_chat(stage) as client:
        await stage.fault("silent_chat")
        await stage.say("a", "unheard")
        await stage.viewers(12)
        assert await heard_after(client) == ["livestream_view_count_updated"]


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [403, 429, 503])
async def test_sockets_can_be_refused(status: int) -> None:
    async with Stage() as stage:
        await stage.fault("refuse_sockets", status)
        with pytest.raises(InvalidStatus) as refused:
            async with connected(stage):
                pass
        assert refused.value.response.status_code == status


@pytest.mark.asyncio
async def test_a_token_can_be_required() -> None:
    async with Stage() as stage:
        await stage.fault("require_csrf")
        with pytest.raises(InvalidStatus):
            async with connected(stage):
                pass
        url = stage.base_url.replace("http", "ws") + "/services/live/socket/websocket"
        async with connect(f"{url}?_csrf_token=t&vsn=2.0.0") as connection:
            assert await heard_after(PhoenixClient(connection)) == []


@pytest.mark.asyncio
async def test_joins_can_be_refused() -> None:
    async with Stage() as stage:
        await stage.fault("refuse_chat_join")
        await stage.fault("refuse_commerce", "buyers_only")
        async with connected(stage) as live, connected(stage, "auction") as auction:
            chat = await live.join(stage.show.chat)
            assert chat[4] == {"status": "error", "response": {"reason": "unauthorized"}}
            commerce = await auction.join(stage.show.commerce)
            assert commerce[4]["response"] == {"reason": "buyers_only"}


@pytest.mark.asyncio
@pytest.mark.parametrize("event", ["phx_error", "phx_close"])
async def test_a_channel_that_ends_can_be_joined_again(event: str) -> None:
    async with Stage() as stage, in_chat(stage) as client:
        await stage.fault(event)
        await stage.say("a", "unheard")
        ended = await client.frame()
        assert (ended[2], ended[3]) == (stage.show.chat, event)
        assert await heard_after(client) == []
        await client.join(stage.show.chat)
        backlog = await client.until("latest_messages")
        assert backlog[4]["messages"][0]["message"] == "unheard"


@pytest.mark.asyncio
async def test_duplicates_second_topics_and_foreign_shows_come_along() -> None:
    async with Stage() as stage, in_chat(stage) as client:
        await client.join(stage.show.auction)
        for fault in ("duplicates", "two_topics", "foreign_topics"):
            await stage.fault(fault)
        said = await stage.say("a", "mine")
        frames = [await client.until("new_msg") for _ in range(4)]
        assert [frame[2] for frame in frames] == [
            stage.show.chat,
            stage.show.chat,
            stage.show.auction,
            f"chat:{FOREIGN}",
        ]
        assert [frame[4]["id"] for frame in frames[:3]] == [said.id] * 3
        assert frames[3][4]["id"] != said.id


@pytest.mark.asyncio
async def test_a_tip_is_told_on_two_topics() -> None:
    async with Stage() as stage, in_chat(stage) as client:
        await client.join(stage.show.auction)
        await stage.tip("kay", 5)
        topics = [(await client.until("tip_sent"))[2] for _ in range(2)]
        assert topics == [stage.show.chat, stage.show.auction]


@pytest.mark.asyncio
@pytest.mark.parametrize("act", ["malformed", "hostile"])
async def test_bad_frames_do_not_hide_the_good_ones(act: str) -> None:
    async with Stage() as stage, in_chat(stage) as client:
        await stage.fault(act)
        await stage.say("a", "still here")
        texts: list[str] = []
        while not texts or '"still here"' not in texts[-1]:
            texts.append(str(await asyncio.wait_for(client.connection.recv(), PATIENCE)))
        assert len(texts) > 10


@pytest.mark.asyncio
async def test_hostile_texts_and_names_arrive_as_they_were_sent() -> None:
    async with Stage() as stage, in_chat(stage) as client:
        said = await stage.say_hostile()
        frames = [await client.until("new_msg") for _ in said]
        assert [frame[4]["message"] for frame in frames] == [each.text for each in said]
        assert [frame[4]["user"]["username"] for frame in frames] == [each.user for each in said]


@pytest.mark.asyncio
async def test_a_false_end_leaves_the_show_playing() -> None:
    async with Stage() as stage, in_chat(stage) as client:
        await client.join(stage.show.auction)
        await stage.fault("false_end")
        assert (await client.until("livestream_update"))[4]["status"] == "ENDED"
        assert stage.show.status == "PLAYING"
        await stage.pause()
        assert (await client.until("livestream_update"))[4]["status"] == "STOPPED"


@pytest.mark.asyncio
async def test_who_sends_nonsense_is_closed() -> None:
    async with Stage() as stage, connected(stage) as client:
        await client.connection.send("nonsense")
        assert await closed(client) == 1007


@pytest.mark.asyncio
async def test_neighbours_have_rooms_of_their_own() -> None:
    async with Stage() as stage, connected(stage) as client:
        other = await stage.neighbour("Other show", "rita", viewers=9)
        await client.join(stage.show.chat)
        await client.join(f"chat:{other}")
        said = await stage.say("a", "over there", show=other)
        frame = await client.until("new_msg")
        assert (frame[2], said.show_id) == (f"chat:{other}", other)
        with pytest.raises(ShowUnknown):
            await stage.say("a", "nowhere", show="no-show")


@pytest.mark.asyncio
async def test_a_fault_that_is_none_is_refused() -> None:
    async with Stage() as stage:
        for name, args in (("never", {}), ("cut_sockets", {"depth": 3}), ("slow", {"why": 1})):
            with pytest.raises(InputInvalid):
                await stage.fault(name, **args)

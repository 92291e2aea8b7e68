"""The live channel over real sockets: subscribe, back-fill, resume, rights, and the end."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from dealflow.api.live import connection
from dealflow.api.live.log import MAX_FRAMES
from dealflow.model.events import ViewersChanged, decode
from dealflow.model.view import ShowView, apply
from dealflow.store.base import Show
from tests.fakes.api import BEARER, TOKEN, Api, frame, say, served


async def open_show(api: Api, key: str = "s") -> Show:
    return await api.store.open_show(session_id=key, platform="push", url="", now_ms=1_000)


async def tell(api: Api, show: Show, count: int, start: int = 0) -> None:
    """Commit and publish some events."""
    await api.monitor.tell(show, [ViewersChanged(viewers=start + n) for n in range(count)])


async def forget(api: Api, show: Show, head: int) -> None:
    """Let the shared log go once the hub has heard everything, so that the store must answer."""
    logs = api.services.recovery._logs
    async with asyncio.timeout(5):
        while (log := logs.get(show.id)) is None or log.head < head:
            await asyncio.sleep(0.005)
    logs.drop(show.id)


async def push(api: Api, texts: list[str], key: str = "s") -> None:
    messages = [{"username": "u", "message": text} for text in texts]
    answer = await api.http.post(f"/api/sessions/{key}/messages", json={"messages": messages})
    assert answer.status_code == 200


async def seqs(socket: Any, last: int) -> list[int]:
    """Return the positions of event frames, up to one."""
    found: list[int] = []
    async with asyncio.timeout(10):
        while not found or found[-1] < last:
            got = json.loads(await socket.recv())
            found += [
                one["seq"]
                for one in (got if isinstance(got, list) else [got])
                if one["type"] not in ("hello", "subscribed", "lagged", "error")
            ]
    return found


@pytest.mark.asyncio
async def test_subscribing_without_a_position_brings_a_snapshot() -> None:
    async with served() as api:
        show = await open_show(api)
        await push(api, ["hi", "mine"])
        async with api.socket() as socket:
            await say(socket, "subscribe", sessionId="s")
            answer = await frame(socket, "subscribed")
            assert (answer["recovered"], answer["seq"], answer["epoch"]) == (False, 2, show.epoch)
            assert answer["streamId"] == show.id
            assert [one["message"] for one in answer["snapshot"]["messages"]] == ["hi", "mine"]
            await tell(api, show, 2)
            assert await seqs(socket, 4) == [3, 4]


@pytest.mark.parametrize(
    ("after", "epoch_off", "recovered"),
    [(0, 0, True), (5, 0, True), (10, 0, True), (11, 0, False), (5, 1, False), (5, -1, False)],
)
@pytest.mark.parametrize("heard", [True, False], ids=["from memory", "from the store"])
@pytest.mark.asyncio
async def test_a_position_is_recovered_or_honestly_not(
    after: int, epoch_off: int, recovered: bool, heard: bool
) -> None:
    async with served() as api:
        show = await open_show(api)
        await tell(api, show, 10)
        if not heard:
            await forget(api, show, 10)
        async with api.socket() as socket:
            await say(socket, "subscribe", sessionId="s", after=after, epoch=show.epoch + epoch_off)
            answer = await frame(socket, "subscribed")
            assert answer["recovered"] is recovered
            assert answer["seq"] == (after if recovered else 10)
            assert (answer["snapshot"] is None) is recovered
            await tell(api, show, 1)
            first = after + 1 if recovered else 11
            assert await seqs(socket, 11) == list(range(first, 12))


@pytest.mark.asyncio
async def test_a_position_beyond_retention_is_not_recovered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with served() as api:
        show = await open_show(api)
        await tell(api, show, 10)
        await forget(api, show, 10)

        async def first_seq(_show_id: str) -> int:
            return 6

        monkeypatch.setattr(api.store, "first_seq", first_seq)
        async with api.socket() as socket:
            await say(socket, "subscribe", sessionId="s", after=4)
            assert (await frame(socket, "subscribed"))["recovered"] is False
        async with api.socket() as socket:
            await say(socket, "subscribe", sessionId="s", after=5)
            assert (await frame(socket, "subscribed"))["recovered"] is True
            assert await seqs(socket, 10) == [6, 7, 8, 9, 10]


@pytest.mark.asyncio
async def test_random_disconnects_leave_no_gap_and_no_duplicate() -> None:
    """R14, in small: clients come and go in the middle of 4,000 events, some in batches."""
    total = 3_000
    async with served() as api:
        show = await open_show(api)
        dice = random.Random(7)

        async def speak() -> None:
            sent = 0
            while sent < total:
                count = min(dice.choice([1, 1, 3, 10, 40]), total - sent)
                await tell(api, show, count, sent)
                sent += count
                await asyncio.sleep(0.02)

        async def listen(seed: int) -> tuple[list[int], int]:
            dice = random.Random(seed)
            seen: list[int] = []
            leaves = 0
            while not seen or seen[-1] < total:
                leaves += 1
                async with api.socket(f"/ws?batch={seed % 2}") as socket:
                    place = {"after": seen[-1] if seen else 0, "epoch": show.epoch}
                    await say(socket, "subscribe", sessionId="s", **place)
                    seen += await hear(socket, dice.random() * 0.1, total)
                    if seed % 2 == 0:
                        # This library's polite end waits while unread messages are in the way.
                        socket.transport.abort()
            return seen, leaves

        async with asyncio.timeout(25), asyncio.TaskGroup() as tasks:
            tasks.create_task(speak())
            listeners = [tasks.create_task(listen(seed)) for seed in range(12)]
        for listener in listeners:
            assert listener.result()[0] == list(range(1, total + 1))
        assert sum(listener.result()[1] for listener in listeners) > 300


async def hear(socket: Any, seconds: float, total: int) -> list[int]:
    """Take what comes after ``subscribed`` for some time, however the client is cut off."""
    seen: list[int] = []
    subscribed = False
    ends = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < ends and (not seen or seen[-1] < total):
        try:
            got = json.loads(await asyncio.wait_for(socket.recv(), 0.05))
        except TimeoutError:
            continue
        for one in got if isinstance(got, list) else [got]:
            if one["type"] == "subscribed":
                assert one["recovered"] is True
                subscribed = True
            elif subscribed:
                seen.append(one["seq"])
    return seen


@pytest.mark.asyncio
async def test_subscribing_races_publishing() -> None:
    async with served() as api:
        show = await open_show(api)
        for turn in range(60):
            async with api.socket() as socket:
                before = turn * 3
                await asyncio.gather(
                    say(socket, "subscribe", sessionId="s", after=before), tell(api, show, 3)
                )
                await frame(socket, "subscribed")
                assert await seqs(socket, before + 3) == [before + 1, before + 2, before + 3]


@pytest.mark.asyncio
async def test_snapshot_and_events_are_the_new_snapshot() -> None:
    async with served() as api, api.socket() as socket:
        show = await open_show(api)
        await push(api, ["one", "mine"])
        await say(socket, "subscribe", sessionId="s")
        first = await frame(socket, "subscribed")
        snapshot = await api.services.recovery.snapshot(show)
        assert first["snapshot"]["seq"] == snapshot.seq == 2
        view: ShowView = snapshot
        for turn in range(20):
            await push(api, [f"{turn}", "mine"])
            await tell(api, show, 1, turn)
        while view.seq < 62:
            text = await socket.recv()
            view = apply(view, json.loads(text)["seq"], decode(text))
        assert view == await api.services.recovery.snapshot(show)


@pytest.mark.parametrize("from_store", [False, True])
@pytest.mark.parametrize(
    "wish", [{}, {"buyersOnly": True}, {"types": ["viewers"]}, {"types": ["new_message"]}]
)
@pytest.mark.asyncio
async def test_filters_are_the_same_live_and_recovered(
    wish: dict[str, Any], from_store: bool
) -> None:
    async with served() as api:
        show = await open_show(api)
        texts = ["mine" if n % 3 == 0 else 'x","isBuyer":true' for n in range(12)]

        async def speak() -> None:
            for text in texts:
                await push(api, [text])
                await tell(api, show, 1)
            await push(api, ["mine, the last"])
            await tell(api, show, 1, 99)

        def last(one: dict[str, Any]) -> bool:
            return one.get("viewers") == 99 or "last" in one.get("message", {}).get("message", "")

        async def gather(socket: Any, upto: int) -> list[int]:
            found = []
            while True:
                one = await frame(socket)
                if one["type"] in ("hello", "subscribed"):
                    continue
                found.append(one["seq"])
                if one["seq"] >= upto or (wish.get("types") and last(one)):
                    return found

        upto = 2 * len(texts) + 2
        async with api.socket() as live:
            await say(live, "subscribe", sessionId="s", after=0, **wish)
            await frame(live, "subscribed")
            await speak()
            seen_live = await gather(live, upto)
        if from_store:
            await forget(api, show, upto)
        async with api.socket() as later:
            await say(later, "subscribe", sessionId="s", after=0, **wish)
            assert await gather(later, upto) == seen_live
        if wish == {"buyersOnly": True}:
            everybody = range(1, upto + 1)
            assert seen_live == [n for n in everybody if n % 2 == 0 or (n // 2) % 3 == 0]


@pytest.mark.asyncio
async def test_a_bus_that_overflows_is_replaced_by_the_store(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with served() as api, api.socket() as one, api.socket() as all_shows:
        show = await open_show(api)
        await say(one, "subscribe", sessionId="s", after=0)
        await frame(one, "subscribed")
        await tell(api, show, 2)
        assert await seqs(all_shows, 2) == [1, 2]
        for listener in api.bus._listeners:
            monkeypatch.setattr(listener, "_capacity", 3)
        await asyncio.gather(*(tell(api, show, 1) for _ in range(50)))
        await tell(api, show, 1)
        assert await seqs(one, 53) == list(range(1, 54))
        assert await seqs(all_shows, 53) == list(range(3, 54))
        text = (await api.http.get("/metrics")).text
        assert 'dealflow_clients_lagged_total{kind="bus"}' in text


@pytest.mark.asyncio
async def test_a_hint_that_is_lost_is_read_from_the_store() -> None:
    async with served() as api, api.socket() as socket:
        show = await open_show(api)
        await say(socket, "subscribe", sessionId="s", after=0)
        await frame(socket, "subscribed")
        await tell(api, show, 1)
        listeners, api.bus._listeners = api.bus._listeners, []
        await tell(api, show, 5)
        api.bus._listeners = listeners
        await tell(api, show, 1)
        assert await seqs(socket, 7) == list(range(1, 8))


@pytest.mark.asyncio
async def test_wishes_that_cannot_be_met_are_answered_and_the_socket_lives() -> None:
    async with served() as api, api.socket() as socket:
        await open_show(api)
        for text, code in (
            ("{", "input_invalid"),
            ("[" * 100, "input_invalid"),
            ('{"action":"subscribe","sessionId":"nobody"}', "show_unknown"),
            ('{"action":"subscribe","sessionId":"s","types":["x"]}', "input_invalid"),
            ('{"action":"dance"}', "input_invalid"),
        ):
            await socket.send(text)
            assert (await frame(socket, "error"))["error"] == code
        await socket.send(b"\xff\x00")
        assert (await frame(socket, "error"))["error"] == "input_invalid"
        await say(socket, "subscribe", sessionId="s")
        await frame(socket, "subscribed")


@pytest.mark.asyncio
async def test_several_shows_and_leaving_one() -> None:
    async with served() as api, api.socket() as socket:
        shows = [await open_show(api, key) for key in ("a", "b", "c")]
        for key in ("a", "b"):
            await say(socket, "subscribe", sessionId=key)
            await frame(socket, "subscribed")
        for show in shows:
            await tell(api, show, 1)
        assert {(await frame(socket))["sessionId"] for _ in range(2)} == {"a", "b"}
        await say(socket, "unsubscribe", sessionId="a")
        await say(socket, "subscribe", sessionId="b", after=1)
        await frame(socket, "subscribed")
        for show in shows:
            await tell(api, show, 1)
        assert (await frame(socket))["sessionId"] == "b"


@pytest.mark.parametrize(
    "first", [{"action": "auth", "token": TOKEN}, {"action": "subscribe", "token": TOKEN}]
)
@pytest.mark.asyncio
async def test_the_token_may_come_in_the_first_frame(first: dict[str, str]) -> None:
    async with served() as api:
        show = await open_show(api)
        async with connect(f"ws://127.0.0.1:{api.port}/ws") as socket:
            await tell(api, show, 1)
            await socket.send(json.dumps(first))
            assert (await frame(socket))["type"] == "hello"
            await tell(api, show, 1)
            assert (await frame(socket, "viewers"))["seq"] == 2


@pytest.mark.asyncio
async def test_a_first_wish_that_cannot_be_met_is_answered_and_the_socket_lives() -> None:
    async with served() as api, connect(f"ws://127.0.0.1:{api.port}/ws") as socket:
        await say(socket, "subscribe", sessionId="nobody", token=TOKEN)
        assert (await frame(socket, "error"))["error"] == "show_unknown"
        await open_show(api)
        await say(socket, "subscribe", sessionId="s")
        await frame(socket, "subscribed")


@pytest.mark.parametrize(
    "first", ['{"action":"auth","token":"no"}', '{"action":"subscribe"}', "{", "", None]
)
@pytest.mark.asyncio
async def test_without_the_token_a_socket_hears_nothing(
    first: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "FIRST_FRAME_SECONDS", 0.2)
    async with served() as api:
        show = await open_show(api)
        async with connect(f"ws://127.0.0.1:{api.port}/") as socket:
            await tell(api, show, 1)
            if first is not None:
                await socket.send(first)
            assert (await frame(socket))["type"] == "error"
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4401


@pytest.mark.asyncio
async def test_a_wrong_header_is_refused_at_the_handshake(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with served() as api:
        for headers, status in (
            ({"Authorization": "Bearer no"}, 401),
            ({**BEARER, "Origin": "http://evil.example"}, 403),
        ):
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"ws://127.0.0.1:{api.port}/ws", additional_headers=headers)
            assert refused.value.response.status_code == status
            assert json.loads(refused.value.response.body or b"")["success"] is False
    assert not caplog.records


@pytest.mark.asyncio
async def test_a_living_socket_ends_with_its_right() -> None:
    async with served() as api, api.socket() as socket:
        await frame(socket, "hello")
        api.services.access.replace_token("another")
        async with asyncio.timeout(5):
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


@pytest.mark.asyncio
async def test_a_large_back_fill_comes_page_by_page() -> None:
    total = MAX_FRAMES + 1_500
    async with served() as api:
        show = await open_show(api)
        for start in range(0, total, 500):
            await tell(api, show, min(500, total - start), start)
        async with api.socket("/ws?batch=1", max_size=None) as socket:
            await say(socket, "subscribe", sessionId="s", after=0, epoch=show.epoch)
            assert await seqs(socket, total) == list(range(1, total + 1))

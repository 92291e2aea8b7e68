"""The two sockets: Phoenix version 2, with joins, heartbeats and whatever is wrong today."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from dealflow.stage import frames
from dealflow.stage.frames import Frame
from dealflow.stage.house import Door, House, Seat
from dealflow.stage.programme import Programme
from dealflow.stage.show import Show

HEARTBEAT_LIMIT = 60.0
"""Seconds without any frame from the client after which Phoenix closes a socket."""

_TOPICS = {Door.LIVE: ("chat:", "auction:"), Door.AUCTION: ("commerce:",)}


class Sockets:
    """Serves the sockets of every show."""

    def __init__(self, programme: Programme, house: House, now_ms: Callable[[], int]) -> None:
        self._programme = programme
        self._house = house
        self._now_ms = now_ms

    async def live(self, websocket: WebSocket) -> None:
        """Serve ``/services/live/socket/websocket``."""
        await self._serve(websocket, Door.LIVE)

    async def auction(self, websocket: WebSocket) -> None:
        """Serve ``/services/auction/socket/websocket``."""
        await self._serve(websocket, Door.AUCTION)

    async def _serve(self, websocket: WebSocket, door: Door) -> None:
        refused = self._refusal(websocket)
        if refused == HTTPStatus.FORBIDDEN:
            return await websocket.close()  # which is 403 before the socket is accepted
        if refused:
            return await websocket.send_denial_response(PlainTextResponse("refused", refused))
        await websocket.accept()
        address = websocket.client
        seat = Seat(door, None if address is None else (address.host, address.port))
        self._house.seats.add(seat)
        try:
            await self._attend(websocket, seat)
        finally:
            self._house.seats.discard(seat)
        return None

    def _refusal(self, websocket: WebSocket) -> int:
        """Return the HTTP status of a refusal, or 0."""
        faults = self._house.faults
        if faults.refuse_sockets:
            return faults.refuse_sockets
        if faults.require_csrf and not websocket.query_params.get("_csrf_token"):
            return 403
        return 0

    async def _attend(self, websocket: WebSocket, seat: Seat) -> None:
        """Listen, send and wait for a reason to close; the first that ends, ends all."""
        jobs: list[Awaitable[None]] = [self._listen(websocket, seat), self._send(websocket, seat)]
        with suppress(WebSocketDisconnect, RuntimeError, OSError):
            await _first(jobs, seat.closing)
            if seat.closing.done():
                await websocket.close(seat.closing.result())

    async def _send(self, websocket: WebSocket, seat: Seat) -> None:
        while True:
            await websocket.send_text(await seat.outbox.get())

    async def _listen(self, websocket: WebSocket, seat: Seat) -> None:
        while True:
            try:
                text = await asyncio.wait_for(websocket.receive_text(), HEARTBEAT_LIMIT)
            except TimeoutError:
                seat.close(1000)
                return
            except KeyError:
                continue  # a binary frame; the real platform's answer to one is not known
            await self._answer(seat, text)

    async def _answer(self, seat: Seat, text: str) -> None:
        try:
            join_ref, ref, topic, event, _ = msgspec.json.decode(
                text, type=tuple[str | None, str | None, str, str, Any]
            )
        except msgspec.DecodeError:
            return seat.close(1007)
        match event:
            case "heartbeat" if topic == "phoenix":
                self._house.tell(seat, frames.reply(topic, {}), ref=ref, join_ref=None)
            case "phx_join":
                if self._house.faults.slow:
                    await asyncio.sleep(self._house.faults.slow)
                self._join(seat, topic, join_ref, ref)
            case "phx_leave":
                seat.topics.pop(topic, None)
                self._house.tell(seat, frames.reply(topic, {}), ref=ref, join_ref=join_ref)
                closed = Frame(topic, "phx_close", {})
                self._house.tell(seat, closed, ref=join_ref, join_ref=join_ref)
            case _:
                self._house.tell(seat, frames.reply(topic, {}), ref=ref, join_ref=join_ref)
        return None

    def _join(self, seat: Seat, topic: str, join_ref: str | None, ref: str | None) -> None:
        show = self._programme.show(topic.partition(":")[2])
        refused = self._join_refusal(seat, topic, show)
        if refused or show is None:
            answer = frames.reply(topic, {"reason": refused}, status="error")
            self._house.tell(seat, answer, ref=ref, join_ref=join_ref)
            return
        seat.topics[topic] = join_ref
        for frame, its_ref in self._welcome(show, topic, ref):
            self._house.tell(seat, frame, ref=its_ref, join_ref=join_ref)

    def _join_refusal(self, seat: Seat, topic: str, show: Show | None) -> str:
        faults = self._house.faults
        if not topic.startswith(_TOPICS[seat.door]):
            return "unmatched topic"
        if show is None:
            return "not_found"
        if topic == show.chat:
            return faults.refuse_chat_join
        return faults.refuse_commerce if topic == show.commerce else ""

    def _welcome(self, show: Show, topic: str, ref: str | None) -> list[tuple[Frame, str | None]]:
        """Return what one who joined is told, each frame with the ``ref`` that it answers."""
        if topic == show.chat:
            backlog = show.newest_messages(self._house.faults.backlog_size)
            told = [(frames.reply(topic, {}), ref), (frames.latest_messages(topic, backlog), None)]
            if show.viewers is not None:
                told.append((frames.view_count(topic, show.viewers), None))
            return told
        if topic == show.auction:
            activity = {"livestream": show.livestream(), "latestLiveActivityEvents": []}
            return [(frames.reply(topic, activity), ref)]
        now = self._now_ms()
        stamps = {"serverTimestamps": {"accepted": now, "responded": now}}
        snapshot = {"livestream": show.livestream(), "pinnedProduct": show.pinned_product()}
        return [
            (frames.reply(topic, stamps), ref),
            (Frame(topic, "user_joined", snapshot), None),
        ]


async def _first(jobs: list[Awaitable[None]], closing: asyncio.Future[int]) -> None:
    """Run the jobs until one of them ends or ``closing`` is set; then end the others."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_awaited(job)) for job in jobs]
        ends: list[asyncio.Future[Any]] = [*tasks, closing]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()


async def _awaited(job: Awaitable[None]) -> None:
    with suppress(WebSocketDisconnect, RuntimeError, OSError):
        await job

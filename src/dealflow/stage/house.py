"""The house: everyone who is connected, and what of each frame reaches them."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterable
from enum import StrEnum

from dealflow.stage.faults import SHOWN_BY_PAGE, Faults
from dealflow.stage.frames import Frame, encode

OUTBOX = 20_000
"""Frames that may wait for one listener: a minute at 300 a second. One who is further behind is
cut off, as the platform would do."""


class Door(StrEnum):
    """By which socket a listener came; each takes its own topics."""

    LIVE = "live"
    AUCTION = "auction"


class Seat:
    """One listener's place: the topics it joined and what waits to be sent to it."""

    def __init__(self, door: Door, client: tuple[str, int] | None) -> None:
        self.door = door
        self.client = client
        self.topics: dict[str, str | None] = {}
        self.outbox: asyncio.Queue[str] = asyncio.Queue(OUTBOX)
        self.closing: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.overflowed = False

    def offer(self, text: str) -> None:
        """Put a frame into the outbox; when that is full, ask for the seat to be closed."""
        if self.overflowed:
            return
        try:
            self.outbox.put_nowait(text)
        except asyncio.QueueFull:
            self.overflowed = True
            self.close(1013)

    def close(self, code: int) -> None:
        """Ask for the connection to be closed with a WebSocket code; safe to call twice."""
        if not self.closing.done():
            self.closing.set_result(code)


class House:
    """All seats, and the pages' own feeds beside their sockets."""

    def __init__(self, seed: int) -> None:
        self._faults = Faults()
        self._answers = asyncio.Event()
        self._answers.set()
        self.seats: set[Seat] = set()
        self.feeds: set[asyncio.Queue[str]] = set()
        self._random = random.Random(seed)

    @property
    def faults(self) -> Faults:
        """Return the standing faults."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._faults = faults
        if faults.hang:
            self._answers.clear()
        else:
            self._answers.set()

    async def answering(self) -> None:
        """Wait while the platform accepts connections and answers none."""
        await self._answers.wait()

    def deliver(self, frame: Frame) -> None:
        """Send a frame to everyone who joined its topic, as far as the faults let it through."""
        text = encode(frame)
        for each in self._disturbed(frame, text):
            self._to_seats(frame, each)
        if self.faults.feed:
            self.command({"do": "frame", "frame": json.loads(text)})

    def deliver_raw(self, text: str) -> None:
        """Send any text at all to everyone who listens."""
        for seat in self.seats:
            seat.offer(text)

    def command(self, command: dict[str, object]) -> None:
        """Tell every open page to do something."""
        text = json.dumps(command)
        for feed in tuple(self.feeds):
            try:
                feed.put_nowait(text)
            except asyncio.QueueFull:
                self.feeds.discard(feed)

    def page_state(self) -> dict[str, object]:
        """Return the command that tells a page what is wrong with it now."""
        faults = {name: getattr(self.faults, name) for name in SHOWN_BY_PAGE}
        return {"do": "faults", "faults": faults}

    def tell(self, seat: Seat, frame: Frame, *, ref: str | None, join_ref: str | None) -> None:
        """Send a frame to one listener only."""
        if not self.faults.silent_sockets:
            seat.offer(encode(frame, join_ref=join_ref, ref=ref))

    def _to_seats(self, frame: Frame, text: str) -> None:
        faults = self.faults
        if faults.silent_sockets or (faults.silent_chat and frame.event == "new_msg"):
            return
        for seat in self.seats:
            if frame.topic in seat.topics or frame.topic.endswith(FOREIGN):
                seat.offer(text)

    def _disturbed(self, frame: Frame, text: str) -> Iterable[str]:
        yield text
        if frame.event != "new_msg":
            return
        faults = self.faults
        if faults.duplicates and self._random.random() < faults.duplicates:
            yield text
        show_id = frame.topic.partition(":")[2]
        if faults.two_topics:
            yield text.replace(f'"chat:{show_id}","new_msg"', f'"auction:{show_id}","new_msg"', 1)
        if faults.foreign_topics:
            yield encode(foreign(frame))


FOREIGN = "00000000-0000-4000-8000-00000000f0e1"
"""A show that is not ours, whose frames come along on a shared socket."""


def foreign(frame: Frame) -> Frame:
    """Return the frame as the other show would send it."""
    payload = {**frame.payload, "id": f"f-{frame.payload.get('id')}"}
    payload["message"] = f"elsewhere: {frame.payload.get('message')}"
    return Frame(f"chat:{FOREIGN}", frame.event, payload)

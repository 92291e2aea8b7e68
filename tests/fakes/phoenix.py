"""A plain client of a Phoenix socket, with nothing of ours in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from dealflow.stage.whatnot import Stage

PATIENCE = 5.0
"""Seconds after which a frame that was expected is missing."""


class PhoenixClient:
    """Joins topics and reads frames."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self._ref = 0

    async def send(self, topic: str, event: str, *, join_ref: str | None = None) -> str:
        self._ref += 1
        ref = str(self._ref)
        if event == "phx_join":
            join_ref = ref
        await self.connection.send(json.dumps([join_ref, ref, topic, event, {}]))
        return ref

    async def join(self, topic: str) -> list[Any]:
        """Join a topic and return the reply."""
        ref = await self.send(topic, "phx_join")
        return await self.until("phx_reply", ref=ref)

    async def frame(self) -> list[Any]:
        """Return the next frame."""
        text = await asyncio.wait_for(self.connection.recv(), PATIENCE)
        frame: list[Any] = json.loads(text)
        return frame

    async def until(self, event: str, *, ref: str | None = None) -> list[Any]:
        """Skip to the next frame of this event."""
        while True:
            frame = await self.frame()
            if frame[3] == event and ref in (None, frame[1]):
                return frame

    async def texts(self, count: int) -> list[str]:
        """Return what the next messages say."""
        return [(await self.until("new_msg"))[4]["message"] for _ in range(count)]


@asynccontextmanager
async def connected(stage: Stage, door: str = "live") -> AsyncIterator[PhoenixClient]:
    """Open a socket of the stage without joining anything."""
    host = stage.base_url.replace("http://", "ws://")
    url = f"{host}/services/{door}/socket/websocket?vsn=2.0.0"
    async with connect(url, compression=None) as connection:
        yield PhoenixClient(connection)


@asynccontextmanager
async def in_chat(stage: Stage) -> AsyncIterator[PhoenixClient]:
    """Open the live socket, join the chat and read past the backlog."""
    async with connected(stage) as client:
        await client.join(stage.show.chat)
        await client.until("latest_messages")
        yield client

"""The per-message design, as a program of its own: the control of G1 and G3 to G5.

Every HTTP POST carries one message. The server inserts one row and commits, waits for a language
model that judges this one message (a stub of a given delay), encodes JSON for each dashboard anew
and sends it to one after the other. It is kind to the design: SQLite without a network, the same
pragmas as ours, a server as fast as ours, no authentication, no checks.

Prints one JSON line with its address once it is ready, and runs until SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import socket
import sqlite3
import tempfile
import time
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

TABLE = """
CREATE TABLE chat_messages (
    id INTEGER PRIMARY KEY, platform_id TEXT, username TEXT, message TEXT, platform TEXT,
    created_at REAL
)
"""
INSERT = (
    "INSERT INTO chat_messages (platform_id, username, message, platform, created_at)"
    " VALUES (?, ?, ?, ?, ?)"
)


class PerMessage:
    """The server's state: one connection to the store, and who is connected."""

    def __init__(self, path: Path, stub_seconds: float) -> None:
        self._stub_seconds = stub_seconds
        self._dashboards: set[WebSocket] = set()
        self._store = sqlite3.connect(path, isolation_level=None)
        self._store.execute("PRAGMA journal_mode = wal")
        self._store.execute("PRAGMA synchronous = full")
        self._store.execute(TABLE)

    async def post(self, request: Request) -> JSONResponse:
        wish = await request.json()
        now = time.time()
        row = (wish["platformId"], wish["username"], wish["message"], "whatnot", now)
        row_id = self._store.execute(INSERT, row).lastrowid
        if self._stub_seconds:
            await asyncio.sleep(self._stub_seconds)
        analysis = {"is_buyer": False, "confidence": 0.1, "message_type": "general"}
        for dashboard in tuple(self._dashboards):
            frame = {
                "type": "new_message",
                "message": {
                    "id": row_id,
                    "platformId": wish["platformId"],
                    "username": wish["username"],
                    "message": wish["message"],
                    "timestamp": now,
                    **analysis,
                },
            }
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                await dashboard.send_text(json.dumps(frame))
        return JSONResponse({"success": True, "analyzed": True, "analysis": analysis})

    async def watch(self, dashboard: WebSocket) -> None:
        await dashboard.accept()
        self._dashboards.add(dashboard)
        try:
            while True:
                await dashboard.receive_text()
        except WebSocketDisconnect:
            pass
        finally:
            self._dashboards.discard(dashboard)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/messages", self.post, methods=["POST"]),
                WebSocketRoute("/ws", self.watch),
            ]
        )


async def serve(path: Path, stub_seconds: float) -> None:
    """Serve on a free port of the loopback until SIGTERM."""
    # Named TCP, because asyncio switches Nagle's delay off only for sockets that say so; without
    # it each answer waits 40 ms for an acknowledgement.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(2048)
        config = uvicorn.Config(
            PerMessage(path, stub_seconds).app(),
            loop="asyncio",
            http="httptools",
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            ws_ping_interval=None,
            log_level="error",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        print(json.dumps({"url": url}), flush=True)
        await uvicorn.Server(config).serve(sockets=[listening])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stub-ms", type=float, default=300.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="per-message-") as folder:
        asyncio.run(serve(Path(folder) / "store.db", arguments.stub_ms / 1000))


if __name__ == "__main__":
    main()

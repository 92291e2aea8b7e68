"""Our side of G6 and G7: the API as it is served, with messages published on its bus.

python -m bench.g6_server CLIENTS RATE SECONDS
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import cast

from dealflow.api.app import create_app
from dealflow.api.server import Server
from dealflow.bus.base import Committed
from dealflow.bus.memory import MemoryBus
from dealflow.clock import SystemClock, iso
from dealflow.model.events import (
    Frame,
    MessageView,
    NewMessage,
    encode_body,
    frame_data,
    frame_prefix,
)
from dealflow.model.intent import Intent, Role, Slots
from dealflow.model.position import Position
from dealflow.pipeline.base import Monitor
from dealflow.settings import ApiSettings, Settings
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics

TOKEN = "only-for-this-measurement-0123456789abcdef"
EPOCH = 1
SETTLE_SECONDS = 0.3


class _NoMonitor:
    """Nothing is read here: messages come from `publish`, and clients only listen."""

    @property
    def active(self) -> frozenset[str]:
        return frozenset()


def frame(seq: int, prefix: bytes) -> Frame:
    """Encode one message, with the time at which it was published in its text."""
    view = MessageView(
        id="0193a5c0-0000-7000-8000-000000000000",
        platform_id=None,
        username=f"buyer_{seq % 500}",
        message=f"mine A12 t={time.monotonic_ns()};",
        timestamp=iso(time.time_ns() // 1_000_000),
        role=Role.VIEWER,
        backlog=False,
        is_buyer=True,
        confidence=0.95,
        message_type="direct_purchase",
        intent=Intent.CLAIM,
        slots=Slots(item="A12", quantity=1),
        lot=None,
    )
    body = encode_body(NewMessage(message=view))
    return Frame(seq, "new_message", frame_data(prefix, Position(EPOCH, seq), body))


async def publish(bus: MemoryBus, rate: int, seconds: float) -> None:
    """Publish messages one by one, as they are due."""
    prefix = frame_prefix("bench")
    begun = time.perf_counter()
    seq, total = 0, int(rate * seconds)
    while seq < total:
        due = min(total, int((time.perf_counter() - begun) * rate))
        while seq < due:
            seq += 1
            await bus.publish(Committed("bench-id", "bench", EPOCH, (frame(seq, prefix),)))
        await asyncio.sleep(0.001)


async def main(clients: int, rate: int, seconds: float) -> None:
    """Serve until killed; publish once all clients are there."""
    clock, metrics, bus = SystemClock(), Metrics(), MemoryBus()
    settings = Settings(api=ApiSettings(port=0))
    store = await SqliteStore.open(None, clock=clock, metrics=metrics)
    app = create_app(
        settings=settings,
        store=store,
        bus=bus,
        monitor=cast(Monitor, _NoMonitor()),
        metrics=metrics,
        clock=clock,
        token=TOKEN,
    )
    server = Server(app, settings.api)
    await server.start()
    print(json.dumps({"port": server.port}), flush=True)
    gauge = "dealflow_clients"
    while (metrics.registry.get_sample_value(gauge) or 0) < clients:  # noqa: ASYNC110 - a gauge
        await asyncio.sleep(0.05)
    await asyncio.sleep(SETTLE_SECONDS)
    await publish(bus, rate, seconds)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))

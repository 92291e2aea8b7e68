"""A clock that runs many times faster, for real sockets with long time limits."""

from __future__ import annotations

import asyncio
import time


class FastClock:
    """Implements `dealflow.clock.Clock`; ``speed`` seconds pass in each real one."""

    def __init__(self, speed: float) -> None:
        self._speed = speed

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic() * self._speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self._speed)

"""A clock that a test turns by hand."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count

START_MS = 1_764_000_000_000


class ManualClock:
    """Implements `dealflow.clock.Clock`; time stands still until `advance`."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self._wall = float(now_ms)
        self._monotonic = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()

    def now_ms(self) -> int:
        return int(self._wall)

    def monotonic(self) -> float:
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._order), done))
        await done

    async def advance(self, seconds: float) -> None:
        """Let time pass, waking sleepers in their order."""
        end = self._monotonic + seconds
        await _settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, done = heapq.heappop(self._sleepers)
            self._step(due)
            if not done.done():
                done.set_result(None)
            await _settle()
        self._step(end)

    def jump(self, seconds: float) -> None:
        """Move wall time alone, as a corrected clock does."""
        self._wall += seconds * 1000

    def _step(self, monotonic: float) -> None:
        self._wall += (monotonic - self._monotonic) * 1000
        self._monotonic = monotonic


async def _settle() -> None:
    """Give every ready task a few turns."""
    for _ in range(10):
        await asyncio.sleep(0)

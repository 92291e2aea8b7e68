"""Time, asked for through one small port so that tests can turn it by hand.

Wall time is for people and records; it may jump. Durations, deadlines and leases use
``monotonic`` only.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol


class Clock(Protocol):
    """The source of time."""

    def now_ms(self) -> int:
        """Return wall time, in milliseconds since 1970-01-01 UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; return at once when ``seconds`` is not positive."""
        ...


class SystemClock:
    """The machine's own time."""

    def now_ms(self) -> int:
        """Return wall time, in milliseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait; return at once when ``seconds`` is not positive."""
        await asyncio.sleep(max(0.0, seconds))


def iso(ms: int) -> str:
    """Write milliseconds since 1970 as ISO 8601 in UTC: ``2026-11-24T09:04:53.120Z``."""
    seconds, rest = divmod(ms, 1000)
    return f"{_second(seconds)}.{rest:03d}Z"


def from_iso(text: str) -> int:
    """Read ISO 8601 as milliseconds since 1970; a time without a zone is UTC.

    Raises:
        ValueError: the text is no ISO 8601 time.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


# Messages come many to a second, and most of the work of `iso` is the calendar.
@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").removesuffix("+00:00")

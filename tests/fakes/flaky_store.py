"""A store that fails on request, in front of a real one."""

from __future__ import annotations

from collections import deque
from typing import Any

from dealflow.model.events import Frame
from dealflow.store.base import Batch, Store


class FlakyStore:
    """Raises what it was told to raise at the next appends, then passes everything on."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.errors: deque[Exception] = deque()
        self.poison: str | None = None
        self.poison_error: Exception | None = None
        self.appends: list[Batch] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def append(self, batch: Batch) -> tuple[Frame, ...]:
        if self.errors:
            raise self.errors.popleft()
        if self.poison_error is not None and any(
            judged.message.text == self.poison for judged in batch.messages
        ):
            raise self.poison_error
        frames = await self._store.append(batch)
        self.appends.append(batch)
        return frames

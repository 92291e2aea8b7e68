"""Reads what a client has not seen: from the shared logs, else from the store, else a snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dealflow.api.live import protocol
from dealflow.api.live.log import Log, Logs
from dealflow.api.live.protocol import Filter
from dealflow.api.live.snapshot import Snapshots
from dealflow.errors import ShowUnknown
from dealflow.model.events import Frame
from dealflow.model.view import ShowView
from dealflow.store.base import Show, Store

PAGE_FRAMES = 512
PAGE_BYTES = 64 * 1024
"""What a client gets before it must have taken it."""

RESET = -1
"""A position from which nothing can be read: the client gets a snapshot."""


class Page(NamedTuple):
    """Frames that a client wants; it has everything up to ``seq`` once they are sent."""

    frames: Sequence[Frame]
    seq: int
    epoch: int


class Start(NamedTuple):
    """Where a client begins, and the control frame that says so."""

    seq: int
    control: bytes


class Recovery:
    """Answers "what comes after this position?", for any position."""

    def __init__(self, store: Store, logs: Logs) -> None:
        self._store = store
        self._logs = logs
        self._snapshots = Snapshots(store)

    def log(self, show_id: str) -> Log | None:
        """Return a show's log, or ``None`` when nothing was heard of it since the start."""
        return self._logs.get(show_id)

    async def snapshot(self, show: Show) -> ShowView:
        """Return a show's view after every frame that is committed now."""
        return await self._snapshots.of(show)

    async def start(self, show: Show, after: int | None, epoch: int | None) -> Start:
        """Answer a subscription.

        Args:
            show: the show, read from the store after the request came.
            after: the client's position; ``None``: it has none.
            epoch: the epoch of that position; ``None``: it does not know.
        """
        log = self._logs.get(show.id)
        if log is not None and log.epoch != show.epoch:
            log = None
        head = max(show.last_seq, log.head if log else 0)
        if after is None or epoch not in (None, show.epoch) or after > head:
            return await self._reset(show)
        if not (log and log.floor <= after) and await self._store.first_seq(show.id) > after + 1:
            return await self._reset(show)
        return Start(after, _control(show, after, None))

    async def page(self, show_id: str, seq: int, wanted: Filter) -> Page | Start:
        """Return what follows a position; a `Start` when it cannot be read without a hole.

        Raises:
            ShowUnknown: the show is gone.
            StoreUnavailable: the store does not answer now.
        """
        log = self._logs.get(show_id)
        if log is not None and log.floor <= seq:
            found = _cut(log.after(seq, PAGE_FRAMES)) if seq < log.head else []
            return Page(wanted.of(found), found[-1].seq if found else seq, log.epoch)
        show = await self._store.show(show_id)
        if show is None:
            raise ShowUnknown("The show is gone.")
        stored = await self._stored(show, seq, wanted) if seq >= 0 else None
        return stored or await self._reset(show)

    async def _stored(self, show: Show, seq: int, wanted: Filter) -> Page | None:
        """Read a page from the store; ``None`` when it has a hole.

        Everything up to the show's ``last_seq`` was committed before this read begins, so a page
        that is not full proves that nothing wanted lies between its end and there.
        """
        found = await self._store.frames(
            show.id, after=seq, limit=PAGE_FRAMES, kinds=sorted(wanted.kinds)
        )
        whole = wanted.kinds or not found or found[0].seq == seq + 1
        if not whole or await self._store.first_seq(show.id) > seq + 1:
            return None
        frames = _cut(found)
        if len(found) == PAGE_FRAMES or len(frames) < len(found):
            end = frames[-1].seq
        else:
            end = max(seq, show.last_seq, found[-1].seq if found else 0)
        return Page(wanted.of(frames), end, show.epoch)

    async def _reset(self, show: Show) -> Start:
        view = await self._snapshots.of(show)
        return Start(view.seq, _control(show, view.seq, view))


def _control(show: Show, seq: int, snapshot: ShowView | None) -> bytes:
    return protocol.subscribed(
        session_id=show.session_id,
        stream_id=show.id,
        seq=seq,
        epoch=show.epoch,
        recovered=snapshot is None,
        snapshot=snapshot,
    )


def _cut(frames: list[Frame]) -> list[Frame]:
    """Return the frames that fit in a page, at least one."""
    size = 0
    for index, frame in enumerate(frames):
        size += len(frame.data)
        if size > PAGE_BYTES and index:
            return frames[:index]
    return frames

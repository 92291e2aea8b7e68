"""Snapshots of shows: the fold of all their frames, kept up to date from the last one."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from dealflow.model.events import decode
from dealflow.model.show import StreamInfo
from dealflow.model.view import ShowView, apply
from dealflow.store.base import Show, Store

MAX_VIEWS = 64
"""Views that are kept, each 100 KB at most; another show's is folded again when asked for."""

PAGE = 250
"""Frames that are folded before other tasks get their turn: about 2 ms."""


@dataclass(slots=True)
class _Kept:
    view: ShowView
    epoch: int
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Snapshots:
    """Makes snapshots. Snapshot + later frames = later snapshot."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    async def of(self, show: Show) -> ShowView:
        """Return the view after every frame that is committed now."""
        kept = self._kept.get(show.id)
        if kept is None or kept.epoch != show.epoch:
            kept = self._kept[show.id] = _Kept(_blank(show), show.epoch)
        self._kept.move_to_end(show.id)
        if len(self._kept) > MAX_VIEWS:
            self._kept.popitem(last=False)
        async with kept.lock:
            kept.view = await self._fold(show.id, kept.view)
            return kept.view

    async def _fold(self, show_id: str, view: ShowView) -> ShowView:
        while True:
            frames = await self._store.frames(show_id, after=view.seq, limit=PAGE)
            for frame in frames:
                view = apply(view, frame.seq, decode(frame.data))
            if len(frames) < PAGE:
                return view


def info_of(show: Show) -> StreamInfo:
    """Return a stored show as callers see it."""
    return StreamInfo(
        url=show.url,
        title=show.title,
        viewers=show.viewers,
        source=show.source,
        platform=show.platform,
        seller=show.seller,
    )


def _blank(show: Show) -> ShowView:
    """Return the view before the first frame; what it lacks is on the show's row."""
    stream = StreamInfo(url=show.url, platform=show.platform)
    return ShowView(stream_id=show.id, stream=stream)

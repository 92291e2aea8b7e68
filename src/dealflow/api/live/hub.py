"""One listener on the bus for all clients: takes committed frames and hands them round."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from dealflow.api.access import Access
from dealflow.api.live import protocol
from dealflow.api.live.client import Client, Group, Rendered
from dealflow.api.live.log import Log, Logs
from dealflow.api.live.protocol import (
    CLOSE_RENEW,
    CLOSE_RIGHTS,
    CLOSE_STALLED,
    CLOSE_STOPPING,
)
from dealflow.bus.base import Bus, Committed, Subscription
from dealflow.clock import Clock
from dealflow.errors import DealflowError
from dealflow.model.events import Frame
from dealflow.store.base import Store
from dealflow.telemetry.metrics import Metrics

CAPACITY = 10_000
"""Committed batches that may wait for the hub; then it reads the store instead."""

FLUSH_SECONDS = 0.020
FLUSH_SHARE = 3.0
"""After a flush the next waits for three times as long as it took, and begins 20 ms after it at
the latest: with few clients frames go out one by one, with many they are joined."""

ROUND_BYTES = 128 * 1024
"""Frames that are written to a client before it is asked again whether it can take more."""

FILL_PAGE = 1000

STALLED_SECONDS = 20.0
"""A client that has taken nothing for this long is closed; it may come back from its position."""

LIFETIME_SECONDS = 24 * 3600.0
"""No stream lives for ever: an old one is closed and resumes, so that no state is forgotten."""

WATCH_SECONDS = 1.0
PATIENCE_SECONDS = 1.0

_log = logging.getLogger(__name__)


class Hub:
    """Knows who wants what. Lives on one event loop, inside `running`."""

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        logs: Logs,
        access: Access,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._bus = bus
        self._logs = logs
        self._access = access
        self._clock = clock
        self._metrics = metrics
        self._clients: set[Client] = set()
        self._everything: set[Client] = set()
        self._by_show: dict[str, set[Client]] = {}
        self._listening = False
        self.stopping = False

    @property
    def listening(self) -> bool:
        """Say whether the hub hears the bus."""
        return self._listening

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen until the block ends; then every client is told to come back later."""
        subscription = self._bus.subscribe("hub", CAPACITY)
        try:
            async with asyncio.TaskGroup() as tasks:
                own = [
                    tasks.create_task(self._listen(subscription), name="hub-listen"),
                    tasks.create_task(self._watch(), name="hub-watch"),
                ]
                self._listening = True
                yield
                self.shut_down()
                for task in own:
                    task.cancel()
        finally:
            self._listening = False
            subscription.close()

    def shut_down(self) -> None:
        """Take no new client and end every stream."""
        self.stopping = True
        for client in self._clients:
            client.end(CLOSE_STOPPING, "DealFlow is shutting down")

    def join(self, client: Client) -> None:
        """Take a client in; it gets nothing before it wants something."""
        self._clients.add(client)
        self._metrics.clients.inc()
        if self.stopping:
            client.end(CLOSE_STOPPING, "DealFlow is shutting down")

    def leave(self, client: Client) -> None:
        """Let a client go."""
        self._clients.discard(client)
        self._metrics.clients.dec()
        self._place(client, gone=True)

    def place(self, client: Client) -> None:
        """Learn anew what a client wants."""
        self._place(client, gone=False)

    def _place(self, client: Client, *, gone: bool) -> None:
        self._everything.discard(client)
        for show_id in [key for key, clients in self._by_show.items() if client in clients]:
            self._by_show[show_id].discard(client)
            if not self._by_show[show_id]:
                del self._by_show[show_id]
        if gone:
            return
        if client.everything is not None:
            self._everything.add(client)
        for show_id in client.wanted:
            self._by_show.setdefault(show_id, set()).add(client)

    async def _listen(self, subscription: Subscription) -> None:
        """Flush news; wait between flushes by what the last one cost."""
        behind = False
        while True:
            news = None if behind else await subscription.next()
            if news is not None and not news:
                self._listening = False
                return
            begun = self._clock.monotonic()
            try:
                await self._take(news)
            except DealflowError:
                _log.exception("Live frames are late: the store could not be read.")
                await self._clock.sleep(PATIENCE_SECONDS)
                behind = True
                continue
            behind = False
            cost = self._clock.monotonic() - begun
            await self._clock.sleep(min(FLUSH_SHARE * cost, FLUSH_SECONDS - cost))

    async def _take(self, news: Sequence[Committed] | None) -> None:
        """Hand news round; ``None`` when some were lost."""
        if news is None:
            await self._read_again()
            return
        for groups in _rounds(await self._gather(news)):
            self._deliver(groups)

    async def _gather(self, news: Sequence[Committed]) -> list[tuple[Log, list[Frame]]]:
        """Return the frames that follow each show's log, holes filled from the store."""
        found: dict[str, tuple[Log, list[Frame]]] = {}
        for committed in news:
            if not committed.frames:
                continue
            log, frames = found.get(committed.show_id) or (self._log_of(committed), [])
            if log.epoch != committed.epoch:
                log, frames = self._log_of(committed), []
            found[committed.show_id] = (log, frames)
            head = frames[-1].seq if frames else log.head
            if committed.frames[0].seq > head + 1:
                frames += await self._between(log, head, committed.frames[0].seq)
                head = frames[-1].seq if frames else log.head
            frames += [frame for frame in committed.frames if frame.seq > head]
        return [(log, frames) for log, frames in found.values() if frames]

    def _log_of(self, committed: Committed) -> Log:
        log = self._logs.get(committed.show_id)
        if log is None or log.epoch != committed.epoch:
            began_again = log is not None
            log = Log(
                committed.show_id,
                committed.session_id,
                committed.epoch,
                committed.frames[0].seq - 1,
            )
            self._logs.begin(log)
            if began_again:
                for client in (*self._by_show.get(log.show_id, ()), *self._everything):
                    client.renew(log.show_id)
        return log

    async def _between(self, log: Log, after: int, before: int) -> list[Frame]:
        """Read the frames of a hole."""
        found: list[Frame] = []
        while after + 1 < before:
            page = await self._store.frames(log.show_id, after=after, limit=FILL_PAGE)
            page = [frame for frame in page if frame.seq < before]
            if not page:
                break
            found += page
            after = page[-1].seq
        return found

    async def _read_again(self) -> None:
        """After an overflow of the bus: catch up with every show that is known, from the store.

        Shows that nothing was heard of yet may have lost frames on the sockets that want every
        show; those are told.
        """
        self._metrics.clients_lagged.labels("bus").inc()
        for client in self._everything:
            client.say(protocol.lagged(session_id=None, seq=0, epoch=0, head=0))
        for log in self._logs.all():
            while page := await self._store.frames(log.show_id, after=log.head, limit=FILL_PAGE):
                for groups in _rounds([(log, page)]):
                    self._deliver(groups)

    def _deliver(self, groups: Sequence[tuple[Log, Sequence[Frame]]]) -> None:
        """Put the frames on their logs and offer them to everybody; never waits."""
        ready: list[Group] = []
        for log, frames in groups:
            before = log.head
            self._logs.append(log, frames)
            ready.append((log, before, frames))
        rendered: Rendered = {}
        for client in self._everything:
            client.offer(ready, rendered)
        for group in ready:
            for client in self._by_show.get(group[0].show_id, ()):
                client.offer((group,), rendered)

    async def _watch(self) -> None:
        """Close who stalls, who lost the right and who has been here too long."""
        while True:
            await self._clock.sleep(WATCH_SECONDS)
            now = self._clock.monotonic()
            for client in self._clients:
                if not self._access.holds(client.grant):
                    client.end(CLOSE_RIGHTS, "the right to listen has ended")
                elif now - (client.blocked_since or now) > STALLED_SECONDS:
                    client.end(CLOSE_STALLED, "too slow; resume from your position")
                elif now - client.since > LIFETIME_SECONDS:
                    client.end(CLOSE_RENEW, "connect again and resume")


def _rounds(
    gathered: Sequence[tuple[Log, Sequence[Frame]]],
) -> list[list[tuple[Log, Sequence[Frame]]]]:
    """Split a flush so that each part is small enough for one write."""
    rounds: list[list[tuple[Log, Sequence[Frame]]]] = []
    size = ROUND_BYTES
    for log, frames in gathered:
        start = 0
        for index, frame in enumerate(frames):
            if size + len(frame.data) > ROUND_BYTES:
                if index > start:
                    rounds[-1].append((log, frames[start:index]))
                rounds.append([])
                start, size = index, 0
            size += len(frame.data)
        rounds[-1].append((log, frames[start:]))
    return rounds

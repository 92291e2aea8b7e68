"""Pairs what the page's sockets and its chat list say, so that each message is told once. Pure.

The two share no id. A sighting of one is the twin of a sighting of the other when author and text
agree, one for one: three times "mine" on the socket cancel three rows, never a fourth. Both ways
keep their order, but for a few places; so once a row found its twin, much older messages of the
socket no longer wait for theirs.

A message of the socket is told at once. A row waits a moment for its twin, since the twin knows
more (ids, roles), but only while the socket is well. A twin that comes after its row was told is
told again as backlog: the pipeline learns its id from it and stores nothing twice.

A socket that was deaf and hears again is ahead of the page by what it missed: its messages are
held, for a moment at most, until the page shows the first of them.

All times are seconds of one clock that never goes back.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from dealflow.model.facts import ChatDropped, ChatSeen, DropReason
from dealflow.model.text import folded
from dealflow.sources.whatnot.dom import Row

TWIN_SECONDS: Final = 5.0
"""Twins this far apart still belong together; a page that renders later than that has a fault."""

WAIT_SECONDS: Final = 0.150
"""A row waits this long. The frame was seen 20 ms before the row changes, so this is generous."""

FEW: Final = 3
"""Rows without a twin, one after the other, after which the socket is held to be deaf."""

HOLD_SECONDS: Final = 1.0
"""A message of a socket that was deaf is held so long for the page to catch up. A page that must
render 200 messages a second was seen to be 0.75 s behind."""

MAX_HELD: Final = 1_000
"""Messages that may be held: five times as many as that chat has in a second."""

SHUFFLE: Final = 20
"""Places by which the two ways may differ in order; about one screen of rows."""

MAX_PENDING: Final = 5_000
"""Sightings that may wait for a twin: 25 s of 200 messages/s."""

MAX_IDS: Final = 2_000
"""Ids remembered, so that a message told twice by the socket cancels one row only."""

Pair = tuple[str, str]


def pair_of(fact: ChatSeen) -> Pair:
    """Return what two sightings of one message have in common."""
    return (fact.username, folded(fact.text))


@dataclass(frozen=True, slots=True)
class _Sighting:
    place: int
    at: float


class _Pending:
    """Sightings of one way that have no twin yet, in order."""

    def __init__(self) -> None:
        self._by_pair: dict[Pair, deque[_Sighting]] = {}
        self._order: deque[tuple[Pair, _Sighting]] = deque()
        self._next = 0
        self._paired_to = -1

    def add(self, pair: Pair, now: float) -> None:
        sighting = _Sighting(self._next, now)
        self._next += 1
        self._by_pair.setdefault(pair, deque()).append(sighting)
        self._order.append((pair, sighting))
        while len(self._order) > MAX_PENDING:
            self._drop_oldest()

    def take(self, pair: Pair, now: float, *, anywhere: bool = False) -> bool:
        """Use up the oldest sighting of a pair that may still be meant; say whether there was."""
        self._expire(now)
        waiting = self._by_pair.get(pair, ())
        for sighting in waiting:
            if anywhere or sighting.place >= self._paired_to - SHUFFLE:
                self._remove(pair, sighting)
                self._paired_to = max(self._paired_to, sighting.place)
                return True
        return False

    def _remove(self, pair: Pair, sighting: _Sighting) -> None:
        waiting = self._by_pair[pair]
        waiting.remove(sighting)
        if not waiting:
            del self._by_pair[pair]

    def _expire(self, now: float) -> None:
        while self._order and now - self._order[0][1].at > TWIN_SECONDS:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        pair, sighting = self._order.popleft()
        if sighting in self._by_pair.get(pair, ()):
            self._remove(pair, sighting)


class ChannelMerge:
    """The merge of one page's two ways."""

    def __init__(self) -> None:
        self._told = _Pending()
        self._shown = _Pending()
        self._waiting: deque[tuple[Row, float]] = deque()
        self._held: deque[tuple[Pair, ChatSeen, float]] = deque()
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._alone = 0
        self._doubtful = 0
        self._socket_open = False

    @property
    def next_due(self) -> float | None:
        """Return when `due` has something to do, or ``None``."""
        firsts = [queue[0][-1] for queue in (self._waiting, self._held) if queue]
        return min(firsts, default=None)

    @property
    def socket_well(self) -> bool:
        """Say whether rows wait for a twin: a socket is open, and it told the latest rows too."""
        return self._socket_open and self._alone < FEW

    def socket_opened(self) -> None:
        """Take note that a socket can be heard."""
        self._socket_open = True
        self._alone = 0

    def socket_closed(self, now: float) -> list[ChatSeen | ChatDropped]:
        """Take note that no socket can be heard; what waited for it is told now."""
        self._socket_open = False
        return self._release(now)

    def socket(self, fact: ChatSeen, now: float) -> list[ChatSeen | ChatDropped]:
        """Take a message of a socket; returns what is to be told, in order."""
        pair = pair_of(fact)
        if not self._know(fact):
            return [fact]  # the pipeline knows it by its id
        if self._shown.take(pair, now, anywhere=fact.backlog):
            self._paired()
            return [replace(fact, backlog=True)]
        place = self._waiting_place(pair)
        if place is not None:
            self._paired()
            before = self._flush(place, now)
            self._waiting.popleft()
            return [*before, fact]
        if not fact.backlog and (self._held or self._alone >= FEW):
            self._held.append((pair, fact, now + HOLD_SECONDS))
            return self._release(now) if len(self._held) > MAX_HELD else []
        before = self._release(now) if self._held else self._flush(self._rows_surely_before(), now)
        self._told.add(pair, now)
        return [*before, fact]

    def dom(self, row: Row, now: float) -> list[ChatSeen | ChatDropped]:
        """Take a row of the page; returns what is to be told, in order."""
        pair = pair_of(row.fact)
        if row.fact.backlog:
            # The pipeline lines a backlog up as a whole, so none of it may be held back here.
            self._told.take(pair, now, anywhere=True)
            return [*self._flush(len(self._waiting), now), row.fact]
        told = self._release(now) if any(pair == held for held, _, _ in self._held) else []
        if self._told.take(pair, now, anywhere=row.late):
            self._paired()
            return told
        self._waiting.append((row, now + WAIT_SECONDS))
        return told if self.socket_well else [*told, *self._flush(len(self._waiting), now)]

    def due(self, now: float) -> list[ChatSeen | ChatDropped]:
        """Tell the rows that have waited long enough, and what was held in vain."""
        if self._held and self._held[0][-1] <= now:
            return self._release(now)
        ready = sum(until <= now for _, until in self._waiting)
        self._alone += ready
        return self._flush(ready, now)

    def _paired(self) -> None:
        """Take note that both ways told the same message, so the socket hears what is said."""
        self._alone = 0
        self._doubtful = 0

    def _release(self, now: float) -> list[ChatSeen | ChatDropped]:
        """Tell all rows that wait, then all messages that were held, and trust the socket again."""
        out = self._flush(len(self._waiting), now)
        while self._held:
            pair, fact, _ = self._held.popleft()
            self._told.add(pair, now)
            out.append(fact)
            self._alone = 0
        return out

    def _flush(self, count: int, now: float) -> list[ChatSeen | ChatDropped]:
        out: list[ChatSeen | ChatDropped] = []
        for _ in range(count):
            row, _ = self._waiting.popleft()
            self._doubtful += row.skipped
            if self._doubtful and not self.socket_well:
                # Rows that were never in the page, and no socket that could have told them.
                out.append(ChatDropped(reason=DropReason.GAP, at=row.fact.at, count=self._doubtful))
                self._doubtful = 0
            self._shown.add(pair_of(row.fact), now)
            out.append(row.fact)
        return out

    def _waiting_place(self, pair: Pair) -> int | None:
        for place, (row, _) in enumerate(self._waiting):
            if pair_of(row.fact) == pair:
                return place
        return None

    def _rows_surely_before(self) -> int:
        """Return how many waiting rows came before a message that is none of them.

        Rows that follow each other without a jump leave no room between them; where rows are
        missing, the message may be one of those.
        """
        for place, (row, _) in enumerate(self._waiting):
            if row.skipped:
                return place
        return len(self._waiting)

    def _know(self, fact: ChatSeen) -> bool:
        """Remember an id; say whether it is new (a message without one always is)."""
        if fact.platform_id is None:
            return True
        if fact.platform_id in self._ids:
            return False
        self._ids[fact.platform_id] = None
        if len(self._ids) > MAX_IDS:
            self._ids.popitem(last=False)
        return True

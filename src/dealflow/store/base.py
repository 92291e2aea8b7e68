"""The port of this room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from dealflow.model.claim import Capture, Claim
from dealflow.model.correction import Corrected
from dealflow.model.events import Frame
from dealflow.model.facts import Gap
from dealflow.model.filters import Filters
from dealflow.model.intent import Intent, Slots, Verdict
from dealflow.model.message import Judged, Message
from dealflow.model.revision import Doubt, Revision, Spent, VerdictSource
from dealflow.model.run import Run
from dealflow.model.show import LearnedRule, Lot, Sale, SaleMode, ShowRules, ShowStatus


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """The accounting of one show, or what a batch adds to it.

    ``buyers`` and ``leads`` follow the verdicts that stand, so a correction may take one away; the
    other figures only ever rise. The identity that holds at rest: read = stored + duplicates +
    sum(dropped) + spooled.
    """

    read: int = 0
    stored: int = 0
    duplicates: int = 0
    dropped: dict[str, int] = {}
    buyers: int = 0
    leads: int = 0


class Show(msgspec.Struct, frozen=True, kw_only=True):
    """A show as it is stored. Times are milliseconds since 1970; money in major units.

    ``id`` is our UUID (the ``streamId``), ``session_id`` the caller's own key. ``rules`` and
    ``filters`` are what the seller set (``None``: nothing), ``learned`` what the shop announced.
    """

    id: str
    session_id: str
    platform: str
    url: str
    epoch: int
    started_at: int
    last_seq: int = 0
    title: str = ""
    seller: str = ""
    source: str = ""
    mode: SaleMode | None = None
    status: ShowStatus = ShowStatus.UNKNOWN
    viewers: int | None = None
    rules: ShowRules | None = None
    filters: Filters | None = None
    learned: tuple[LearnedRule, ...] = ()
    threshold: float | None = None
    ended_at: int | None = None
    total_sales_caught: int = 0
    total_revenue_recovered: float = 0.0
    counters: Counters = Counters()

    def capture_threshold(self, usual: float) -> float:
        """Return the confidence from which a message is a buyer's here; ``usual`` elsewhere."""
        return usual if self.threshold is None else self.threshold


class ShowUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What is to change on the show's row; ``None`` leaves a field as it is.

    ``reopen`` takes ``ended_at`` away again, because the show is being read once more.
    """

    title: str | None = None
    seller: str | None = None
    source: str | None = None
    mode: SaleMode | None = None
    status: ShowStatus | None = None
    viewers: int | None = None
    ended_at: int | None = None
    filters: Filters | None = None
    learned: tuple[LearnedRule, ...] | None = None
    reopen: bool = False


class EventDraft(msgspec.Struct, frozen=True):
    """An event that has no position yet: its ``type`` and its encoded body."""

    kind: str
    body: bytes


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """All that one transaction writes for one show.

    ``counters`` are added to the stored ones. ``learned`` maps keys of stored messages that had
    no platform id to the id that was learned later. ``events`` get their positions in this order;
    the first ``new_message`` event is the first message's, and so on, one for each.

    ``withdrawn`` and ``returned`` are the keys of captures that count no more, or again.
    ``revisions`` are further verdicts on messages stored earlier or here; a second opinion or the
    seller's word also settles the message's doubt. ``doubts`` wait until then.
    """

    show_id: str
    epoch: int
    at: int
    messages: tuple[Judged, ...] = ()
    captures: tuple[Capture, ...] = ()
    withdrawn: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    sales: tuple[Sale, ...] = ()
    lots: tuple[Lot, ...] = ()
    gaps: tuple[Gap, ...] = ()
    learned: tuple[tuple[str, str], ...] = ()
    counters: Counters = Counters()
    update: ShowUpdate | None = None
    revisions: tuple[Revision, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    events: tuple[EventDraft, ...] = ()


class StoredMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message with the verdict that stands, as pages and the ledger read it.

    ``version`` counts the verdicts from 1 up to the one that stands, ``source`` says who gave it.
    ``first`` is the message's own verdict, when another one stands. ``mode`` and ``lot_age`` are
    what was known when it was judged, as in `Context`. Scores are not kept.
    """

    message: Message
    seq: int
    intent: Intent
    confidence: float
    slots: Slots
    claims: tuple[Slots, ...] = ()
    reason: str = ""
    model: str = ""
    source: VerdictSource = VerdictSource.LOCAL
    version: int = 1
    first: Verdict | None = None
    mode: SaleMode | None = None
    lot_age: float | None = None

    @property
    def verdict(self) -> Verdict:
        """Return the verdict that stands."""
        return Verdict(
            intent=self.intent,
            confidence=self.confidence,
            scores={},
            slots=self.slots,
            claims=self.claims,
            reason=self.reason,
            model=self.model,
        )


class Seen(msgspec.Struct, frozen=True):
    """What the dedupe ring must remember of one stored message."""

    key: str
    platform_id: str | None
    username: str
    text: str
    received_at: int


class Store(Protocol):
    """The truth. All methods are safe to call from several tasks at once."""

    async def open_show(
        self,
        *,
        session_id: str,
        platform: str,
        url: str,
        now_ms: int,
        rules: ShowRules | None = None,
        filters: Filters | None = None,
        threshold: float | None = None,
    ) -> Show:
        """Return the show of this caller's key, made or brought up to date as needed.

        An empty URL, and whatever is absent, leave a known show's as they are, so that pushing to
        a show that is read elsewhere changes nothing of it.
        """
        ...

    async def show(self, show_id: str) -> Show | None:
        """Return a show by our UUID."""
        ...

    async def show_of(self, session_id: str) -> Show | None:
        """Return a show by the caller's key."""
        ...

    async def shows(self, *, limit: int = 1000) -> list[Show]:
        """Return shows, the newest first."""
        ...

    async def append(self, batch: Batch) -> tuple[Frame, ...]:
        """Commit the batch; return its frames with their positions once they are on disk.

        Raises:
            DuplicateMessages: some messages are stored already; nothing was written.
            ShowUnknown: there is no such show, or its epoch is another one.
            DiskFull: no room; nothing was written, and it may work later.
            StoreUnavailable: the store does not answer now; nothing was written.
            InputInvalid: a row cannot be stored; nothing of this batch was written.
        """
        ...

    async def frames(
        self, show_id: str, *, after: int, limit: int, kinds: Sequence[str] = ()
    ) -> list[Frame]:
        """Return committed frames with ``seq > after`` in order, only of these kinds if given."""
        ...

    async def first_seq(self, show_id: str) -> int:
        """Return the oldest position that can still be read, or ``last_seq + 1`` if none can."""
        ...

    async def messages(
        self,
        show_id: str,
        *,
        after: int = 0,
        limit: int = 100,
        intents: Sequence[Intent] = (),
        first_too: bool = False,
    ) -> list[StoredMessage]:
        """Return messages by the position of their event, only of these intents if given.

        Args:
            show_id: the show.
            after: the position after which to begin.
            limit: the most that is returned.
            intents: those wanted, by the verdict that stands.
            first_too: let a message through as well whose first verdict was one of them.
        """
        ...

    async def message(self, show_id: str, message_id: str) -> StoredMessage | None:
        """Return one message of a show."""
        ...

    async def said_before(
        self, show_id: str, message: Message, *, seq: int, limit: int
    ) -> list[str]:
        """Return the latest texts of a message's author before a position, the oldest first."""
        ...

    async def corrections(self, show_id: str | None = None) -> list[Corrected]:
        """Return the messages on which a seller's word stands, in the order in which it was said.

        Args:
            show_id: the show; ``None``: all shows.
        """
        ...

    async def verdicts(self, show_id: str, message_id: str) -> list[Revision]:
        """Return every verdict on a message in the order of the versions, the first included."""
        ...

    async def doubts(
        self, show_id: str | None = None, *, since_ms: int = 0, limit: int = 100
    ) -> list[Doubt]:
        """Return messages that wait for a second opinion, the longest-waiting first.

        Args:
            show_id: the show; ``None``: all shows.
            since_ms: leave out what was stored before this time.
            limit: the most that is returned.
        """
        ...

    async def give_up(self, message_ids: Sequence[str], *, reason: str, now_ms: int) -> None:
        """Let messages wait no longer, for a reason that is kept; settled ones stay as they are."""
        ...

    async def spend(
        self,
        show_id: str,
        *,
        month: str,
        calls: int,
        tokens_in: int,
        tokens_out: int,
        money: float,
    ) -> None:
        """Add to what second opinions of a show cost in a month (``2026-11``).

        Raises:
            InputInvalid: there is no such show.
            DiskFull, StoreUnavailable: as `append`.
        """
        ...

    async def spent(self, month: str, show_id: str | None = None) -> Spent:
        """Return what second opinions cost in a month, in one show or in all."""
        ...

    async def open_run(
        self, show_id: str, *, model: str, threshold: float, now_ms: int, again: bool = False
    ) -> Run:
        """Return the newest reanalysis of a show by this model and threshold, or a fresh one.

        Raises:
            InputInvalid: there is no such show.
            DiskFull, StoreUnavailable: as `append`.
        """
        ...

    async def finish_run(self, run_id: str, *, now_ms: int) -> None:
        """Note that a reanalysis judged every message that there is."""
        ...

    async def runs(self, show_id: str) -> list[Run]:
        """Return a show's reanalyses, the newest first."""
        ...

    async def run_verdicts(self, run_id: str, *, after: int, upto: int) -> dict[str, Verdict]:
        """Return a reanalysis's verdicts by message id.

        Args:
            run_id: the reanalysis.
            after: the position after which to begin.
            upto: the position of the last message.
        """
        ...

    async def captures(
        self, show_id: str, *, after: int = 0, limit: int = 100, withdrawn: bool = False
    ) -> list[Capture]:
        """Return captures by number, rising from ``after``.

        Args:
            show_id: the show.
            after: the number after which to begin.
            limit: the most that is returned.
            withdrawn: return those too that the seller took back.
        """
        ...

    async def sales(self, show_id: str) -> list[Sale]:
        """Return the sales that the platform confirmed, in order."""
        ...

    async def claims(self, show_id: str) -> list[Claim]:
        """Return every claim as it stands."""
        ...

    async def gaps(self, show_id: str) -> list[Gap]:
        """Return what was not read, in order."""
        ...

    async def recent(self, show_id: str, *, limit: int) -> list[Seen]:
        """Return the newest stored messages, oldest first, for the dedupe ring."""
        ...

    async def check(self) -> dict[str, str]:
        """Write nothing, prove that reading and writing are possible, and describe the store.

        Returns facts for people: ``sqlite``, ``durability``, ``path``, ``size`` …

        Raises:
            DiskFull, StoreUnavailable: as `append`.
        """
        ...

    async def aclose(self) -> None:
        """Finish what is queued, then release files, threads and the writer lock."""
        ...

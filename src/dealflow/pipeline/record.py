"""Folds the steps of a batch into the ledger and writes down what one transaction must hold.

No I/O: the runner commits what `Record.fold` returns, and calls `Record.restore` when that failed,
so that memory never holds what the store does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from dealflow.clock import iso
from dealflow.ledger.books import Books, BooksState, Changes
from dealflow.ledger.ledger import (
    Entry,
    LotLeft,
    LotOpened,
    ModeKnown,
    RulesKnown,
    Said,
    Sold,
)
from dealflow.model.claim import Capture
from dealflow.model.events import (
    BuyerDetected,
    BuyerReturned,
    BuyerWithdrawn,
    EventBody,
    GapView,
    LotChanged,
    MessageView,
    NewMessage,
    PreviousVerdict,
    RulesChanged,
    SaleCompleted,
    SourceStateChanged,
    StatsUpdated,
    StreamSelected,
    Totals,
    VerdictUpdated,
    ViewersChanged,
)
from dealflow.model.facts import (
    Reconsidered,
    SaleSeen,
    ShowSeen,
    SourceChanged,
    SourceStatus,
    ViewersSeen,
)
from dealflow.model.intent import Utterance, Verdict
from dealflow.model.message import Judged
from dealflow.model.revision import Doubt, Revision, VerdictSource
from dealflow.model.show import ShowStatus, StreamInfo
from dealflow.model.showing import buyer_view, message_view, shown
from dealflow.pipeline.base import Doubter
from dealflow.pipeline.dossier import Dossier
from dealflow.pipeline.draft import Draft
from dealflow.pipeline.intake import Heard, LotMoved, RulesLearned, Step
from dealflow.store.base import Batch, Counters, Show

MINUTE_MS = 60_000
STATS_EVERY_MS = 1_000

# A message's rate is shown per minute of listening; before this much was heard, a burst of a
# backlog would read as thousands a minute.
LEAST_SPAN_MS = 10_000


class Written(msgspec.Struct):
    """What a fold wants committed, with what is known of each message by its id."""

    batch: Batch
    verdicts: dict[str, Verdict]
    captured: set[str]


class Memory(msgspec.Struct, frozen=True):
    """What `Record.restore` needs to undo a fold."""

    books: BooksState
    position: int
    totals: Totals
    stream: StreamInfo
    minute: dict[int, int]
    stats_at: int
    stats_due: bool


class Record:
    """The books of one show while it is being read."""

    def __init__(
        self,
        show: Show,
        *,
        books: Books,
        threshold: float,
        doubter: Doubter | None = None,
    ) -> None:
        self.show = show
        self.books = books
        self.threshold = threshold
        self._doubter = doubter
        self._position = show.last_seq
        self.totals = Totals(
            total_messages=show.counters.stored,
            total_buyers=show.counters.buyers,
            total_leads=show.counters.leads,
            estimated_value=show.total_revenue_recovered,
        )
        self.stream = StreamInfo(
            url=show.url,
            title=show.title,
            viewers=show.viewers,
            source=show.source,
            platform=show.platform,
            seller=show.seller,
        )
        self._minute: dict[int, int] = {}  # messages by second, for one minute
        self._stats_at = 0
        self._stats_due = False

    @property
    def stats_due(self) -> bool:
        """Say whether the figures changed since they were last told."""
        return self._stats_due

    def checkpoint(self) -> Memory:
        """Return what is needed to undo the folds that follow."""
        return Memory(
            self.books.checkpoint(),
            self._position,
            self.totals,
            self.stream,
            dict(self._minute),
            self._stats_at,
            self._stats_due,
        )

    def restore(self, memory: Memory) -> None:
        """Undo every fold since the checkpoint."""
        self.books.restore(memory.books)
        self._position = memory.position
        self.totals = memory.totals
        self.stream = memory.stream
        self._minute = dict(memory.minute)
        self._stats_at = memory.stats_at
        self._stats_due = memory.stats_due

    def fold(
        self,
        steps: Sequence[Step],
        verdicts: Mapping[str, Verdict],
        *,
        counters: Counters,
        learned: Sequence[tuple[str, str]],
        now_ms: int,
        dossiers: Mapping[str, Dossier] = MappingProxyType({}),
    ) -> Written:
        """Fold the steps in their order.

        Args:
            steps: what intake made of the facts.
            verdicts: by message id, one for each `Heard` step.
            counters: what intake counted; the messages, buyers and leads of this fold are added.
            learned: platform ids that became known later, by message key.
            now_ms: the time of this batch.
            dossiers: by message id, one for each message that is reconsidered.
        """
        draft = Draft(self._position + 1, dossiers=dict(dossiers))
        for step in steps:
            self._fold_one(step, verdicts, draft)
        self._tell_stats(draft, now_ms)
        batch = draft.batch(self.show, at=now_ms, counters=counters, learned=learned)
        self._position += len(batch.events)
        captured = {judged.message.id for judged in draft.messages if self._stands(judged)}
        return Written(batch, dict(verdicts), captured)

    def reached(self, position: int) -> None:
        """Note the position of the last event that was committed beside the folds."""
        self._position = position

    def select(self) -> EventBody:
        """Return the event that opens a show."""
        return StreamSelected(stream_id=self.show.id, stream=self.stream)

    def _stands(self, judged: Judged) -> bool:
        return self._is_buyer(judged.verdict) and self.books.stands(judged)

    def _is_buyer(self, verdict: Verdict) -> bool:
        return verdict.confidence >= self.threshold

    def _is_lead(self, verdict: Verdict) -> bool:
        return verdict.intent.is_lead and not self._is_buyer(verdict)

    def _fold_one(self, step: Step, verdicts: Mapping[str, Verdict], draft: Draft) -> None:
        match step:
            case Heard(message=message, context=context):
                self._fold_message(Judged(message, verdicts[message.id], context), draft)
            case LotMoved(lot=lot, at=at):
                draft.tell(LotChanged(lot=lot))
                if lot is not None:
                    draft.lots.append(lot)
                self._note(LotOpened(lot, at) if lot is not None else LotLeft(at), draft)
            case RulesLearned(rules=rules, learned=learned):
                draft.update["learned"] = learned
                draft.tell(RulesChanged(rules=rules, learned=learned))
                self._note(RulesKnown(rules), draft)
            case SaleSeen(sale=sale, at=at):
                draft.sales.append(sale)
                draft.tell(SaleCompleted(sale=sale))
                self._note(Sold(sale, at), draft)
            case ViewersSeen(viewers=viewers):
                self._fold_viewers(viewers, draft)
            case ShowSeen():
                self._fold_show(step, draft)
            case SourceChanged():
                self._fold_source(step, draft)
            case Reconsidered(revision=revision):
                self._fold_revision(revision, draft)

    def _fold_message(self, judged: Judged, draft: Draft) -> None:
        message, verdict = judged.message, judged.verdict
        draft.messages.append(judged)
        draft.tell(NewMessage(message=self._view(judged)))
        self._doubt(judged, draft)
        self._count(judged, draft)
        changes = self._note(Said(message, verdict), draft)
        self._fold_captures(changes, draft)

    def _fold_revision(self, revision: Revision, draft: Draft) -> None:
        before = draft.dossiers[revision.message_id]
        after = draft.dossiers[revision.message_id] = before.revised(revision)
        draft.revisions.append(revision)
        if after.version == before.version:
            return  # it stands beside the one that stands
        was, now = before.verdict, after.verdict
        draft.tell(
            VerdictUpdated(
                message=self._view(Judged(after.message, now)),
                source=after.source,
                reason=now.reason,
                previous=PreviousVerdict(
                    intent=was.intent,
                    confidence=shown(was.confidence),
                    is_buyer=self._is_buyer(was),
                ),
            )
        )
        self._count_leads(self._is_lead(now) - self._is_lead(was), draft)
        counts = after.counted(self.threshold)
        if counts == before.counted(self.threshold):
            return
        changes = self.books.revise(
            after.place,
            Said(after.message, counts),
            withdraw_at=revision.at if revision.source is VerdictSource.SELLER else None,
        )
        draft.tell_claims(changes)
        self._fold_captures(changes, draft)

    def _fold_captures(self, changes: Changes, draft: Draft) -> None:
        for capture in changes.withdrawn:
            draft.withdrawn.append(capture.key)
            self._count_buyer(capture, -1, draft)
            draft.tell(BuyerWithdrawn(buyer=buyer_view(capture), stats=self.totals))
        for capture in changes.returned:
            draft.returned.append(capture.key)
            self._count_buyer(capture, 1, draft)
            draft.tell(BuyerReturned(buyer=buyer_view(capture), stats=self.totals))
        for capture in changes.made:
            draft.captures.append(capture)
            self._count_buyer(capture, 1, draft)
            draft.tell(BuyerDetected(buyer=buyer_view(capture), stats=self.totals))

    def _count_buyer(self, capture: Capture, sign: int, draft: Draft) -> None:
        draft.buyers += sign
        worth = sign * (capture.estimated_value or 0.0)
        self.totals = msgspec.structs.replace(
            self.totals,
            total_buyers=self.totals.total_buyers + sign,
            estimated_value=round(self.totals.estimated_value + worth, 2),
        )

    def _count_leads(self, more: int, draft: Draft) -> None:
        if more:
            draft.leads += more
            self.totals = msgspec.structs.replace(
                self.totals, total_leads=self.totals.total_leads + more
            )
            self._stats_due = True

    def _doubt(self, judged: Judged, draft: Draft) -> None:
        if self._doubter is None:
            return
        message, verdict = judged.message, judged.verdict
        utterance = Utterance(text=message.text, context=judged.context)
        reason = self._doubter.why(self.show, utterance, verdict)
        if reason is not None:
            draft.doubts.append(
                Doubt(
                    message_id=message.id,
                    show_id=self.show.id,
                    utterance=utterance,
                    verdict=verdict,
                    at=message.received_at,
                    reason=reason,
                    person=message.person,
                )
            )

    def _view(self, judged: Judged) -> MessageView:
        verdict = judged.verdict
        return message_view(
            judged.message,
            intent=verdict.intent,
            confidence=verdict.confidence,
            slots=verdict.slots,
            threshold=self.threshold,
        )

    def _count(self, judged: Judged, draft: Draft) -> None:
        self._count_leads(self._is_lead(judged.verdict), draft)
        if not judged.message.backlog:
            second = judged.message.received_at // 1000
            self._minute[second] = self._minute.get(second, 0) + 1
        self.totals = msgspec.structs.replace(
            self.totals, total_messages=self.totals.total_messages + 1
        )
        self._stats_due = True

    def _note(self, entry: Entry, draft: Draft) -> Changes:
        """Fold an entry at the place of the event that was told last."""
        changes = self.books.apply(draft.place, entry)
        draft.tell_claims(changes)
        return changes

    def _fold_viewers(self, viewers: int, draft: Draft) -> None:
        if viewers != self.stream.viewers:
            self.stream = msgspec.structs.replace(self.stream, viewers=viewers)
            draft.update["viewers"] = viewers
            draft.tell(ViewersChanged(viewers=viewers))

    def _fold_show(self, step: ShowSeen, draft: Draft) -> None:
        said = {
            name: value
            for name, value in (("title", step.title), ("seller", step.seller))
            if value is not None and value != getattr(self.stream, name)
        }
        if said:
            self.stream = msgspec.structs.replace(self.stream, **said)
            draft.update.update(said)
            draft.tell(self.select())
        if step.status is not None:
            draft.update["status"] = step.status
        if step.mode is not None:
            draft.update["mode"] = step.mode
            self._note(ModeKnown(step.mode), draft)

    def _fold_source(self, step: SourceChanged, draft: Draft) -> None:
        if step.gap is not None:
            draft.gaps.append(step.gap)
        if step.way and step.way != self.stream.source:
            self.stream = msgspec.structs.replace(self.stream, source=step.way)
            draft.update["source"] = step.way
        if step.status is SourceStatus.ENDED:
            draft.update |= {"status": ShowStatus.ENDED, "ended_at": step.at}
        draft.tell(
            SourceStateChanged(
                state=step.status,
                reason=step.reason,
                gap=None
                if step.gap is None
                else GapView(start=iso(step.gap.start), end=iso(step.gap.end)),
            )
        )

    def _tell_stats(self, draft: Draft, now_ms: int) -> None:
        if not self._stats_due or now_ms - self._stats_at < STATS_EVERY_MS:
            return
        oldest = (now_ms - MINUTE_MS) // 1000
        self._minute = {at: count for at, count in self._minute.items() if at > oldest}
        span = min(max(now_ms - self.show.started_at, LEAST_SPAN_MS), MINUTE_MS)
        self.totals = msgspec.structs.replace(
            self.totals, messages_per_minute=round(sum(self._minute.values()) * MINUTE_MS / span, 1)
        )
        self._stats_at = now_ms
        self._stats_due = bool(self._minute)  # the rate falls even when nobody speaks
        draft.tell(StatsUpdated(stats=self.totals))

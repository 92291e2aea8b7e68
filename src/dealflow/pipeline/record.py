"""Folds the steps of a batch into the ledger and writes down what one transaction must hold.

No I/O: the runner commits what `Record.fold` returns, and calls `Record.restore` when that failed,
so that memory never holds what the store does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from dealflow.clock import iso
from dealflow.ledger.capture import Captures
from dealflow.ledger.ledger import (
    Ledger,
    LotLeft,
    LotOpened,
    ModeKnown,
    RulesKnown,
    Said,
    Sold,
)
from dealflow.ledger.value import Average, estimate
from dealflow.model.claim import Capture, Claim
from dealflow.model.events import (
    BuyerDetected,
    ClaimUpdated,
    EventBody,
    GapView,
    LotChanged,
    MessageView,
    NewMessage,
    RulesChanged,
    SaleCompleted,
    SourceStateChanged,
    StatsUpdated,
    StreamSelected,
    Totals,
    ViewersChanged,
    encode_body,
    kind_of,
)
from dealflow.model.facts import (
    Gap,
    Reconsidered,
    SaleSeen,
    ShowSeen,
    SourceChanged,
    SourceStatus,
    ViewersSeen,
)
from dealflow.model.intent import Utterance, Verdict
from dealflow.model.message import Judged, Message
from dealflow.model.revision import Doubt, Revision
from dealflow.model.show import Lot, Sale, ShowStatus, StreamInfo
from dealflow.model.showing import buyer_view, message_view
from dealflow.pipeline.base import Doubter
from dealflow.pipeline.intake import Heard, LotMoved, RulesLearned, Step
from dealflow.store.base import Batch, Counters, EventDraft, Show, ShowUpdate

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


class _Draft(msgspec.Struct):
    messages: list[Judged] = []
    captures: list[Capture] = []
    claims: list[Claim] = []
    sales: list[Sale] = []
    lots: list[Lot] = []
    gaps: list[Gap] = []
    revisions: list[Revision] = []
    doubts: list[Doubt] = []
    events: list[EventDraft] = []
    update: dict[str, Any] = {}
    buyers: int = 0
    leads: int = 0

    def tell(self, event: EventBody) -> None:
        self.events.append(EventDraft(kind_of(event), encode_body(event)))


class Memory(msgspec.Struct, frozen=True):
    """What `Record.restore` needs to undo a fold."""

    ledger: Any
    captures: Any
    average: Any
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
        ledger: Ledger,
        captures: Captures,
        threshold: float,
        doubter: Doubter | None = None,
    ) -> None:
        self.show = show
        self._doubter = doubter
        self.ledger = ledger
        self.captures = captures
        self.threshold = threshold
        self.average = Average()
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
            self.ledger.checkpoint(),
            self.captures.checkpoint(),
            self.average.checkpoint(),
            self.totals,
            self.stream,
            dict(self._minute),
            self._stats_at,
            self._stats_due,
        )

    def restore(self, memory: Memory) -> None:
        """Undo every fold since the checkpoint."""
        self.ledger.restore(memory.ledger)
        self.captures.restore(memory.captures)
        self.average.restore(memory.average)
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
    ) -> Written:
        """Fold the steps in their order.

        Args:
            steps: what intake made of the facts.
            verdicts: by message id, one for each `Heard` step.
            counters: what intake counted; the messages, buyers and leads of this fold are added.
            learned: platform ids that became known later, by message key.
            now_ms: the time of this batch.
        """
        draft = _Draft()
        for step in steps:
            self._fold_one(step, verdicts, draft)
        self._tell_stats(draft, now_ms)
        batch = Batch(
            show_id=self.show.id,
            epoch=self.show.epoch,
            at=now_ms,
            messages=tuple(draft.messages),
            captures=tuple(draft.captures),
            claims=tuple(draft.claims),
            sales=tuple(draft.sales),
            lots=tuple(draft.lots),
            gaps=tuple(draft.gaps),
            revisions=tuple(draft.revisions),
            doubts=tuple(draft.doubts),
            learned=tuple(learned),
            counters=msgspec.structs.replace(
                counters,
                stored=len(draft.messages),
                buyers=draft.buyers,
                leads=draft.leads,
            ),
            update=ShowUpdate(**draft.update) if draft.update else None,
            events=tuple(draft.events),
        )
        captured = {judged.message.id for judged in draft.messages if self._stands(judged)}
        return Written(batch, dict(verdicts), captured)

    def relive(self, message: Message, verdict: Verdict) -> None:
        """Fold a stored message once more after a restart; nothing is written."""
        self.ledger.apply(Said(message, verdict))
        judged = Judged(message, verdict)
        if self._is_buyer(judged):
            self._capture(judged)

    def select(self) -> EventBody:
        """Return the event that opens a show."""
        return StreamSelected(stream_id=self.show.id, stream=self.stream)

    def _stands(self, judged: Judged) -> bool:
        return self._is_buyer(judged) and self.captures.stands(judged)

    def _is_buyer(self, judged: Judged) -> bool:
        return judged.verdict.confidence >= self.threshold

    def _fold_one(self, step: Step, verdicts: Mapping[str, Verdict], draft: _Draft) -> None:
        match step:
            case Heard(message=message, context=context):
                self._fold_message(Judged(message, verdicts[message.id], context), draft)
            case LotMoved(lot=lot, at=at):
                draft.tell(LotChanged(lot=lot))
                if lot is not None:
                    draft.lots.append(lot)
                self._claims(LotOpened(lot, at) if lot is not None else LotLeft(at), draft)
            case RulesLearned(rules=rules, learned=learned):
                draft.update["learned"] = learned
                draft.tell(RulesChanged(rules=rules, learned=learned))
                self.ledger.apply(RulesKnown(rules))
            case SaleSeen(sale=sale, at=at):
                draft.sales.append(sale)
                draft.tell(SaleCompleted(sale=sale))
                self.average.add(sale)
                self._claims(Sold(sale, at), draft)
            case ViewersSeen(viewers=viewers):
                self._fold_viewers(viewers, draft)
            case ShowSeen():
                self._fold_show(step, draft)
            case SourceChanged():
                self._fold_source(step, draft)
            case Reconsidered(revision=revision):
                draft.revisions.append(revision)

    def _fold_message(self, judged: Judged, draft: _Draft) -> None:
        message, verdict = judged.message, judged.verdict
        draft.messages.append(judged)
        draft.tell(NewMessage(message=self._view(judged)))
        self._doubt(judged, draft)
        self._count(judged, draft)
        self._claims(Said(message, verdict), draft)
        if not self._is_buyer(judged):
            return
        capture = self._capture(judged)
        if capture is None:
            return
        draft.captures.append(capture)
        draft.buyers += 1
        worth = capture.estimated_value or 0.0
        self.totals = msgspec.structs.replace(
            self.totals,
            total_buyers=self.totals.total_buyers + 1,
            estimated_value=round(self.totals.estimated_value + worth, 2),
        )
        draft.tell(BuyerDetected(buyer=buyer_view(capture), stats=self.totals))

    def _doubt(self, judged: Judged, draft: _Draft) -> None:
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

    def _capture(self, judged: Judged) -> Capture | None:
        lot = self.ledger.lot_of(judged.message, judged.verdict.slots)
        return self.captures.decide(judged, estimate(judged.verdict, lot, self.average))

    def _view(self, judged: Judged) -> MessageView:
        verdict = judged.verdict
        return message_view(
            judged.message,
            intent=verdict.intent,
            confidence=verdict.confidence,
            slots=verdict.slots,
            threshold=self.threshold,
        )

    def _count(self, judged: Judged, draft: _Draft) -> None:
        is_lead = judged.verdict.intent.is_lead and not self._is_buyer(judged)
        draft.leads += is_lead
        if not judged.message.backlog:
            second = judged.message.received_at // 1000
            self._minute[second] = self._minute.get(second, 0) + 1
        self.totals = msgspec.structs.replace(
            self.totals,
            total_messages=self.totals.total_messages + 1,
            total_leads=self.totals.total_leads + is_lead,
        )
        self._stats_due = True

    def _claims(self, entry: Said | LotOpened | LotLeft | Sold, draft: _Draft) -> None:
        for claim in self.ledger.apply(entry):
            draft.claims.append(claim)
            draft.tell(ClaimUpdated(claim=claim))

    def _fold_viewers(self, viewers: int, draft: _Draft) -> None:
        if viewers != self.stream.viewers:
            self.stream = msgspec.structs.replace(self.stream, viewers=viewers)
            draft.update["viewers"] = viewers
            draft.tell(ViewersChanged(viewers=viewers))

    def _fold_show(self, step: ShowSeen, draft: _Draft) -> None:
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
            self.ledger.apply(ModeKnown(step.mode))

    def _fold_source(self, step: SourceChanged, draft: _Draft) -> None:
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

    def _tell_stats(self, draft: _Draft, now_ms: int) -> None:
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

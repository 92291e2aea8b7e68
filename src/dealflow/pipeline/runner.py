"""Carries one show's facts through intake, judgement, the books and the store, in order.

One task a show. While a commit is on its way the next facts gather, so a busy show is written in
larger transactions and a calm one at once: the batch size follows the load by itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from dealflow.bus.base import Bus
from dealflow.clock import Clock
from dealflow.errors import (
    DealflowError,
    DiskFull,
    DuplicateMessages,
    InputInvalid,
    MessageUnknown,
    Stopping,
    StoreUnavailable,
)
from dealflow.intents.base import Classifier
from dealflow.ledger.ledger import LotOutcome
from dealflow.model.events import encode_body, kind_of
from dealflow.model.facts import (
    ChatSeen,
    DropReason,
    Fact,
    Gap,
    Reconsidered,
    SourceChanged,
    SourceStatus,
)
from dealflow.model.intent import Verdict
from dealflow.model.revision import Revision
from dealflow.pipeline.base import Doubter, Outcome
from dealflow.pipeline.classify import judge
from dealflow.pipeline.dossier import Dossier, read_dossiers
from dealflow.pipeline.intake import Heard, Intake, Step, Taken
from dealflow.pipeline.queue import FactQueue, Parcel
from dealflow.pipeline.record import Record, Written
from dealflow.pipeline.relay import relay
from dealflow.store.base import Batch, Counters, EventDraft, ShowUpdate, Store
from dealflow.telemetry.metrics import Metrics

MAX_BATCH = 128
"""Facts judged and committed together: some 8 ms of judgement, so that one busy show never holds
the event loop for long; a parcel that was pushed whole is never split."""

RETRY_SECONDS = (0.1, 0.2, 0.5, 1.0)
"""Waits between attempts to commit; the last one repeats. R8 asks to resume within 5 s."""

GIVE_UP_SECONDS = 4.0
"""How long a closing show goes on trying to commit: a stop must end within 10 s."""

_log = logging.getLogger(__name__)


class Work:
    """One parcel on its way: what intake made of it, and what came out."""

    def __init__(self, parcel: Parcel, taken: Taken) -> None:
        self.parcel = parcel
        self.taken = taken
        self.outcomes: dict[int, Outcome] = {}

    @property
    def heard(self) -> list[Heard]:
        """Return the new messages."""
        return [step for step in self.taken.steps if isinstance(step, Heard)]

    @property
    def reconsidered(self) -> list[Reconsidered]:
        """Return the further verdicts on stored messages."""
        return [step for step in self.taken.steps if isinstance(step, Reconsidered)]

    def drop_unknown(self, dossiers: Mapping[str, Dossier]) -> None:
        """Leave out the verdicts on messages that are not stored, and tell who gave them."""
        for step in self.reconsidered:
            if step.revision.message_id not in dossiers:
                self.taken.steps.remove(step)
                self.refuse(MessageUnknown("This show has no such message."))

    def refuse(self, error: DealflowError) -> None:
        """Tell whoever waits for this parcel that not all of it was taken."""
        receipt = self.parcel.receipt
        if receipt is None:
            _log.warning("a verdict is on no message", extra={"why": str(error)})
        elif not receipt.done():
            receipt.set_exception(error)


class Known(msgspec.Struct, frozen=True):
    """What must be known to fold: verdicts on new messages, and what is stored of older ones."""

    verdicts: dict[str, Verdict]
    dossiers: dict[str, Dossier]


class ShowRunner:
    """The pipeline of one show."""

    def __init__(
        self,
        *,
        intake: Intake,
        record: Record,
        store: Store,
        bus: Bus,
        classifier: Classifier,
        clock: Clock,
        metrics: Metrics,
        resumed_at: int | None = None,
        doubter: Doubter | None = None,
    ) -> None:
        self.show = record.show
        self.record = record
        self.intake = intake
        self.failing: DealflowError | None = None
        self.touched = clock.monotonic()
        self._store = store
        self._bus = bus
        self._classifier = classifier
        self._clock = clock
        self._metrics = metrics
        self._resumed_at = resumed_at
        self._doubter = doubter
        self._queue = FactQueue()
        self._closing_at: float | None = None

    @property
    def outcomes(self) -> tuple[LotOutcome, ...]:
        """Return what became of each lot."""
        return self.record.books.outcomes()

    async def submit(self, facts: Sequence[Fact]) -> None:
        """Take facts from a source; wait while there is no room."""
        await self._queue.put(Parcel(facts))

    async def push(self, facts: Sequence[ChatSeen]) -> list[Outcome]:
        """Take messages and wait until they are committed; return what became of each.

        Raises:
            Overloaded, DiskFull, StoreUnavailable, Stopping: none was taken.
        """
        return await self._ask(facts)

    async def reconsider(self, revisions: Sequence[Revision]) -> None:
        """Give stored messages further verdicts; return once these are committed.

        Raises:
            InputInvalid: a verdict holds text that is none; nothing was taken.
            MessageUnknown: a message is not of this show; the other verdicts were taken.
            Overloaded, DiskFull, StoreUnavailable, Stopping: none was taken.
        """
        try:
            msgspec.json.encode(revisions)
        except UnicodeError as error:
            raise InputInvalid(f"A verdict holds text that is none: {error}.") from error
        await self._ask([Reconsidered(revision=revision) for revision in revisions])

    async def _ask(self, facts: Sequence[Fact]) -> list[Outcome]:
        if self.failing is not None:
            raise self.failing
        self.touched = self._clock.monotonic()
        receipt: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        self._queue.put_now(Parcel(facts, receipt))
        return await receipt

    def close(self) -> None:
        """Take nothing new; `run` returns once everything taken is committed."""
        self._closing_at = self._clock.monotonic()
        self._queue.close()

    def abandon(self) -> None:
        """Take nothing new, and tell every pusher that still waits that nothing was taken."""
        self._queue.close()
        for parcel in self._queue.empty():
            if parcel.receipt is not None and not parcel.receipt.done():
                parcel.receipt.set_exception(Stopping("This show is not being read any more."))

    async def run(self) -> None:
        """Work until the show is closed and its queue is empty."""
        while True:
            patience = 1.0 if self.record.stats_due else None
            parcels = await self._queue.take(MAX_BATCH, patience)
            if parcels is None:
                return
            await self._handle(parcels)

    async def _handle(self, parcels: Sequence[Parcel]) -> None:
        works = [Work(parcel, self.intake.take(parcel.facts)) for parcel in parcels]
        self._note_resumption(works)
        heard = [one for work in works for one in work.heard]
        verdicts = {
            one.message.id: verdict
            for one, verdict in zip(
                heard, await judge(self._classifier, heard, self._metrics), strict=True
            )
        }
        works, dossiers = await self._look_up(works)
        await self._commit(works, Known(verdicts, dossiers))
        for work in works:
            self._count(work)
            _answer(work)

    async def _look_up(self, works: list[Work]) -> tuple[list[Work], dict[str, Dossier]]:
        """Read what is stored of the messages that are reconsidered.

        Returns the works too, without those that were refused because the store did not answer.
        """
        attempt = 0
        while ids := {step.revision.message_id for work in works for step in work.reconsidered}:
            try:
                dossiers = await read_dossiers(self._store, self.show.id, ids)
            except (DiskFull, StoreUnavailable) as error:
                works = self._refuse_pushed(works, error)
                await self._pause(attempt, error)
                attempt += 1
                continue
            for work in works:
                work.drop_unknown(dossiers)
            return works, dossiers
        return works, {}

    def _note_resumption(self, works: Sequence[Work]) -> None:
        """Record the stretch between the last message of an earlier run and the first of this one.

        A backlog that overlaps what was known proves that nothing was missed.
        """
        if self._resumed_at is None:
            return
        for work in works:
            chats = [fact for fact in work.parcel.facts if isinstance(fact, ChatSeen)]
            if not chats:
                continue
            start, self._resumed_at = self._resumed_at, None
            if not any(each.taken.overlap for each in works):
                gap = Gap(start=start, end=max(start, chats[0].at), reason="not running")
                work.taken.steps.insert(
                    0,
                    SourceChanged(
                        status=SourceStatus.LIVE,
                        at=chats[0].at,
                        reason="DealFlow was not reading; what was said meanwhile may be missing",
                        gap=gap,
                    ),
                )
            return

    async def _commit(self, works: list[Work], known: Known) -> None:
        attempt = 0
        while works:
            memory = self.record.checkpoint()
            written = await self._folded(works, known)
            if _is_empty(written.batch):
                return
            try:
                with self._metrics.commit_seconds.time():
                    frames = await self._store.append(written.batch)
            except DuplicateMessages as error:
                self.record.restore(memory)
                if not sum(_mark_duplicates(work, error.keys) for work in works):
                    raise  # the store names keys that are not in the batch: never try for ever
            except InputInvalid as error:
                self.record.restore(memory)
                await self._isolate(works, known, error)
                return
            except (DiskFull, StoreUnavailable) as error:
                self.record.restore(memory)
                works = self._refuse_pushed(works, error)
                await self._pause(attempt, error)
                attempt += 1
            else:
                self.failing = None
                _note_outcomes(works, written, self.record.threshold)
                if self._doubter is not None and written.batch.doubts:
                    self._doubter.noted(written.batch.doubts)
                await relay(self._bus, self.show, frames)
                return
        self.failing = None

    async def _folded(self, works: Sequence[Work], known: Known) -> Written:
        if not known.dossiers:
            return self._fold(works, known)
        # A verdict on an old message folds thousands of turns again; other shows need not wait.
        return await asyncio.to_thread(self._fold, works, known)

    def _fold(self, works: Sequence[Work], known: Known) -> Written:
        steps: list[Step] = []
        learned: list[tuple[str, str]] = []
        dropped: Counter[str] = Counter()
        read = duplicates = 0
        for work in works:
            steps += work.taken.steps
            learned += work.taken.learned
            dropped += work.taken.dropped
            read += work.taken.read
            duplicates += work.taken.duplicates
        return self.record.fold(
            steps,
            known.verdicts,
            dossiers=known.dossiers,
            counters=Counters(read=read, duplicates=duplicates, dropped=dict(dropped)),
            learned=learned,
            now_ms=self._clock.now_ms(),
        )

    async def _isolate(self, works: list[Work], known: Known, error: InputInvalid) -> None:
        """Commit the halves apart, until the row that cannot be stored stands alone."""
        if len(works) > 1:
            middle = len(works) // 2
            await self._commit(works[:middle], known)
            await self._commit(works[middle:], known)
            return
        work = works[0]
        steps = work.taken.steps
        if len(steps) <= 1:
            _log.error("a row cannot be stored", extra={"show": self.show.id, "why": str(error)})
            for step in steps:
                if isinstance(step, Heard):
                    work.taken.dropped[DropReason.MALFORMED] += 1
                    work.taken.fates[step.place] = DropReason.MALFORMED
                    self.intake.forget_message(step.message)
                elif isinstance(step, Reconsidered):
                    work.refuse(error)
            work.taken.steps = []
            await self._commit(works, known)
            return
        middle = len(steps) // 2
        rest = Work(work.parcel, Taken(steps=steps[middle:], fates=work.taken.fates))
        rest.outcomes = work.outcomes
        work.taken.steps = steps[:middle]
        await self._commit([work], known)
        await self._commit([rest], known)

    def _refuse_pushed(self, works: list[Work], error: DealflowError) -> list[Work]:
        """Tell pushers at once that nothing was taken; keep what sources read."""
        self.failing = error
        kept: list[Work] = []
        for work in works:
            receipt = work.parcel.receipt
            if receipt is None:
                kept.append(work)
                continue
            self.intake.forget(work.taken)
            if not receipt.done():
                receipt.set_exception(error)
        return kept

    async def _pause(self, attempt: int, error: DealflowError) -> None:
        self._metrics.store_errors.labels(error.code).inc()
        if attempt in (0, 10) or attempt % 60 == 0:  # at most a line in 10 s once it lasts
            _log.warning(
                "commit failed; it is tried again",
                extra={"show": self.show.id, "code": error.code, "attempt": attempt},
            )
        closing = self._closing_at
        if closing is not None and self._clock.monotonic() - closing > GIVE_UP_SECONDS:
            raise error
        await self._clock.sleep(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])

    def _count(self, work: Work) -> None:
        metrics, platform = self._metrics, self.show.platform
        taken = work.taken
        stored = len(work.outcomes)
        metrics.read.labels(platform).inc(taken.read)
        metrics.stored.labels(platform).inc(stored)
        metrics.duplicates.labels(platform).inc(taken.duplicates)
        for reason, count in taken.dropped.items():
            metrics.dropped.labels(reason).inc(count)
        for kind, count in taken.odd.items():
            metrics.oddities.labels(kind).inc(count)
        now = self._clock.now_ms()
        for one in work.heard:
            metrics.ingest_seconds.observe(max(0, now - one.message.received_at) / 1000)
        for fact in work.reconsidered:
            metrics.revisions.labels(fact.revision.source).inc()
        for step in taken.steps:
            if isinstance(step, SourceChanged) and step.gap is not None:
                metrics.gaps.labels(step.gap.reason).inc()
                metrics.gap_seconds.labels(step.gap.reason).inc(
                    max(0, step.gap.end - step.gap.start) / 1000
                )

    async def open(self) -> None:
        """Commit and publish that this show is being read now."""
        event = self.record.select()
        frames = await self._store.append(
            Batch(
                show_id=self.show.id,
                epoch=self.show.epoch,
                at=self._clock.now_ms(),
                update=ShowUpdate(reopen=True),
                events=(EventDraft(kind_of(event), encode_body(event)),),
            )
        )
        self.record.reached(frames[-1].seq)
        await relay(self._bus, self.show, frames)


def _is_empty(batch: Batch) -> bool:
    return not (
        batch.events
        or batch.messages
        or batch.learned
        or batch.update
        or batch.gaps
        or batch.revisions
        or batch.counters != Counters()
    )


def _mark_duplicates(work: Work, keys: frozenset[str]) -> int:
    """Take messages that are stored already out of the work; return how many there were."""
    kept: list[Step] = []
    for step in work.taken.steps:
        if isinstance(step, Heard) and step.message.key in keys:
            work.taken.duplicates += 1
            work.taken.fates[step.place] = "duplicate"
        else:
            kept.append(step)
    found = len(work.taken.steps) - len(kept)
    work.taken.steps = kept
    return found


def _note_outcomes(works: Sequence[Work], written: Written, threshold: float) -> None:
    for work in works:
        for one in work.heard:
            message_id = one.message.id
            verdict = written.verdicts[message_id]
            work.outcomes[one.place] = Outcome(
                status="stored",
                message_id=message_id,
                verdict=verdict,
                is_buyer=verdict.confidence >= threshold,
                captured=message_id in written.captured,
            )


def _answer(work: Work) -> None:
    receipt = work.parcel.receipt
    if receipt is None or receipt.done():
        return
    receipt.set_result(
        [
            work.outcomes.get(place) or Outcome(status=work.taken.fates.get(place, "malformed"))
            for place in range(len(work.parcel.facts))
        ]
    )

"""Judges a stored show again, beside what stands, and says whom it would have captured.

The show is walked once from its beginning: lots, rules and sales as they were told, each message in
its context as it was then. What a run judged before it was interrupted is read, not judged again.
Memory holds one stretch of messages, the books, and the captures.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from dealflow.clock import Clock
from dealflow.intents.base import Classifier
from dealflow.ledger.books import Books
from dealflow.ledger.ledger import LotLeft, LotOpened, ModeKnown, RulesKnown, Said, Sold
from dealflow.model.claim import Capture
from dealflow.model.events import LotChanged, RulesChanged, SaleCompleted
from dealflow.model.intent import Context, Utterance, Verdict
from dealflow.model.revision import Revision, VerdictSource
from dealflow.model.room import Talk
from dealflow.model.rulebook import Rulebook
from dealflow.model.run import Run
from dealflow.model.show import ShowRules
from dealflow.pipeline.base import Report
from dealflow.pipeline.history import Histories
from dealflow.pipeline.past import PAGE, Happening, past
from dealflow.store.base import Batch, Show, Store, StoredMessage

STRETCH = 128
"""Messages judged and committed together: some 8 ms of judgement, so that shows that are read
meanwhile hardly wait; a kill loses no more than this."""

OnProgress = Callable[[int, int], None]
"""Is told how many messages are done, and how many there are."""


class Reanalysis:
    """One walk through a show.

    Args:
        show: the show.
        run: the run under which verdicts are written.
        store: where everything is.
        classifier: who judges; nobody else may use it meanwhile.
        clock: the time of the verdicts.
        usual: the threshold of shows that have none of their own.
        rules: the rules of shows that have none of their own.
    """

    def __init__(
        self,
        show: Show,
        run: Run,
        *,
        store: Store,
        classifier: Classifier,
        clock: Clock,
        usual: float,
        rules: ShowRules | None = None,
    ) -> None:
        self._show = show
        self._threshold = show.capture_threshold(usual)
        self._run = run
        self._store = store
        self._classifier = classifier
        self._clock = clock
        own = rules if show.rules is None else show.rules
        self._books = Books(rules=own, mode=show.mode, threshold=run.threshold)
        self._rules = Rulebook(own).rules
        self._histories = Histories()
        self._talk = Talk()
        self._made: dict[str, Capture] = {}
        self._messages = self._changed = self._turned = 0

    async def work(self, stop: asyncio.Event, on_progress: OnProgress) -> Report | None:
        """Walk the show to its end; return ``None`` when it was stopped before.

        Args:
            stop: set to stop soon; what was judged is kept, and the run goes on from there.
            on_progress: is told how far it came.

        Raises:
            DiskFull, StoreUnavailable: what was judged before is kept.
        """
        stretch: list[tuple[int, Happening]] = []
        said = 0
        async for place, item in past(self._store, self._show):
            stretch.append((place, item))
            said += isinstance(item, StoredMessage)
            if said == STRETCH:
                if stop.is_set():
                    return None
                await self._take(stretch, on_progress)
                stretch, said = [], 0
        if stop.is_set():
            return None
        await self._take(stretch, on_progress)
        await self._store.finish_run(self._run.id, now_ms=self._clock.now_ms())
        return await self._report()

    async def _take(
        self, stretch: Sequence[tuple[int, Happening]], on_progress: OnProgress
    ) -> None:
        verdicts = await self._verdicts(stretch)
        for place, item in stretch:
            self._fold(place, item, verdicts)
        if self._messages:
            on_progress(self._messages, max(self._messages, self._show.counters.stored))
        await asyncio.sleep(0)  # shows that are read meanwhile get their turn

    async def _verdicts(self, stretch: Sequence[tuple[int, Happening]]) -> dict[str, Verdict]:
        """Return the run's verdict on each message, after judging and storing what it lacks."""
        heard = self._utterances(stretch)
        if not heard:
            return {}
        known = await self._store.run_verdicts(
            self._run.id, after=stretch[0][0] - 1, upto=stretch[-1][0]
        )
        missing = {id: utterance for id, utterance in heard.items() if id not in known}
        if missing:
            # In a thread, and whole: nothing hurries here, and shows are read meanwhile.
            judged = await asyncio.to_thread(self._classifier.judge, list(missing.values()))
            fresh = dict(zip(missing, judged, strict=True))
            await self._keep(fresh)
            known |= fresh
        return known

    def _utterances(self, stretch: Sequence[tuple[int, Happening]]) -> dict[str, Utterance]:
        """Return each message in its context, by message id; every author is remembered."""
        heard: dict[str, Utterance] = {}
        for _, item in stretch:
            match item:
                case StoredMessage(message=message):
                    context = Context(
                        mode=item.mode,
                        lot=message.lot,
                        author_role=message.role,
                        history=self._histories.note(message),
                        rules=self._rules,
                        lot_age=item.lot_age,
                        room=self._talk.note(
                            message.person, message.role, message.text, message.sent_at, message.lot
                        ),
                    )
                    heard[message.id] = Utterance(text=message.text, context=context)
                case RulesChanged(rules=rules):
                    self._rules = rules
        return heard

    async def _keep(self, verdicts: dict[str, Verdict]) -> None:
        at = self._clock.now_ms()
        await self._store.append(
            Batch(
                show_id=self._show.id,
                epoch=self._show.epoch,
                at=at,
                revisions=tuple(
                    Revision(
                        message_id=message_id,
                        verdict=verdict,
                        source=VerdictSource.REANALYSIS,
                        at=at,
                        run=self._run.id,
                    )
                    for message_id, verdict in verdicts.items()
                ),
            )
        )

    def _fold(self, place: int, item: Happening, verdicts: dict[str, Verdict]) -> None:
        at = self._show.started_at
        match item:
            case StoredMessage(message=message):
                verdict = verdicts[message.id]
                self._compare(item, verdict)
                changes = self._books.apply(place, Said(message, verdict))
                self._made |= {capture.key: capture for capture in changes.made}
            case LotChanged(lot=lot):
                self._books.apply(place, LotLeft(at) if lot is None else LotOpened(lot, at))
            case ModeKnown():
                self._books.apply(place, item)
            case RulesChanged(rules=rules):
                self._books.apply(place, RulesKnown(rules))
            case SaleCompleted(sale=sale):
                self._books.apply(place, Sold(sale, at))

    def _compare(self, stored: StoredMessage, verdict: Verdict) -> None:
        was_buyer = stored.confidence >= self._threshold
        self._messages += 1
        self._changed += stored.intent is not verdict.intent
        self._turned += was_buyer is not (verdict.confidence >= self._run.threshold)

    async def _report(self) -> Report:
        captured = {capture.key: capture for capture in await self._captured()}
        made = self._made
        run = next(run for run in await self._store.runs(self._show.id) if run.id == self._run.id)
        return Report(
            run=run,
            messages=self._messages,
            changed=self._changed,
            turned=self._turned,
            gained=tuple(made[key] for key in made if key not in captured),
            lost=tuple(captured[key] for key in captured if key not in made),
            same=tuple(captured[key] for key in captured if key in made),
        )

    async def _captured(self) -> list[Capture]:
        captures: list[Capture] = []
        while True:
            after = captures[-1].number if captures else 0
            page = await self._store.captures(self._show.id, after=after, limit=PAGE)
            captures += page
            if len(page) < PAGE:
                return captures

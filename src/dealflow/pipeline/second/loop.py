"""Asks about doubtful messages and hands the answers back; see the package.

A doubt is held in memory while it is fresh and is found again in the store when it is not: after
trouble, after a restart, or when more came than could be held. So nothing that goes wrong here
needs to be remembered, and nothing needs to be told apart but what makes a question hopeless.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol

import msgspec

from dealflow.clock import Clock
from dealflow.errors import DealflowError, InputInvalid, MessageUnknown, ShowUnknown
from dealflow.intents.base import Answers, Question, SecondOpinion, Trouble
from dealflow.model.intent import Utterance, Verdict
from dealflow.model.revision import Doubt, Revision, Spent, VerdictSource
from dealflow.pipeline.second.band import Band
from dealflow.pipeline.second.breaker import PAUSE_SECONDS, Breaker
from dealflow.pipeline.second.budget import Budget, Reserved
from dealflow.pipeline.second.names import Names
from dealflow.pipeline.second.patience import Patience
from dealflow.pipeline.second.quota import Quota
from dealflow.pipeline.second.remembered import Remembered
from dealflow.pipeline.second.waiting import Author, Entry, Waiting
from dealflow.settings import LlmSettings
from dealflow.store.base import Show, Store
from dealflow.telemetry.metrics import Metrics

AT_ONCE = 4
"""Calls under way: a call takes a second or two, and the budget is some calls a minute."""

LEAST_TICK = 0.05
"""Seconds between two looks at what waits, however short the window is set."""

LOOK_SECONDS = 5.0
"""Seconds between two looks into the store for doubts that are not in memory."""

PAGE = 200
"""Doubts read at once."""

ENOUGH = 500
"""Doubts in memory that keep it busy; the store can wait."""

DAY_MS = 24 * 3_600_000
"""A doubt that is older than this is given up: the sale that it could have made is over."""

NAMES = 5_000
"""Messages of a show whose authors' names are taken out of what is sent."""

TOO_OLD = "a day old"

LEAST = Spent(calls=1)
"""What any call uses; where there is no room for it, nothing is prepared."""

_log = logging.getLogger(__name__)


class Reconsider(Protocol):
    """Hands revisions to a show: `Monitor.reconsider`."""

    async def __call__(self, session_id: str, revisions: Sequence[Revision]) -> None:
        """Give stored messages further verdicts; return after COMMIT."""
        ...


class Sight:
    """What one look at the waiting doubts has seen; it is read again for the next.

    ``spent`` are the shows that have no budget left, ``known`` the doubts by show that were
    answered before.
    """

    def __init__(self, store: Store) -> None:
        self.spent: set[str] = set()
        self.known: dict[str, list[tuple[Doubt, Verdict]]] = {}
        self._store = store
        self._shows: dict[str, Show] = {}
        self._names: dict[str, Names] = {}

    async def show(self, show_id: str) -> Show:
        """Return a show.

        Raises:
            ShowUnknown: it is not there any more.
        """
        if show_id not in self._shows:
            show = await self._store.show(show_id)
            if show is None:
                raise ShowUnknown(f"There is no show {show_id}.")
            self._shows[show_id] = show
        return self._shows[show_id]

    async def names(self, show_id: str) -> Names:
        """Return the names of all who spoke in a show before the doubts that are looked at."""
        if show_id not in self._names:
            seen = await self._store.recent(show_id, limit=NAMES)
            show = await self.show(show_id)
            self._names[show_id] = Names([*(one.username for one in seen), show.seller])
        return self._names[show_id]


class Asking(msgspec.Struct, frozen=True):
    """One call: the doubts, all of one author, by the opaque ids of their questions."""

    show: Show
    author: Author
    doubts: dict[str, Doubt]
    questions: list[Question]
    reserved: Reserved


class SecondReader:
    """Implements `Doubter`, and judges again what it found doubtful.

    Make it before the monitor, and use `reading` as a context within the monitor's life.
    """

    def __init__(
        self,
        settings: LlmSettings,
        *,
        threshold: float,
        opinion: SecondOpinion,
        store: Store,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._opinion = opinion
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._band = Band(settings, threshold)
        self._waiting = Waiting()
        self._quota = Quota(settings.person_per_minute)
        self._breaker = Breaker()
        self._budget = Budget(settings, store=store, clock=clock, metrics=metrics)
        self._remembered = Remembered()
        self._patience = Patience()
        self._under_way: set[str] = set()
        self._settled: set[str] = set()  # since the store was last looked into
        self._looked_at = -LOOK_SECONDS
        self._seen_until = 0

    def why(self, show: Show, utterance: Utterance, verdict: Verdict) -> str | None:
        """Return why a second opinion is wanted, or ``None``."""
        return self._band.why(utterance, verdict)

    def noted(self, doubts: Sequence[Doubt]) -> None:
        """Take in doubts that were just committed."""
        now = self._clock.monotonic()
        for doubt in doubts:
            self._hold(doubt, (doubt.show_id, doubt.person), now)

    def reading(self, reconsider: Reconsider) -> Reading:
        """Return the context in which answers are asked for and handed to ``reconsider``."""
        return Reading(self, reconsider)

    async def run(self, reconsider: Reconsider) -> None:
        """Ask, until this is cancelled; calls under way are cancelled with it."""
        slots = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as calls:
            while True:
                await self._clock.sleep(max(self._settings.window_seconds, LEAST_TICK))
                try:
                    await self._look()
                    await self._ask_all(calls, slots, reconsider)
                except DealflowError as error:
                    # The store has no room or does not answer; its own messages say so.
                    _log.debug("second opinions wait", extra={"why": error.code})
                except Exception:  # noqa: BLE001 - the edge of the task: no show may fall with it
                    _log.exception("second opinions pause after a fault")
                    await self._clock.sleep(PAUSE_SECONDS)

    async def _ask_all(
        self, calls: asyncio.TaskGroup, slots: asyncio.Semaphore, reconsider: Reconsider
    ) -> None:
        """Begin every call that may be made now, about the most valuable doubts first."""
        if not (self._waiting and self._may_ask(slots)):
            return
        sight = Sight(self._store)
        try:
            for author, entries in self._waiting.ranked().items():
                if not self._may_ask(slots):
                    break
                left = self._quota.left(author, self._clock.monotonic())
                if left <= 0 or author[0] in sight.spent:
                    continue
                try:
                    asking = await self._prepare(author, entries, sight)
                except ShowUnknown:  # its doubts went with it
                    self._waiting.remove([entry.doubt.message_id for entry in entries])
                    continue
                if asking is not None:
                    is_trial = self._breaker.asked()
                    await slots.acquire()
                    calls.create_task(self._call(asking, slots, reconsider, is_trial))
        finally:
            for show_id, known in sight.known.items():
                await self._hand_over(await sight.show(show_id), known, reconsider)
                self._metrics.second_opinions.labels("remembered").inc(len(known))
            self._measure()

    def _may_ask(self, slots: asyncio.Semaphore) -> bool:
        return (
            not slots.locked()
            and self._breaker.may_ask(self._clock.monotonic())
            and self._budget.may_ask(LEAST)
        )

    async def _prepare(self, author: Author, entries: list[Entry], sight: Sight) -> Asking | None:
        """Choose what is asked about one author now, and take it off the budgets; or ``None``."""
        show_id = author[0]
        if not await self._budget.has_room(show_id, LEAST):
            sight.spent.add(show_id)
            return None
        names = await sight.names(show_id)
        left = min(self._quota.left(author, self._clock.monotonic()), self._settings.batch)
        doubts: dict[str, Doubt] = {}
        questions: list[Question] = []
        for entry in entries:
            doubt, utterance = entry.doubt, names.hidden(entry.doubt.utterance)
            answer = self._remembered.find(utterance)
            if answer is not None:
                sight.known.setdefault(show_id, []).append((doubt, answer))
                self._waiting.remove([doubt.message_id])
            elif len(questions) < left:
                id = secrets.token_hex(4)
                doubts[id] = doubt
                questions.append(Question(id=id, utterance=utterance, verdict=doubt.verdict))
        if not questions:
            return None
        reserved = await self._budget.reserve(show_id, self._opinion.estimate(questions))
        if reserved is None:
            sight.spent.add(show_id)
            return None
        ids = [doubt.message_id for doubt in doubts.values()]
        self._waiting.remove(ids)
        self._under_way.update(ids)
        self._quota.use(author, len(ids), self._clock.monotonic())
        return Asking(await sight.show(show_id), author, doubts, questions, reserved)

    async def _call(
        self, asking: Asking, slots: asyncio.Semaphore, reconsider: Reconsider, is_trial: bool
    ) -> None:
        try:
            answers = await self._judge(asking)
            self._judge_service(asking, answers)
            try:
                await self._take(asking, answers, reconsider)
            finally:
                await self._budget.settle(asking.reserved, answers.spent)
        except DealflowError as error:
            # What was paid for is remembered, and the doubt is still in the store.
            _log.warning("an answer could not be stored", extra={"why": error.code})
        except Exception:  # noqa: BLE001 - the edge of the task: a fault here reaches no show
            _log.exception("a second opinion failed")
            self._breaker.failed(self._clock.monotonic())
        finally:
            if is_trial:
                self._breaker.interrupted()
            self._under_way.difference_update(doubt.message_id for doubt in asking.doubts.values())
            slots.release()
            self._measure()

    async def _judge(self, asking: Asking) -> Answers:
        try:
            with self._metrics.second_seconds.time():
                return await self._opinion.judge(asking.questions)
        except asyncio.CancelledError:
            # We are stopping. It was sent, and most likely once: the retry goes off the bill.
            worst = asking.reserved.worst
            sent = Spent(calls=1, tokens_in=worst.tokens_in, tokens_out=worst.tokens_out)
            await self._budget.settle(asking.reserved, sent)
            raise

    def _judge_service(self, asking: Asking, answers: Answers) -> None:
        """Note what the call says of the service, and tell once when that changes."""
        trouble = answers.trouble
        self._metrics.second_calls.labels("answered" if trouble is None else trouble).inc(
            max(1, answers.spent.calls)
        )
        if trouble is None or not trouble.of_service:
            changed = self._breaker.succeeded()
        else:
            by = asking.author if trouble.is_bad_output else None
            changed = self._breaker.failed(self._clock.monotonic(), by=by, after=answers.after)
        if changed:
            _log.warning(
                "second opinions are %s",
                "asked for again" if trouble is None else "paused: the model is in trouble",
                extra={"trouble": trouble or "none", "model": self._opinion.name},
            )

    async def _take(self, asking: Asking, answers: Answers, reconsider: Reconsider) -> None:
        """Hand over what was answered; note what was not."""
        given: list[tuple[Doubt, Verdict]] = []
        hopeless: list[str] = []
        for question in asking.questions:
            doubt = asking.doubts[question.id]
            verdict = answers.verdicts.get(question.id)
            if verdict is not None:
                if len(asking.questions) == 1:
                    # Otherwise another line of the same person could have ordered this answer, and
                    # whoever says the same words later would get it.
                    self._remembered.keep(question.utterance, verdict)
                self._patience.forget(doubt.message_id)
                given.append((doubt, verdict))
            elif self._is_hopeless(doubt, answers.troubles.get(question.id) or answers.trouble):
                hopeless.append(doubt.message_id)
        await self._hand_over(asking.show, given, reconsider)
        self._metrics.second_opinions.labels("answered").inc(len(given))
        if hopeless:
            await self._store.give_up(
                hopeless, reason="the model gives no answer", now_ms=self._clock.now_ms()
            )

    def _is_hopeless(self, doubt: Doubt, trouble: Trouble | None) -> bool:
        """Note why a doubt was not answered; say whether nobody should ask about it again."""
        trouble = trouble or Trouble.UNANSWERED
        self._metrics.second_opinions.labels(trouble).inc()
        return trouble.is_bad_output and self._patience.lost(
            doubt.message_id, self._clock.monotonic(), about_message=not trouble.of_service
        )

    async def _hand_over(
        self, show: Show, given: Sequence[tuple[Doubt, Verdict]], reconsider: Reconsider
    ) -> None:
        """Give messages their second verdicts.

        Raises:
            DealflowError: not now; the doubts stay in the store.
        """
        revisions = [
            Revision(
                message_id=doubt.message_id,
                verdict=_adapted(verdict, doubt.verdict),
                source=VerdictSource.SECOND_OPINION,
                at=self._clock.now_ms(),
                prompt=self._opinion.prompt,
            )
            for doubt, verdict in given
        ]
        if not revisions:
            return
        ids = [revision.message_id for revision in revisions]
        try:
            await reconsider(show.session_id, revisions)
        except (ShowUnknown, MessageUnknown, InputInvalid) as error:
            # The show or a message is not there any more, so nothing can wait for it.
            _log.info("an answer came too late", extra={"show": show.id, "why": str(error)})
            await self._store.give_up(ids, reason=error.code, now_ms=self._clock.now_ms())
        self._settled.update(ids)

    async def _look(self) -> None:
        """Fetch doubts from the store that are not in memory, and give up those of yesterday."""
        now = self._clock.monotonic()
        is_time = now - self._looked_at >= LOOK_SECONDS and len(self._waiting) < ENOUGH
        if not is_time or not self._breaker.may_ask(now):
            return
        self._looked_at = now
        self._settled.clear()
        page = await self._store.doubts(since_ms=self._seen_until, limit=PAGE)
        # Many doubts of one moment would hold a page up for ever, so a full page is stepped over.
        last = page[-1].at if page else 0
        self._seen_until = 0 if len(page) < PAGE else max(last, self._seen_until + 1)
        today = self._clock.now_ms() - DAY_MS
        if late := [doubt.message_id for doubt in page if doubt.at < today]:
            self._waiting.remove(late)
            await self._store.give_up(late, reason=TOO_OLD, now_ms=self._clock.now_ms())
            self._metrics.second_opinions.labels("too_old").inc(len(late))
        for doubt in page:
            if doubt.at >= today:
                await self._find_again(doubt, now)

    async def _find_again(self, doubt: Doubt, now: float) -> None:
        message_id = doubt.message_id
        if any(message_id in ids for ids in (self._waiting, self._under_way, self._settled)):
            return
        if not self._patience.may_ask(message_id, now):
            return
        stored = await self._store.message(doubt.show_id, message_id)
        if stored is None:
            await self._store.give_up([message_id], reason="gone", now_ms=self._clock.now_ms())
            return
        self._hold(doubt, (doubt.show_id, stored.message.person), now)

    def _hold(self, doubt: Doubt, author: Author, now: float) -> None:
        self._waiting.add(Entry(doubt, author, self._band.distance(doubt.verdict), now))

    def _measure(self) -> None:
        self._metrics.second_waiting.set(len(self._waiting))
        self._metrics.second_circuit.set(self._breaker.circuit)


class Reading:
    """Runs a reader for as long as the context lasts."""

    def __init__(self, reader: SecondReader, reconsider: Reconsider) -> None:
        self._reader = reader
        self._reconsider = reconsider
        self._tasks = asyncio.TaskGroup()
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        await self._tasks.__aenter__()
        self._running = self._tasks.create_task(
            self._reader.run(self._reconsider), name="second opinions"
        )

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._running is not None
        self._running.cancel()
        await self._tasks.__aexit__(kind, error, trace)


def _adapted(answer: Verdict, local: Verdict) -> Verdict:
    """Return an answer as a verdict on this very message: its slots are those that were read here.

    An answer that was remembered was given to another message of the same words.
    """
    return msgspec.structs.replace(answer, slots=local.slots, claims=local.claims)

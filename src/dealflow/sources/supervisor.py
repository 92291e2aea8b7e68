"""Keeps one show being read: picks the way, starts again, tells how well it goes.

A reader is in charge. While it is not the best way, the better one is tried beside it from time to
time, and takes over once it has proved itself; while its chat is silent, another way may be tried
beside it to tell a quiet room from a deaf reader. What a reader on trial hears is held, and told as
a backlog when it takes over: the pipeline lines that up with what it has.

Every stretch that was not read is a gap on the state that ends it, unless the backlog after it
reaches back to what was read before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from random import Random
from typing import Final

import msgspec

from dealflow.clock import Clock
from dealflow.errors import DealflowError, Retry
from dealflow.model.facts import ChatSeen, Fact, Gap, Pulse, SourceChanged, SourceStatus
from dealflow.sources.backoff import QUICK, SLOW, Backoff
from dealflow.sources.base import Emit, Platform, ShowRef, Transport
from dealflow.sources.failures import Failure, cause, failure_of
from dealflow.sources.reading import Reading
from dealflow.sources.seen import Seen
from dealflow.telemetry.metrics import Metrics

HEALTHY_SECONDS: Final = 30.0
"""A way that was alive for so long has recovered: its next failure is its first."""

WORKED_SECONDS: Final = 5.0
"""A way that was alive for so long is opened again at once when it is lost."""

START_SECONDS: Final = 60.0
"""A reader without any sign of life for so long never began; a page may need 50 s to give up."""

STUBBORN: Final = 3
"""Times that a lost connection is tried again before the next way is taken instead."""

BACKLOG_SECONDS: Final = 2.0
"""How long a backlog may take after a reconnection before the stretch counts as missed."""

HANDOVER_SECONDS: Final = 5.0
"""How long two ways run side by side before the better one takes over."""

CHECK_SECONDS: Final = 30.0
"""How long another way listens along before a silent chat counts as a quiet room."""

CHECK_MOST: Final = 1_800.0
"""The longest time between two checks of a silent chat: a page costs more than a socket."""

EMPTY_ROOM: Final = 5
"""With fewer viewers than this a silent chat is no reason for a check."""

DEAF_SECONDS: Final = 2.0
"""By how much two ways may differ in time; a message that only one hears for longer is missed."""


TICK_SECONDS: Final = 1.0
"""How often silence is looked for; what happens is looked at when it happens."""

_DEAF: Final = Failure(
    "its chat was silent here and not elsewhere",
    "deaf",
    SourceStatus.STALLED,
    Retry.BACKOFF,
    is_silence=True,
)
_READING: Final = (SourceStatus.LIVE, SourceStatus.QUIET)


class Purpose(StrEnum):
    """Why a second reader runs beside the one in charge."""

    BETTER = "better"
    CHECK = "check"


class Way:
    """One way of reading and its record."""

    def __init__(self, transport: Transport, random: Random) -> None:
        self.transport = transport
        self.quick = Backoff(QUICK, random)
        self.slow = Backoff(SLOW, random)
        self.not_before = 0.0
        self.usable = True
        self.failure: Failure | None = None
        self.starts = 0

    def recovered(self) -> None:
        """Forget earlier failures."""
        self.quick.reset()
        self.slow.reset()


class Outage(msgspec.Struct, frozen=True):
    """A stretch that is not being read; ``start`` in milliseconds since 1970."""

    start: int
    label: str


class Supervisor:
    """Reads one show by one way or another until it ends.

    Args:
        transport: one way only, or ``auto``: the best that works.
        quiet_seconds: chat silence, with signs of life, after which the show is quiet.
        stall_seconds: silence of everything after which a reader is given up.
        random: shortens waits, so that many readers do not come back at one moment.
    """

    def __init__(
        self,
        platform: Platform,
        ref: ShowRef,
        transport: Transport,
        *,
        clock: Clock,
        metrics: Metrics,
        quiet_seconds: float,
        stall_seconds: float,
        random: Random,
    ) -> None:
        chosen = platform.ways if transport is Transport.AUTO else (transport,)
        self._platform = platform
        self._ref = ref
        self._ways = [Way(each, random) for each in chosen]
        self._clock = clock
        self._metrics = metrics
        self._quiet_seconds = quiet_seconds
        self._stall_seconds = stall_seconds
        self._checks = Backoff((max(quiet_seconds, CHECK_SECONDS), CHECK_MOST), random)
        self._next_check = 0.0
        self._seen = Seen()
        self._charge: Reading | None = None
        self._trial: Reading | None = None
        self._purpose = Purpose.BETTER
        self._insist: Way | None = None
        self._outage: Outage | None = None
        self._told = SourceChanged(status=SourceStatus.CONNECTING, at=0, reason="-")
        self._live_since: float | None = None
        self._live_ms = 0
        self._broken: Exception | None = None
        self._news = asyncio.Event()

    async def run(self, emit: Emit) -> None:
        """Read until the show ends or no way is left, and tell so; or until cancelled."""
        self._emit = emit
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                try:
                    while not await self._step():
                        await self._wait(group)
                finally:
                    for reading in (self._charge, self._trial):
                        if reading is not None:
                            reading.cancel()
        except BaseExceptionGroup as failed:
            raise cause(failed) from failed

    async def _wait(self, group: asyncio.TaskGroup) -> None:
        """Wait for news, or until it is time to look again."""
        alarm = group.create_task(self._ring(self._patience()))
        await self._news.wait()
        self._news.clear()
        alarm.cancel()

    async def _ring(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._news.set()

    def _patience(self) -> float:
        if self._charge is not None:
            return TICK_SECONDS
        now = self._clock.monotonic()
        wait = min((way.not_before - now for way in self._open_ways()), default=TICK_SECONDS)
        return min(max(wait, 0.0), TICK_SECONDS)

    # One step: look at everything once, in the order of importance.

    async def _step(self) -> bool:
        """Return whether it is all over."""
        if self._broken is not None:
            raise self._broken
        now = self._clock.monotonic()
        if await self._look_at_charge(now):
            return True
        await self._look_at_trial(now)
        if self._charge is None:
            if not any(way.usable for way in self._ways):
                await self._fail()
                return True
            await self._start()
        elif self._trial is None:
            self._try_another(now)
        return False

    async def _look_at_charge(self, now: float) -> bool:
        """Return whether the show ended."""
        reading = self._charge
        if reading is None:
            return False
        if reading.is_over and reading.failure is None:
            await self._tell(SourceStatus.ENDED, "the show has ended", reading.name, ends=True)
            return True
        failure = reading.failure or self._stall(reading, now)
        if failure is not None:
            await self._lose(reading, failure)
            return False
        await self._judge_gap(reading, now)
        await self._judge_quiet(reading, now)
        return False

    def _stall(self, reading: Reading, now: float) -> Failure | None:
        if reading.is_over:
            return None
        limit = self._stall_seconds if reading.born is not None else START_SECONDS
        if reading.silence(now) < limit:
            return None
        return Failure(
            f"no sign of life for {limit:.0f} s",
            "feed stalled",
            SourceStatus.STALLED,
            Retry.BACKOFF,
            is_silence=True,
        )

    async def _judge_gap(self, reading: Reading, now: float) -> None:
        """Tell that a gap is over once no backlog can prove any more that there was none."""
        if self._live_since is not None and now - self._live_since >= BACKLOG_SECONDS:
            await self._settle_gap(reading)

    async def _settle_gap(self, reading: Reading) -> None:
        """Tell the gap that ended when reading went on, if that is not told yet."""
        if self._outage is not None and self._live_since is not None:
            await self._tell(
                SourceStatus.LIVE, "reading again", reading.name, ends=True, gap_end=self._live_ms
            )

    async def _judge_quiet(self, reading: Reading, now: float) -> None:
        is_quiet = reading.chat_silence(now) >= self._quiet_seconds
        if self._told.status is SourceStatus.LIVE and is_quiet:
            await self._tell(SourceStatus.QUIET, "nobody has said anything lately", reading.name)
            self._next_check = now + self._checks.next()

    async def _look_at_trial(self, now: float) -> None:
        trial, charge = self._trial, self._charge
        if trial is None:
            return
        failure = trial.failure or self._stall(trial, now)
        if failure is None and trial.is_over:
            # One way alone says that the show is over: it counts when the one in charge agrees.
            failure = Failure("it ended early", "other", SourceStatus.CONNECTING, Retry.LATER)
        if failure is not None:
            self._drop_trial(failure)
        elif charge is None:
            if trial.is_alive:
                await self._hand_over("another way was reading already")
        elif self._purpose is Purpose.BETTER:
            await self._judge_better(charge, trial, now)
        else:
            await self._judge_check(charge, trial, now)

    async def _judge_better(self, charge: Reading, trial: Reading, now: float) -> None:
        if trial.born is None or now - trial.born < HANDOVER_SECONDS:
            return
        way = self._way(trial.way)
        if trial.chat is None and (charge.chat or 0.0) > trial.born + DEAF_SECONDS:
            self._drop_trial(_DEAF)
        elif trial.chat is not None or way.failure is not _DEAF:
            await self._hand_over("the better way works again")

    async def _judge_check(self, charge: Reading, trial: Reading, now: float) -> None:
        if charge.chat_silence(now) < self._quiet_seconds:
            self._drop_trial(None)  # the one in charge hears; that settles it
        elif trial.heard is not None:
            if now - trial.heard >= DEAF_SECONDS:
                await self._replace_deaf(charge, trial)
        elif trial.born is not None and now - trial.born >= CHECK_SECONDS:
            self._drop_trial(None)
            self._next_check = now + self._checks.next()

    async def _replace_deaf(self, charge: Reading, trial: Reading) -> None:
        self._postpone(self._way(charge.way), _DEAF)
        if not trial.joined_up:
            since = charge.chat_ms if charge.chat_ms is not None else charge.born_ms
            self._outage = Outage(since, _DEAF.label)
        await self._hand_over(_DEAF.reason)

    # Starting, losing and replacing readers.

    async def _start(self) -> None:
        now = self._clock.monotonic()
        way = self._due(now)
        if way is None:
            return
        reading = self._launch(way)
        if reading is None:
            return
        self._charge = reading
        self._insist = None
        if self._told.status is not SourceStatus.BLOCKED or self._told.way != reading.name:
            await self._tell(SourceStatus.CONNECTING, f"opening {way.transport}", reading.name)

    def _due(self, now: float) -> Way | None:
        """Return the best way whose time has come."""
        tried = None if self._trial is None else self._way(self._trial.way)
        due = (way for way in self._open_ways() if way.not_before <= now and way is not tried)
        return next(due, None)

    def _open_ways(self) -> list[Way]:
        """Return the ways that may be taken: none beyond the one that is insisted on."""
        last = len(self._ways) if self._insist is None else self._ways.index(self._insist) + 1
        return [way for way in self._ways[:last] if way.usable]

    def _launch(self, way: Way) -> Reading | None:
        try:
            reader = self._platform.reader(self._ref, way.transport)
        except DealflowError as error:
            self._postpone(way, failure_of(error))
            return None
        reading = Reading(reader, way.transport, self._clock)
        if way.starts:
            self._metrics.restarts.labels(reading.name).inc()
        way.starts += 1
        reading.task = self._group.create_task(self._read(reading), name=reading.name)
        return reading

    async def _read(self, reading: Reading) -> None:
        try:
            await reading.run(self._take)
        finally:
            self._news.set()

    async def _lose(self, reading: Reading, failure: Failure) -> None:
        now = self._clock.monotonic()
        way = self._way(reading.way)
        reading.cancel()
        await self._settle_gap(reading)
        self._charge = self._live_since = None
        worked = 0.0 if reading.born is None else now - reading.born
        if worked >= HEALTHY_SECONDS:
            way.recovered()
        self._interrupt(reading.whole_ms, failure.label)
        stubborn = failure.retry is Retry.BACKOFF and not failure.is_silence
        self._insist = way if stubborn and way.quick.failures < STUBBORN else None
        if self._insist is way and worked >= WORKED_SECONDS:
            way.not_before = now + way.quick.at_once()
        else:
            self._postpone(way, failure)
        if self._trial is None or not self._trial.is_alive:
            await self._tell(failure.status, failure.reason, reading.name)

    def _postpone(self, way: Way, failure: Failure) -> None:
        way.failure = failure
        if failure.retry is Retry.NEVER:
            way.usable = False
            return
        alone = sum(each.usable for each in self._ways) == 1
        is_quick = failure.retry is Retry.BACKOFF and (way is self._insist or alone)
        wait = (way.quick if is_quick else way.slow).next()
        way.not_before = self._clock.monotonic() + wait

    def _interrupt(self, since: int, label: str) -> None:
        if self._outage is None:
            self._outage = Outage(since, label)
            self._seen.interrupt()

    def _try_another(self, now: float) -> None:
        """Start a second reader beside the one in charge, when there is a reason to."""
        charge = self._charge
        assert charge is not None
        if charge.born is None or self._outage is not None:
            return
        place = self._ways.index(self._way(charge.way))
        ready = [way for way in self._ways if way.usable and way.not_before <= now]
        better = [way for way in ready if way in self._ways[:place]]
        other = [way for way in ready if way in self._ways[place + 1 :]]
        if better:
            self._trial, self._purpose = self._launch(better[0]), Purpose.BETTER
        elif other and self._is_suspicious(charge) and now >= self._next_check:
            self._trial, self._purpose = self._launch(other[0]), Purpose.CHECK

    def _is_suspicious(self, charge: Reading) -> bool:
        """Say whether a silent chat may be a deaf reader's: unless hardly anybody is there."""
        is_empty = charge.viewers is not None and charge.viewers < EMPTY_ROOM
        return self._told.status is SourceStatus.QUIET and not is_empty

    def _drop_trial(self, failure: Failure | None) -> None:
        trial, self._trial = self._trial, None
        assert trial is not None
        trial.cancel()
        if failure is not None:
            self._postpone(self._way(trial.way), failure)

    async def _hand_over(self, reason: str) -> None:
        """Put the trial in charge; what was held of it is told before anything that follows."""
        charge, trial = self._charge, self._trial
        assert trial is not None
        everything = charge is None or self._purpose is Purpose.CHECK
        if charge is not None:
            charge.cancel()
        if self._outage is not None and trial.born_ms <= self._outage.start:
            self._outage = None  # it was reading all the while
        self._charge = None
        self._live_since, self._live_ms = trial.born, trial.born_ms
        self._way(trial.way).failure = None
        await self._tell(SourceStatus.LIVE, reason, trial.name, ends=True, gap_end=trial.born_ms)
        while held := trial.release(everything=everything):
            for facts in held:
                self._seen.note(facts)
                await self._pass_on(facts)
        self._charge, self._trial = trial, None

    async def _fail(self) -> None:
        failures = [way.failure for way in self._ways if way.failure is not None]
        reason = failures[-1].reason if failures else "no way of reading is left"
        await self._tell(SourceStatus.FAILED, reason, "", ends=True)

    def _way(self, transport: Transport) -> Way:
        return next(way for way in self._ways if way.transport is transport)

    # What readers tell, and what is told of them.

    async def _take(self, reading: Reading, facts: Sequence[Fact]) -> None:
        told: list[Fact] = [fact for fact in facts if not isinstance(fact, Pulse | SourceChanged)]
        if reading is self._trial:
            reading.joined_up = reading.joined_up or self._seen.knows(told)
            told = reading.hold(told)
            self._news.set()  # the trial may have proved itself
        elif reading is self._charge:
            await self._take_states(reading, facts)
            await self._note_life(reading, told)
        else:
            return  # it was given up, and its successor tells the same
        self._seen.note(told)
        if told:
            await self._pass_on(told)

    async def _take_states(self, reading: Reading, facts: Sequence[Fact]) -> None:
        """Take a reader's own word that it does not hear the chat just now, or does again."""
        for place, fact in enumerate(facts):
            if not isinstance(fact, SourceChanged):
                continue
            reading.is_paused = fact.status is not SourceStatus.LIVE
            if reading.is_paused:
                await self._settle_gap(reading)
                self._live_since = None
                self._seen.note(facts[:place])
                self._interrupt(reading.said_by(fact.at), "channel closed")
                await self._tell(fact.status, fact.reason, reading.name)

    async def _note_life(self, reading: Reading, told: Sequence[Fact]) -> None:
        """Tell that reading goes on; after an outage, once a backlog shows that none was missed."""
        if reading.is_paused:
            return
        if self._told.status in _READING:
            if self._told.status is SourceStatus.QUIET and _has_live_chat(told):
                await self._tell(SourceStatus.LIVE, "somebody speaks again", reading.name)
            return
        if self._live_since is None:
            self._live_since, self._live_ms = self._clock.monotonic(), self._clock.now_ms()
        if self._outage is not None and self._seen.joins_up(told):
            self._outage = None
        if self._outage is None:
            await self._tell(SourceStatus.LIVE, "reading", reading.name)

    async def _tell(
        self,
        status: SourceStatus,
        reason: str,
        way: str,
        *,
        ends: bool = False,
        gap_end: int | None = None,
    ) -> None:
        """Tell a state unless it was the last one told; with ``ends``, the gap that is over."""
        at, gap = self._clock.now_ms(), None
        if ends and self._outage is not None:
            start = self._outage.start
            end = max(start, at if gap_end is None else gap_end)
            gap = Gap(start=start, end=end, reason=self._outage.label)
            self._outage = None
        last = self._told
        if gap is None and (last.status, last.reason, last.way) == (status, reason, way):
            return
        self._told = SourceChanged(status=status, at=at, reason=reason, way=way, gap=gap)
        await self._pass_on([self._told])

    async def _pass_on(self, facts: Sequence[Fact]) -> None:
        try:
            await self._emit(facts)
        except Exception as error:
            self._broken = error  # the pipeline takes nothing more: no reader's fault
            self._news.set()
            raise


def _has_live_chat(facts: Sequence[Fact]) -> bool:
    return any(isinstance(fact, ChatSeen) and not fact.backlog for fact in facts)

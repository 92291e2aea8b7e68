"""A monitor without a pipeline: it judges by one word, commits and publishes."""

from __future__ import annotations

from collections.abc import Sequence

from dealflow.bus.base import Bus, Committed
from dealflow.clock import Clock, iso
from dealflow.errors import DealflowError, ShowUnknown, ShowUrlRefused
from dealflow.model.correction import Correction
from dealflow.model.events import (
    EventBody,
    MessageView,
    NewMessage,
    StreamSelected,
    encode_body,
    kind_of,
)
from dealflow.model.filters import Filters
from dealflow.model.ids import new_id
from dealflow.model.intent import Intent, Slots, Verdict, message_type
from dealflow.model.message import Channel, Judged, Message
from dealflow.model.revision import Revision
from dealflow.model.show import StreamInfo
from dealflow.pipeline.base import (
    FilterState,
    Outcome,
    PushedMessage,
    RunState,
    RunStatus,
    StartRequest,
)
from dealflow.pipeline.correcting import seller_revision
from dealflow.pipeline.filters import Filter
from dealflow.store.base import (
    Batch,
    Counters,
    EventDraft,
    Show,
    ShowUpdate,
    Store,
    StoredMessage,
)

PLATFORM = "https://www.whatnot.com/live/"


class FakeMonitor:
    """Implements `pipeline.base.Monitor` over a real store; ``failure`` is raised once set."""

    def __init__(self, store: Store, bus: Bus, clock: Clock) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._active: dict[str, Show] = {}
        self._keys: set[tuple[str, str]] = set()
        self.failure: DealflowError | None = None

    @property
    def active(self) -> frozenset[str]:
        return frozenset(self._active)

    async def start(self, request: StartRequest) -> Show:
        self._fail()
        if not request.url.startswith(PLATFORM):
            raise ShowUrlRefused("That is not the address of a live show.")
        show = await self._open(request.session_id or request.url, "whatnot", request.url)
        stream = StreamInfo(url=show.url, title="A show", platform="whatnot")
        await self.tell(show, [StreamSelected(stream_id=show.id, stream=stream)])
        return show

    async def stop(self, session_id: str) -> Show:
        self._fail()
        show = self._active.pop(session_id, None)
        if show is None:
            raise ShowUnknown("No show of that key is being read.")
        return show

    async def push(
        self, session_id: str, messages: Sequence[PushedMessage], *, platform: str = "push"
    ) -> list[Outcome]:
        self._fail()
        show = await self._open(session_id, platform, "")
        now = self._clock.now_ms()
        judged: list[Judged] = []
        outcomes: list[Outcome] = []
        for pushed in messages:
            one = Judged(_message(pushed, now), _verdict(pushed.text))
            if (show.id, one.message.key) in self._keys:
                outcomes.append(Outcome(status="duplicate"))
                continue
            self._keys.add((show.id, one.message.key))
            judged.append(one)
            outcomes.append(
                Outcome(
                    status="stored",
                    message_id=one.message.id,
                    verdict=one.verdict,
                    is_buyer=one.verdict.confidence >= 0.7,
                    captured=one.verdict.confidence >= 0.7,
                )
            )
        await self._commit(show, judged, [_new_message(one) for one in judged])
        return outcomes

    async def reconsider(self, session_id: str, revisions: Sequence[Revision]) -> None:
        self._fail()
        show = await self._store.show_of(session_id)
        if show is None:
            raise ShowUnknown("No show of that key is stored.")
        await self._store.append(
            Batch(
                show_id=show.id,
                epoch=show.epoch,
                at=self._clock.now_ms(),
                revisions=tuple(revisions),
            )
        )

    async def filters(self, session_id: str) -> FilterState:
        show = await self._store.show_of(session_id)
        if show is None:
            raise ShowUnknown("No show of that key is known.")
        return FilterState(filters=show.filters or Filters())

    async def set_filters(self, session_id: str, filters: Filters) -> FilterState:
        self._fail()
        Filter(filters)
        show = await self._store.show_of(session_id)
        if show is None:
            raise ShowUnknown("No show of that key is known.")
        await self._store.append(
            Batch(
                show_id=show.id,
                epoch=show.epoch,
                at=self._clock.now_ms(),
                update=ShowUpdate(filters=filters),
            )
        )
        return FilterState(filters=filters)

    async def correct(
        self,
        session_id: str,
        message_id: str,
        correction: Correction | None,
        intent: Intent | None = None,
    ) -> StoredMessage:
        self._fail()
        show = await self._store.show_of(session_id)
        if show is None:
            raise ShowUnknown("No show of that key is stored.")
        now = self._clock.now_ms()
        made = await seller_revision(
            self._store, show, message_id, correction, intent, rules=None, now_ms=now
        )
        if made is not None:
            await self.reconsider(session_id, [made])
        stored = await self._store.message(show.id, message_id)
        assert stored is not None
        return stored

    async def reanalyse(
        self,
        session_id: str,
        *,
        model: str | None = None,
        threshold: float | None = None,
        again: bool = False,
    ) -> RunState:
        self._fail()
        show = await self._store.show_of(session_id)
        if show is None:
            raise ShowUnknown("No show of that key is stored.")
        run = await self._store.open_run(
            show.id,
            model=model or "words-1",
            threshold=0.7 if threshold is None else threshold,
            now_ms=self._clock.now_ms(),
            again=again,
        )
        return RunState(run=run, status=RunStatus.RUNNING)

    async def reanalysis(self, session_id: str) -> RunState | None:
        self._fail()
        show = await self._store.show_of(session_id)
        if show is None:
            raise ShowUnknown("No show of that key is stored.")
        runs = await self._store.runs(show.id)
        return RunState(run=runs[0], status=RunStatus.INTERRUPTED) if runs else None

    async def tell(self, show: Show, events: Sequence[EventBody]) -> None:
        """Commit and publish events."""
        await self._commit(show, [], events)

    async def _commit(
        self, show: Show, judged: Sequence[Judged], events: Sequence[EventBody]
    ) -> None:
        frames = await self._store.append(
            Batch(
                show_id=show.id,
                epoch=show.epoch,
                at=self._clock.now_ms(),
                messages=tuple(judged),
                counters=Counters(read=len(judged), stored=len(judged)),
                events=tuple(EventDraft(kind_of(event), encode_body(event)) for event in events),
            )
        )
        await self._bus.publish(Committed(show.id, show.session_id, show.epoch, frames))

    async def _open(self, session_id: str, platform: str, url: str) -> Show:
        if session_id not in self._active:
            self._active[session_id] = await self._store.open_show(
                session_id=session_id, platform=platform, url=url, now_ms=self._clock.now_ms()
            )
        return self._active[session_id]

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


def _message(pushed: PushedMessage, now_ms: int) -> Message:
    id = new_id(now_ms)
    return Message(
        id=id,
        key=pushed.platform_id or id,
        username=pushed.username,
        text=pushed.text,
        sent_at=pushed.sent_at or now_ms,
        received_at=now_ms,
        platform_id=pushed.platform_id,
        role=pushed.role,
        channel=Channel.PUSH,
    )


def _verdict(text: str) -> Verdict:
    intent = Intent.CLAIM if "mine" in text else Intent.CHATTER
    confidence = 0.95 if intent is Intent.CLAIM else 0.05
    return Verdict(intent=intent, confidence=confidence, scores={intent: 1.0})


def _new_message(judged: Judged) -> NewMessage:
    message, verdict = judged.message, judged.verdict
    return NewMessage(
        message=MessageView(
            id=message.id,
            platform_id=message.platform_id,
            username=message.username,
            message=message.text,
            timestamp=iso(message.sent_at),
            role=message.role,
            backlog=message.backlog,
            is_buyer=verdict.confidence >= 0.7,
            confidence=verdict.confidence,
            message_type=message_type(verdict.intent),
            intent=verdict.intent,
            slots=Slots(),
            lot=None,
        )
    )

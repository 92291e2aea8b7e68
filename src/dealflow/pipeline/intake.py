"""From facts to steps: clean, deduplicate, bind to the lot, and count.

Pure but for the memory that it holds of its one show. Every chat fact that comes in ends as
exactly one of: a `Heard` step, a duplicate, a named drop.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence

import msgspec

from dealflow.model.facts import (
    BidSeen,
    ChatDropped,
    ChatSeen,
    DropReason,
    Fact,
    LotClosed,
    LotShown,
    Oddity,
    Pulse,
    Reconsidered,
    SaleSeen,
    ShowSeen,
    SourceChanged,
    ViewersSeen,
)
from dealflow.model.ids import new_id
from dealflow.model.intent import Context
from dealflow.model.message import Message
from dealflow.model.show import Lot, SaleMode, ShowRules
from dealflow.model.text import MAX_NAME, MAX_TEXT, clean, clean_name
from dealflow.pipeline.dedupe import DedupeRing, Sighting
from dealflow.pipeline.timeline import LotTimeline

HISTORY = 5
"""Messages of one author that a classifier gets as context."""

AUTHORS = 2_000
"""Authors whose history is remembered in one show; the one silent for longest goes first."""


class Heard(msgspec.Struct, frozen=True):
    """A new message and what its reader should know; ``place`` is its place among the facts."""

    message: Message
    context: Context
    place: int


class LotMoved(msgspec.Struct, frozen=True):
    """What is on screen changed."""

    lot: Lot | None
    at: int


Step = Heard | LotMoved | SaleSeen | ViewersSeen | ShowSeen | SourceChanged | Reconsidered


class Taken(msgspec.Struct):
    """What intake made of some facts.

    ``fates`` tells, by place among the facts, what became of each chat fact that is no step:
    ``duplicate`` or the reason of its drop. ``learned`` maps keys to platform ids.
    ``overlap`` says whether a backlog held something that was known.
    """

    steps: list[Step] = []
    fates: dict[int, str] = {}
    originals: dict[int, str] = {}
    learned: list[tuple[str, str]] = []
    odd: Counter[str] = msgspec.field(default_factory=Counter)
    read: int = 0
    duplicates: int = 0
    dropped: Counter[str] = msgspec.field(default_factory=Counter)
    overlap: bool = False


class Intake:
    """The door of one show's pipeline."""

    def __init__(
        self, *, mode: SaleMode | None, rules: ShowRules | None, ring: DedupeRing | None = None
    ) -> None:
        self.mode = mode
        self.rules = rules
        self.ring = DedupeRing() if ring is None else ring
        self.lots = LotTimeline()
        self._history: dict[str, deque[str]] = {}

    def take(self, facts: Sequence[Fact]) -> Taken:
        """Turn facts into steps, in their order."""
        taken = Taken()
        place = 0
        while place < len(facts):
            fact = facts[place]
            if isinstance(fact, ChatSeen) and fact.backlog:
                end = _end_of_backlog(facts, place)
                self._take_backlog(facts, place, end, taken)
                place = end
                continue
            self._take_one(fact, place, taken)
            place += 1
        return taken

    def forget(self, messages: Iterable[Message]) -> None:
        """Take back messages that were not stored after all."""
        for message in messages:
            self.ring.forget(message.key)

    def _take_one(self, fact: Fact, place: int, taken: Taken) -> None:
        match fact:
            case ChatSeen():
                self._take_chat(fact, place, taken)
            case LotShown(lot=lot, at=at):
                self._move(lot, at, taken)
            case LotClosed(at=at):
                self._move(None, at, taken)
            case BidSeen(lot_platform_id=lot_id, price=price, currency=currency, at=at):
                if price is not None and self.lots.price(lot_id, price, currency):
                    taken.steps.append(LotMoved(self.lots.current, at))
            case ChatDropped() | Oddity() | Pulse():
                _count(fact, taken)
            case ShowSeen(mode=mode):
                self.mode = mode or self.mode
                taken.steps.append(fact)
            case SaleSeen() | ViewersSeen() | SourceChanged() | Reconsidered():
                taken.steps.append(fact)

    def _move(self, lot: Lot | None, at: int, taken: Taken) -> None:
        if self.lots.show(lot, at):
            taken.steps.append(LotMoved(self.lots.current, at))

    def _take_chat(self, fact: ChatSeen, place: int, taken: Taken) -> None:
        taken.read += 1
        cleaned = self._clean(fact, place, taken)
        if cleaned is not None:
            self._admit(self.ring.look(cleaned), place, taken)
            self.lots.heard(fact.at)

    def _take_backlog(self, facts: Sequence[Fact], start: int, end: int, taken: Taken) -> None:
        places: list[int] = []
        backlog: list[ChatSeen] = []
        for place in range(start, end):
            fact = facts[place]
            assert isinstance(fact, ChatSeen)
            taken.read += 1
            cleaned = self._clean(fact, place, taken)
            if cleaned is not None:
                places.append(place)
                backlog.append(cleaned)
        seen_here: set[str] = set()
        for place, sighting in zip(places, self.ring.look_back(backlog), strict=True):
            platform_id = sighting.fact.platform_id
            if sighting.known is None and platform_id is not None and platform_id in seen_here:
                sighting = self.ring.look(sighting.fact)  # told twice within one backlog
            elif sighting.known is not None:
                taken.overlap = True
            if platform_id is not None:
                seen_here.add(platform_id)
            self._admit(sighting, place, taken)

    def _clean(self, fact: ChatSeen, place: int, taken: Taken) -> ChatSeen | None:
        reason = _fault(fact)
        if reason is not None:
            taken.dropped[reason] += 1
            taken.fates[place] = reason
            return None
        name, text = clean_name(fact.username), clean(fact.text)
        platform_id = None if fact.platform_id is None else clean_name(fact.platform_id)
        user_id = None if fact.user_id is None else clean_name(fact.user_id)
        if (name, text, platform_id, user_id) == (
            fact.username,
            fact.text,
            fact.platform_id,
            fact.user_id,
        ):
            return fact
        return msgspec.structs.replace(
            fact, username=name, text=text, platform_id=platform_id or None, user_id=user_id or None
        )

    def _admit(self, sighting: Sighting, place: int, taken: Taken) -> None:
        fact = sighting.fact
        if sighting.known is not None:
            taken.duplicates += 1
            taken.fates[place] = "duplicate"
            taken.originals[place] = sighting.known.key
            if sighting.learned and fact.platform_id is not None:
                taken.learned.append((sighting.known.key, fact.platform_id))
            return
        message_id = new_id(fact.at)
        key = f"i:{fact.platform_id}" if fact.platform_id is not None else f"m:{message_id}"
        self.ring.remember(key, fact.platform_id, fact.username, fact.text, fact.at)
        lot, lot_age = self.lots.of(fact)
        message = Message(
            id=message_id,
            key=key,
            username=fact.username,
            text=fact.text,
            sent_at=fact.at if fact.sent_at is None else fact.sent_at,
            received_at=fact.at,
            platform_id=fact.platform_id,
            user_id=fact.user_id,
            role=fact.role,
            badges=fact.badges,
            channel=fact.channel,
            backlog=fact.backlog,
            lot=lot,
        )
        context = Context(
            mode=(lot.mode if lot is not None else None) or self.mode,
            lot=lot,
            author_role=fact.role,
            history=self._remember_author(message),
            rules=self.rules,
            lot_age=lot_age,
        )
        taken.steps.append(Heard(message, context, place))

    def _remember_author(self, message: Message) -> tuple[str, ...]:
        """Return what the author said before, and note what they say now."""
        person = message.person
        said = self._history.pop(person, None)
        before = () if said is None else tuple(said)
        if said is None:
            said = deque(maxlen=HISTORY)
        said.append(message.text)
        self._history[person] = said
        if len(self._history) > AUTHORS:
            del self._history[next(iter(self._history))]
        return before


def _count(fact: ChatDropped | Oddity | Pulse, taken: Taken) -> None:
    match fact:
        case ChatDropped(reason=reason, count=count):
            taken.read += count
            taken.dropped[reason] += count
        case Oddity(kind=kind):
            taken.odd[kind] += 1
        case Pulse():
            pass  # for the supervisor only


def _end_of_backlog(facts: Sequence[Fact], start: int) -> int:
    end = start
    while end < len(facts):
        fact = facts[end]
        if not (isinstance(fact, ChatSeen) and fact.backlog):
            break
        end += 1
    return end


def _fault(fact: ChatSeen) -> DropReason | None:
    """Return why a message cannot be kept, or ``None``."""
    if len(fact.text) > MAX_TEXT or len(fact.username) > MAX_NAME:
        return DropReason.OVERSIZE
    if not fact.text.strip():
        return DropReason.EMPTY
    if not fact.username.strip():
        return DropReason.NAMELESS
    return None

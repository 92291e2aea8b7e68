"""From facts to steps: clean, deduplicate, bind to the lot, and count.

Pure but for the memory that it holds of its one show. Every chat fact that comes in ends as
exactly one of: a `Heard` step, a duplicate, a named drop.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

import msgspec

from dealflow.clock import iso
from dealflow.intents.base import LearnRules
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
from dealflow.model.filters import Filters, Held
from dealflow.model.ids import new_id
from dealflow.model.intent import Context, Role
from dealflow.model.message import Message
from dealflow.model.room import Talk
from dealflow.model.rule_line import describe_patch
from dealflow.model.rulebook import Rulebook
from dealflow.model.show import LearnedRule, Lot, RulesPatch, SaleMode, ShowRules
from dealflow.model.text import MAX_NAME, MAX_TEXT, clean, clean_name
from dealflow.pipeline.base import FilterState
from dealflow.pipeline.dedupe import DedupeRing, Sighting
from dealflow.pipeline.filters import Filter
from dealflow.pipeline.history import Histories
from dealflow.pipeline.timeline import LotTimeline

HELD = 50
"""Messages kept out that are shown to the seller, the newest; their count stands elsewhere."""

HELD_TEXT = 200
"""Characters of such a message that are shown."""


class Heard(msgspec.Struct, frozen=True):
    """A new message and what its reader should know; ``place`` is its place among the facts."""

    message: Message
    context: Context
    place: int


class LotMoved(msgspec.Struct, frozen=True):
    """What is on screen changed."""

    lot: Lot | None
    at: int


class RulesLearned(msgspec.Struct, frozen=True):
    """The shop announced how claims are made: the rules now, and all that was announced."""

    rules: ShowRules
    learned: tuple[LearnedRule, ...]


Step = (
    Heard
    | LotMoved
    | RulesLearned
    | SaleSeen
    | ViewersSeen
    | ShowSeen
    | SourceChanged
    | Reconsidered
)


class Taken(msgspec.Struct):
    """What intake made of some facts.

    ``fates`` tells, by place among the facts, what became of each chat fact that is no step:
    ``duplicate`` or the reason of its drop. ``learned`` maps keys to platform ids.
    ``held_keys`` are the keys of what the filters kept out.
    ``overlap`` says whether a backlog held something that was known.
    """

    steps: list[Step] = []
    fates: dict[int, str] = {}
    originals: dict[int, str] = {}
    held_keys: list[str] = []
    learned: list[tuple[str, str]] = []
    odd: Counter[str] = msgspec.field(default_factory=Counter)
    read: int = 0
    duplicates: int = 0
    dropped: Counter[str] = msgspec.field(default_factory=Counter)
    overlap: bool = False


def learn_nothing(text: str, role: Role, lang: str | None = None) -> RulesPatch | None:
    """Read no announcements."""
    del text, role, lang
    return None


class Intake:
    """The door of one show's pipeline.

    Args:
        mode: how the show sells, where that is known.
        rules: what the seller set.
        learned: what the shop announced before.
        filters: what is kept out.
        ring: the messages that are known already.
        learn: reads the shop's announcements.

    Raises:
        InputInvalid: a filter is no usable pattern.
    """

    def __init__(
        self,
        *,
        mode: SaleMode | None,
        rules: ShowRules | None,
        learned: Sequence[LearnedRule] = (),
        filters: Filters | None = None,
        ring: DedupeRing | None = None,
        learn: LearnRules = learn_nothing,
    ) -> None:
        self.mode = mode
        self.rulebook = Rulebook(rules, learned)
        self.filter = Filter(Filters() if filters is None else filters)
        self.held: deque[Held] = deque(maxlen=HELD)
        self.ring = DedupeRing() if ring is None else ring
        self._learn = learn
        self.lots = LotTimeline()
        self._histories = Histories()
        self._talk = Talk()

    @property
    def filter_state(self) -> FilterState:
        """Return what is kept out, and the newest messages that were."""
        return FilterState(filters=self.filter.filters, held=tuple(self.held))

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

    def forget(self, taken: Taken) -> None:
        """Take back what was made of some facts, because they will be told again."""
        messages = [step.message for step in taken.steps if isinstance(step, Heard)]
        for key in (*(message.key for message in messages), *taken.held_keys):
            self.ring.forget(key)
        self.filter.forget(messages)
        self.rulebook.forget(message.id for message in messages)

    def forget_message(self, message: Message) -> None:
        """Take back one message that cannot be stored."""
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
        reason = self.filter.look(message, lot, _moment(fact))
        if reason is not None:
            self._hold(message, reason, place, taken)
            return
        context = Context(
            mode=(lot.mode if lot is not None else None) or self.mode,
            lot=lot,
            author_role=fact.role,
            history=self._histories.note(message),
            rules=self.rulebook.rules,
            lot_age=lot_age,
            room=self._talk.note(message.person, message.role, message.text, message.sent_at, lot),
        )
        taken.steps.append(Heard(message, context, place))
        if message.role in _SHOP and self.rulebook.learns:
            self._hear_rules(message, taken)

    def _hear_rules(self, message: Message, taken: Taken) -> None:
        patch = self._learn(message.text, message.role)
        if patch is not None and self.rulebook.hear(patch, message.id, describe_patch(patch)):
            rules = self.rulebook.rules or ShowRules()
            taken.steps.append(RulesLearned(rules, self.rulebook.learned))

    def _hold(self, message: Message, reason: DropReason, place: int, taken: Taken) -> None:
        """Count a message that is kept out, and keep a sample of it for the seller."""
        taken.dropped[reason] += 1
        taken.fates[place] = reason
        taken.held_keys.append(message.key)
        self.held.append(
            Held(
                username=message.username,
                message=message.text[:HELD_TEXT],
                timestamp=iso(message.sent_at),
                reason=reason,
            )
        )


_SHOP = frozenset({Role.HOST, Role.MOD})


def _moment(fact: ChatSeen) -> int | None:
    """Return when a message was said, or ``None`` for an old one that does not say it."""
    if fact.sent_at is not None:
        return fact.sent_at
    return None if fact.backlog else fact.at


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

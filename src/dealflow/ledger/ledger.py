"""The ledger of one show: entries in, changed claims out; pure.

How each kind of sale treats what the chat says:

- ``claim`` (and a show of which nothing is known): the first to say it gets it, as far as there is
  stock; a lot of unknown stock is one piece.
- ``fixed``: a claim is the intent to press the platform's button; it stands in the line, and only
  a known stock limits the awards.
- ``auction``: the platform's button alone decides; chat is demand, so it only *asks*.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from dealflow.ledger.item import find, has_letters, in_ranges, is_code, is_price_of, normal_code
from dealflow.ledger.line import Award, LotLine, LotOutcome
from dealflow.ledger.standing import Person, Standing, Wish, quantity_of
from dealflow.model.claim import Claim, ClaimState
from dealflow.model.intent import Intent, Role, Slots, Verdict
from dealflow.model.message import Message
from dealflow.model.show import Lot, Sale, SaleMode, ShowRules

__all__ = [
    "Award",
    "Entry",
    "Ledger",
    "LedgerState",
    "LotLeft",
    "LotOpened",
    "LotOutcome",
    "ModeKnown",
    "RulesKnown",
    "Said",
    "Sold",
]

MAX_EARLY_LOTS = 500
"""Lots that were claimed before they were ever shown: more than any show's list of codes that was
seen, and a bound for somebody who counts to a million in the chat."""


class Said(msgspec.Struct, frozen=True):
    """Somebody said something; ``message.lot`` was on screen when it was sent."""

    message: Message
    verdict: Verdict


class LotOpened(msgspec.Struct, frozen=True):
    """A lot came on screen, or the one on screen changed; ``at`` in milliseconds since 1970."""

    lot: Lot
    at: int


class LotLeft(msgspec.Struct, frozen=True):
    """The screen is empty; claims on what was there may still come."""

    at: int


class Sold(msgspec.Struct, frozen=True):
    """The platform confirmed a sale."""

    sale: Sale
    at: int


class ModeKnown(msgspec.Struct, frozen=True):
    """How the show sells became known, or was not known yet; a lot's own mode goes before it."""

    mode: SaleMode | None


class RulesKnown(msgspec.Struct, frozen=True):
    """How claims are made became known, or changed; earlier claims stand as they were judged."""

    rules: ShowRules


Entry = Said | LotOpened | LotLeft | Sold | ModeKnown | RulesKnown


class LedgerState(msgspec.Struct, frozen=True):
    """What `Ledger.restore` needs; the lines are shared, because they never change."""

    lines: dict[str, LotLine]
    mode: SaleMode | None
    order: int
    rules: ShowRules


class Ledger:
    """Who claimed what in one show.

    Args:
        rules: the seller's rules, if any.
        mode: how the show sells, where a lot does not say it itself.
        threshold: the confidence from which a message can claim.
    """

    def __init__(self, *, rules: ShowRules | None, mode: SaleMode | None, threshold: float) -> None:
        self._rules = ShowRules() if rules is None else rules
        self._mode = mode
        self._threshold = threshold
        self._lines: dict[str, LotLine] = {}  # by lot key, the newest lot last
        # Where each person ever stood: a hint that may say too much, so it is never undone.
        self._places: dict[str, dict[str, None]] = {}
        self._order = 0

    def apply(self, entry: Entry, place: int | None = None) -> tuple[Claim, ...]:
        """Fold one entry in; return every claim that changed, lot by lot in the line's order.

        Args:
            entry: what happened.
            place: its place among all entries of the show; ``None``: right after the last.
        """
        self._order = self._order + 1 if place is None else place
        match entry:
            case Said(message=message, verdict=verdict):
                return tuple(self._hear(message, verdict))
            case LotOpened(lot=lot):
                return self._open(lot)
            case Sold(sale=sale):
                return self._sell(sale)
            case ModeKnown(mode=mode):
                self._mode = mode
                return ()
            case RulesKnown(rules=rules):
                self._rules = rules
                return ()
            case LotLeft():
                return ()

    def claims(self) -> tuple[Claim, ...]:
        """Return every claim as it stands."""
        return tuple(claim for line in self._lines.values() for claim in line.claims())

    def outcomes(self) -> tuple[LotOutcome, ...]:
        """Return what became of each lot, in the order in which they were first heard of."""
        return tuple(line.outcome() for line in self._lines.values())

    def lot_of(self, message: Message, slots: Slots) -> Lot | None:
        """Return the lot that a buyer's words concern: the one they name, else that on screen."""
        line = self._target(message, slots)
        return message.lot if line is None else line.lot

    def changes(self, before: LedgerState) -> tuple[Claim, ...]:
        """Return every claim that is not as it was; one that is there no more is void."""
        changed: list[Claim] = []
        for key, line in self._lines.items():
            old = before.lines.get(key)
            if old is not line:
                changed += line.claims() if old is None else line.changes(old)
        for key, old in before.lines.items():
            now = self._lines.get(key)
            if now is not old:
                left = set() if now is None else {claim.key for claim in now.claims()}
                changed += (
                    msgspec.structs.replace(claim, state=ClaimState.VOID)
                    for claim in old.claims()
                    if claim.key not in left
                )
        return tuple(changed)

    def checkpoint(self) -> LedgerState:
        """Return what is needed to undo the entries that follow."""
        return LedgerState(dict(self._lines), self._mode, self._order, self._rules)

    def restore(self, state: LedgerState) -> None:
        """Undo every entry since the checkpoint."""
        self._lines = dict(state.lines)
        self._mode = state.mode
        self._order = state.order
        self._rules = state.rules

    def _hear(self, message: Message, verdict: Verdict) -> Iterator[Claim]:
        if message.lot is not None and message.lot.key not in self._lines:
            yield from self._open(message.lot)
        if message.role is not Role.VIEWER:
            return  # "SOLD to @amy" by the host is speech; the platform's word is a `Sold`
        confident = verdict.confidence >= self._threshold
        for slots in verdict.claims or (verdict.slots,):
            match verdict.intent:
                case Intent.CLAIM | Intent.BACKUP if confident:
                    yield from self._claim(message, slots, verdict.intent)
                case Intent.BID | Intent.CHECKOUT if confident:
                    self._ask(message, slots, verdict.intent)
                case Intent.DEMAND:
                    self._ask(message, slots, verdict.intent)
                case Intent.RETRACTION:
                    yield from self._retract(message, slots)

    def _claim(self, message: Message, slots: Slots, intent: Intent) -> tuple[Claim, ...]:
        line = self._target(message, slots)
        if line is None:
            return ()
        person = _author(message)
        line = line.meet(person).ask(person)
        if self._mode_of(line) is SaleMode.AUCTION:
            return self._put(line)
        wish = Wish(
            person=person,
            message_id=message.id,
            order=self._order,
            quantity=self._quantity(slots),
            price=slots.price,
        )
        if self._is_void(line, slots, intent):
            return self._put(line.refuse(wish))
        if intent is Intent.BACKUP:
            return self._put(line.queue(wish))
        return self._put(line.claim(wish, self._pieces(line)))

    def _ask(self, message: Message, slots: Slots, intent: Intent) -> None:
        person = _author(message)
        if intent is Intent.CHECKOUT and slots.item is None and self._stands(person):
            return  # "invoice me" is about what they have
        line = self._known(message, slots)
        if line is None and intent is not Intent.DEMAND:
            line = self._on_screen(message)
        if line is not None:
            self._put(line.meet(person).ask(person))

    def _retract(self, message: Message, slots: Slots) -> tuple[Claim, ...]:
        if not self._rules.retract:
            return ()
        person = _author(message)
        live = [
            (standing.order, line)
            for line in self._lines_of(person)
            if (standing := line.standing(person)) is not None and standing.is_live
        ]
        lines = [line for _, line in sorted(live, key=lambda pair: pair[0])]
        if not lines:
            asked = self._known(message, slots)
            return () if asked is None else self._put(asked.unask(person))
        line = lines[-1]
        if slots.item is not None:
            names = [one.name for one in lines]
            named = find(slots.item, message.lot, names)
            if named is not None:
                line = lines[names.index(named)]
            elif is_code(slots.item) and self._is_code_here(slots.item):
                return ()  # they name a lot on which they hold nothing
        return self._put(line.release(person, message.id, self._pieces(line)))

    def _open(self, lot: Lot) -> tuple[Claim, ...]:
        line = self._lines.get(lot.key)
        if line is None:
            line = self._adopted(lot)
        return self._put(line.open(lot, self._pieces))

    def _adopted(self, lot: Lot) -> LotLine:
        """Return the line that waits for a lot: of those who claimed its code early, or none."""
        code = normal_code(lot.code or "")
        for key, line in self._lines.items():
            if code and line.name.code == code and not line.shown:
                del self._lines[key]
                return line
        return LotLine.of(lot)

    def _sell(self, sale: Sale) -> tuple[Claim, ...]:
        line = self._sale_line(sale)
        return self._put(line.sell(sale, self._order, self._pieces(line)))

    def _sale_line(self, sale: Sale) -> LotLine:
        if sale.platform_id is not None:
            lot = Lot(platform_id=sale.platform_id, title=sale.lot)
            if lot.key in self._lines:
                return self._lines[lot.key]
        else:
            lot = Lot(code=sale.lot)
        code = normal_code(sale.lot)
        for line in reversed(self._lines.values()):
            if line.label == sale.lot or (code and line.name.code == code):
                return line
        return LotLine.of(lot)

    def _target(self, message: Message, slots: Slots) -> LotLine | None:
        """Return the line that a claim is for, an empty new one for a code not shown yet."""
        line = self._known(message, slots)
        if line is not None or slots.item is None:
            return line
        on_screen = self._on_screen(message)
        is_early = is_code(slots.item) and not is_price_of(slots.item, message.lot)
        if not is_early or not (on_screen is None or self._is_code_here(slots.item)):
            return on_screen  # another word for what everybody sees
        early = sum(not line.shown for line in self._lines.values())
        if early >= MAX_EARLY_LOTS:
            return None
        return LotLine.of(Lot(code=slots.item.strip().lstrip("#").upper()), shown=False)

    def _known(self, message: Message, slots: Slots) -> LotLine | None:
        """Return the line of the lot that is named, or of that on screen when none is named."""
        if slots.item is None:
            return self._on_screen(message)
        named = find(slots.item, message.lot, [line.name for line in self._lines.values()])
        return None if named is None else self._lines[named.lot.key]

    def _on_screen(self, message: Message) -> LotLine | None:
        return None if message.lot is None else self._lines.get(message.lot.key)

    def _is_code_here(self, item: str) -> bool:
        """Say whether a text that no lot goes by could be the code of a lot of this show."""
        code = normal_code(item)
        if self._rules.codes:
            return in_ranges(code, self._rules.codes)
        if self._rules.number_is == "item":
            return True
        codes = (line.name.code for line in self._lines.values() if line.shown)
        return any(other and has_letters(other) == has_letters(code) for other in codes)

    def _is_void(self, line: LotLine, slots: Slots, intent: Intent) -> bool:
        if not self._rules.early and not line.shown:
            return True
        named = slots.item is not None or (
            self._rules.number_is == "price" and slots.price is not None
        )
        return self._rules.require_item and intent is Intent.CLAIM and not named

    def _quantity(self, slots: Slots) -> int:
        return 1 if self._rules.one_per_buyer else quantity_of(slots)

    def _mode_of(self, line: LotLine) -> SaleMode:
        return line.lot.mode or self._mode or SaleMode.CLAIM

    def _pieces(self, line: LotLine) -> int | None:
        if line.stock is None:
            return None if self._mode_of(line) is SaleMode.FIXED else 1
        return line.stock

    def _stands(self, person: Person) -> bool:
        """Say whether the person has, or waits for, anything in this show."""
        standings: Iterator[Standing | None] = (
            line.standing(person) for line in self._lines_of(person)
        )
        return any(one is not None and (one.is_live or one.holds) for one in standings)

    def _lines_of(self, person: Person) -> Iterator[LotLine]:
        """Yield the lines in which a person may stand: of hundreds of lots, a few."""
        for key in self._places.get(person.key, ()):
            if key in self._lines:
                yield self._lines[key]

    def _put(self, line: LotLine) -> tuple[Claim, ...]:
        """Keep a line and return the claims that are not as they were."""
        before = self._lines.get(line.lot.key)
        self._lines[line.lot.key] = line
        if before is None or before.standings is not line.standings:
            for one in line.standings:
                self._places.setdefault(one.person.key, {})[line.lot.key] = None
        return line.claims() if before is None else line.changes(before)


def _author(message: Message) -> Person:
    return Person(message.person, message.username)

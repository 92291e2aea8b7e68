"""The ledger against a slow, obvious one, over any show that Hypothesis can think of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dealflow.ledger.ledger import Entry, Ledger, LotOpened, Said, Sold
from dealflow.model.claim import Claim
from dealflow.model.intent import Intent, Role, Slots, Verdict
from dealflow.model.message import Message
from dealflow.model.show import Lot, Sale, SaleMode

CODES = ("1", "2")
PEOPLE = ("amy", "bea", "cat", "dee")


@dataclass
class Show:
    code: str
    stock: int | None


@dataclass
class Say:
    user: str
    intent: Intent
    item: str | None
    quantity: int | None
    is_sure: bool
    is_shop: bool


@dataclass
class Sell:
    code: str
    user: str


Step = Show | Say | Sell

shows = st.builds(Show, st.sampled_from(CODES), st.none() | st.integers(0, 4))
sales = st.builds(Sell, st.sampled_from(CODES), st.sampled_from(PEOPLE))
talk = st.builds(
    Say,
    st.sampled_from(PEOPLE),
    st.sampled_from([Intent.CLAIM] * 4 + [Intent.RETRACTION] * 3 + [Intent.BACKUP] * 2),
    st.none() | st.sampled_from(CODES),
    st.none() | st.integers(1, 3),
    st.sampled_from([True] * 9 + [False]),
    st.sampled_from([False] * 9 + [True]),
)
# Long shows with few people and lots, so that they meet again and again.
steps = st.integers(0, 40).flatmap(
    lambda size: st.lists(
        st.sampled_from([talk] * 10 + [shows] * 2 + [sales]).flatmap(lambda kind: kind),
        min_size=size,
        max_size=size,
    )
)


@dataclass
class Row:
    user: str
    state: str
    wanted: int
    has: int = 0
    last: int = 0
    is_firm: bool = True


@dataclass
class Reference:
    """Who stands where, by walking lists from the front every time."""

    on_screen: str | None = None
    stock: dict[str, int] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    clock: int = 0

    def step(self, step: Step) -> None:
        self.clock += 1
        match step:
            case Show(code, stock):
                self.on_screen = code
                known = self.rows.setdefault(code, [])
                if stock is not None:
                    self.stock[code] = max(stock, self.stock.get(code, 0))
                if any(
                    row.state in ("awarded", "sold") or (row.state == "backup" and row.is_firm)
                    for row in known
                ):
                    self.call_back(code)
                    self.hand_out(code)
            case Sell(code, user):
                self.rows.setdefault(code, [])
                self.sell(code, user)
            case Say() if not step.is_shop:
                self.say(step)

    def say(self, step: Say) -> None:
        code = self.on_screen if step.item is None else step.item
        if step.intent is Intent.RETRACTION:
            self.take_back(step)
        elif step.is_sure and code is not None:
            self.claim(code, step.user, step.quantity or 1, step.intent is Intent.BACKUP)

    def left(self, code: str) -> int:
        return self.stock.get(code, 1) - sum(row.has for row in self.rows[code])

    def row(self, code: str, user: str) -> Row | None:
        return next((row for row in self.rows.get(code, []) if row.user == user), None)

    def claim(self, code: str, user: str, wanted: int, is_backup: bool) -> None:
        rows = self.rows.setdefault(code, [])
        row = self.row(code, user)
        if row is not None and row.state == "passed":
            rows.remove(row)
            row = None
        if row is None:
            row = Row(user, "backup", wanted, is_firm=not is_backup)
            rows.append(row)
        row.wanted = max(row.wanted, wanted)
        row.last = self.clock
        if not is_backup:
            row.is_firm = True
            if row.state != "sold":
                self.give(code, row)

    def give(self, code: str, row: Row) -> None:
        while row.has < row.wanted and self.left(code) > 0:
            row.has += 1
            row.state = "awarded"

    def hand_out(self, code: str) -> None:
        waiting = [row for row in self.rows[code] if row.state == "backup"]
        partly = [row for row in self.rows[code] if row.state == "awarded"]
        for row in waiting + partly:
            self.give(code, row)

    def take_back(self, step: Say) -> None:
        live = [
            (row.last, code, row)
            for code, rows in self.rows.items()
            for row in rows
            if row.user == step.user and row.state in ("awarded", "backup")
        ]
        if step.item is not None:
            live = [one for one in live if one[1] == step.item]
        if live:
            _, code, row = max(live, key=lambda one: one[0])
            had, row.has, row.state = row.has, 0, "passed"
            if had:
                self.hand_out(code)

    def sell(self, code: str, user: str) -> None:
        row = self.row(code, user)
        if row is None:
            self.rows[code].append(Row(user, "sold", 1, 1))
        elif row.state != "sold":  # the same sale told twice
            row.state, row.has = "sold", max(row.has, 1)
        self.call_back(code)

    def call_back(self, code: str) -> None:
        for other in reversed(self.rows[code]):
            while other.state == "awarded" and self.left(code) < 0:
                other.has -= 1
                if other.has == 0:
                    other.state = "backup"

    def standings(self) -> dict[tuple[str, str], tuple[str, int]]:
        return {
            (code, row.user): (row.state, row.has)
            for code, rows in self.rows.items()
            for row in rows
        }


def entry(step: Step, number: int, on_screen: Lot | None) -> Entry:
    match step:
        case Show(code, stock):
            return LotOpened(Lot(code=code, stock=stock), number)
        case Sell(code, user):
            return Sold(Sale(lot=code, username=user, timestamp="once"), number)
        case Say():
            name = f"m{number}"
            return Said(
                Message(
                    id=name,
                    key=name,
                    username=step.user,
                    text="",
                    sent_at=number,
                    received_at=number,
                    role=Role.HOST if step.is_shop else Role.VIEWER,
                    lot=on_screen,
                ),
                Verdict(
                    intent=step.intent,
                    confidence=0.9 if step.is_sure else 0.3,
                    scores={},
                    slots=Slots(item=step.item, quantity=step.quantity),
                ),
            )


def entries(show: list[Step]) -> list[Entry]:
    """All codes are shown once at the start, so that every code is known."""
    on_screen: Lot | None = None
    told: list[Entry] = []
    for number, step in enumerate(opening() + show):
        told.append(entry(step, number, on_screen))
        if isinstance(step, Show):
            on_screen = Lot(code=step.code, stock=step.stock)
    return told


def opening() -> list[Step]:
    return [Show(code, None) for code in CODES]


def ledger() -> Ledger:
    return Ledger(rules=None, mode=SaleMode.CLAIM, threshold=0.7)


@settings(max_examples=250, deadline=None)
@given(steps)
def test_the_ledger_agrees_with_the_obvious_one(show: list[Step]) -> None:
    ours, reference = ledger(), Reference()
    for step, one in zip(opening() + show, entries(show), strict=True):
        ours.apply(one)
        reference.step(step)
        standings = {
            (claim.lot, claim.username): (
                str(claim.state),
                claim.quantity if str(claim.state) in ("awarded", "sold") else 0,
            )
            for claim in ours.claims()
        }
        assert standings == reference.standings()


@settings(max_examples=100, deadline=None)
@given(steps)
def test_no_more_is_awarded_than_there_is_and_nobody_stands_twice(show: list[Step]) -> None:
    ours = ledger()
    stock = dict.fromkeys(CODES, 1)
    known: dict[str, int] = {}
    for one in entries(show):
        ours.apply(one)
        if isinstance(one, LotOpened) and one.lot.stock is not None and one.lot.code:
            known[one.lot.code] = max(known.get(one.lot.code, 0), one.lot.stock)
            stock[one.lot.code] = known[one.lot.code]
    claims = ours.claims()
    assert len({claim.key for claim in claims}) == len(claims)
    for code in CODES:
        sold = sum(c.quantity for c in claims if c.lot == code and str(c.state) == "sold")
        awarded = sum(c.quantity for c in claims if c.lot == code and str(c.state) == "awarded")
        assert awarded <= max(0, stock[code] - sold)


@settings(max_examples=100, deadline=None)
@given(steps)
def test_changes_told_add_up_to_the_claims(show: list[Step]) -> None:
    """Whoever keeps the latest claim of each key has the ledger's claims."""
    ours = ledger()
    kept: dict[tuple[str, str], Claim] = {}
    for one in entries(show):
        for claim in ours.apply(one):
            assert kept.get(claim.key) != claim  # nothing is told that did not change
            kept[claim.key] = claim
    assert kept == {claim.key: claim for claim in ours.claims()}


@settings(max_examples=100, deadline=None)
@given(steps, steps, st.integers(0, 60))
def test_restoring_equals_never_having_applied(
    show: list[Step], failed: list[Step], cut: int
) -> None:
    told = entries(show)
    plain, shaken = ledger(), ledger()
    outcomes: list[Any] = []
    for number, one in enumerate(told):
        if number == cut:
            state = shaken.checkpoint()
            for lost in entries(failed):
                shaken.apply(lost)
            shaken.restore(state)
        outcomes.append((plain.apply(one), shaken.apply(one)))
    assert all(first == second for first, second in outcomes)
    assert plain.outcomes() == shaken.outcomes()
    assert plain.claims() == shaken.claims()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.text(min_size=1, max_size=6), st.none() | st.text(min_size=1))))
def test_distinct_people_are_never_merged(people: list[tuple[str, str | None]]) -> None:
    ours = ledger()
    lot = Lot(code="1", stock=1_000)
    ours.apply(LotOpened(lot, 0))
    for number, (username, user_id) in enumerate(people):
        message = Message(
            id=f"m{number}",
            key=f"m{number}",
            username=username,
            user_id=user_id,
            text="mine",
            sent_at=0,
            received_at=0,
            lot=lot,
        )
        ours.apply(Said(message, Verdict(intent=Intent.CLAIM, confidence=1.0, scores={})))
    distinct = {f"u:{user_id}" if user_id else f"n:{username}" for username, user_id in people}
    assert {claim.person for claim in ours.claims()} == distinct
    assert len(ours.claims()) == len(distinct)

"""The line of people before one lot: who gets it, who waits, who passed; pure.

A line never changes: each method returns the line that follows. People stand in the order of
their first valid claim. ``pieces`` is how many can be given away, or ``None`` when nobody knows
of a limit.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, Self

import msgspec

from dealflow.ledger.item import LotName, name_of
from dealflow.ledger.standing import Person, Standing, Wish, grown, named, with_evidence
from dealflow.model.claim import Claim, ClaimState
from dealflow.model.show import Lot, Sale


class Award(msgspec.Struct, frozen=True):
    """What somebody gets of a lot, at which price for each piece if one is known."""

    user: str
    quantity: int
    price: float | None


class LotOutcome(msgspec.Struct, frozen=True):
    """What became of a lot.

    ``asked`` names, in order, everyone whose claim, backup, bid or demand concerned the lot, who
    got nothing and did not take it back.
    """

    code: str
    awards: tuple[Award, ...] = ()
    backups: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()


class LotLine(msgspec.Struct, frozen=True, kw_only=True):
    """A lot and its line.

    ``stock`` is the most that was ever said to be there: a platform counts down while it sells,
    and those sales are counted here already. ``shown`` says whether the lot was ever on screen.
    """

    lot: Lot
    name: LotName
    shown: bool = True
    stock: int | None = None
    standings: tuple[Standing, ...] = ()
    asks: tuple[Person, ...] = ()
    sales: tuple[Sale, ...] = ()

    @classmethod
    def of(cls, lot: Lot, *, shown: bool = True) -> Self:
        """Return the empty line before a lot."""
        return cls(lot=lot, name=name_of(lot), shown=shown, stock=lot.stock)

    @property
    def label(self) -> str:
        """Return what claims call the lot."""
        return self.lot.code or self.lot.title or self.lot.platform_id or ""

    def standing(self, person: Person) -> Standing | None:
        """Return where this person stands."""
        return next((one for one in self.standings if one.person.key == person.key), None)

    def free(self, pieces: int | None) -> int:
        """Return how many pieces are nobody's; never below zero."""
        return max(0, self._balance(pieces))

    def open(self, lot: Lot, pieces: Callable[[LotLine], int | None]) -> LotLine:
        """Bring the lot on screen, or change what is known of it; the awards follow the stock."""
        known = [stock for stock in (self.stock, lot.stock) if stock is not None]
        opened = self._with(
            lot=lot, name=name_of(lot), shown=True, stock=max(known) if known else None
        )
        if any(one.holds or (one.is_live and one.is_firm) for one in opened.standings):
            return opened._squeeze(pieces(opened)).serve(pieces(opened))
        return opened

    def claim(self, wish: Wish, pieces: int | None) -> LotLine:
        """Take a claim: an award while there are pieces, else a place at the end of the line."""
        before = self.standing(wish.person)
        if before is None or not (before.is_live or before.holds):
            return self._join(wish, before)._award(wish.person, pieces)
        line = self._put(msgspec.structs.replace(grown(before, wish), is_firm=True))
        return line if before.state is ClaimState.SOLD else line._award(wish.person, pieces)

    def queue(self, wish: Wish) -> LotLine:
        """Take the wish to stand behind the others; it gets nothing before somebody lets go."""
        before = self.standing(wish.person)
        if before is None or not (before.is_live or before.holds):
            return self._join(wish, before, is_firm=False)
        return self._put(grown(before, wish))

    def refuse(self, wish: Wish) -> LotLine:
        """Note a claim that the show's rules void; a valid one of the same person stays."""
        if self.standing(wish.person) is not None:
            return self
        return self._join(wish, None, ClaimState.VOID)

    def release(self, person: Person, message_id: str, pieces: int | None) -> LotLine:
        """Let a person pass, and give what they held to the next in line."""
        before = self.standing(person)
        if before is None or not before.is_live:
            return self
        line = self._put(
            msgspec.structs.replace(
                before,
                state=ClaimState.PASSED,
                quantity=0,
                evidence=with_evidence(before.evidence, message_id),
            )
        )
        return line.serve(pieces) if before.quantity else line

    def serve(self, pieces: int | None) -> LotLine:
        """Give free pieces to the line: first to those who have nothing, then what is missing."""
        line = self
        for state in (ClaimState.BACKUP, ClaimState.AWARDED):
            for one in self.standings:
                if one.state is state and line.free(pieces):
                    line = line._award(one.person, pieces)
        return line

    def sell(self, sale: Sale, order: int, pieces: int | None) -> LotLine:
        """Take the platform's word that a piece is sold; who held it without buying waits."""
        if sale in self.sales:
            return self  # told twice
        line = self._with(sales=(*self.sales, sale))
        if sale.username:
            line = line._sold_to(sale, order)
        return line._squeeze(pieces)

    def meet(self, person: Person) -> LotLine:
        """Know a buyer again who was but a name in a sale when it was confirmed."""
        if self.standing(person) is not None:
            return self
        return self._with(
            standings=tuple(
                msgspec.structs.replace(one, person=person, first_known_as=one.person.key)
                if one.person == named(person.username) and not one.evidence
                else one
                for one in self.standings
            )
        )

    def ask(self, person: Person) -> LotLine:
        """Note that the lot concerned this person."""
        if any(asker.key == person.key for asker in self.asks):
            return self
        return self._with(asks=(*self.asks, person))

    def unask(self, person: Person) -> LotLine:
        """Forget that the lot concerned this person."""
        return self._with(asks=tuple(asker for asker in self.asks if asker.key != person.key))

    def claims(self) -> tuple[Claim, ...]:
        """Return everyone's claim, in the order of the line."""
        return tuple(self._claim(one, place) for one, place in self._placed())

    def changes(self, before: LotLine) -> tuple[Claim, ...]:
        """Return the claims that are not as they were, in the order of the line.

        A line of thousands is walked for each new claim, so only what moved is compared in full.
        """
        if (before.label, before.lot.key) != (self.label, self.lot.key):
            return self.claims()
        if before.standings is self.standings:
            return ()
        known = {one.person.key: (one, place) for one, place in before._placed()}
        changed: list[Claim] = []
        for one, place in self._placed():
            old = known.get(one.person.key)
            if old is not None and old[0] is one and old[1] == place:
                continue
            claim = self._claim(one, place)
            if old is None or before._claim(*old) != claim:
                changed.append(claim)
        return tuple(changed)

    def outcome(self) -> LotOutcome:
        """Return what became of the lot so far."""
        done = {
            one.person.key for one in self.standings if one.holds or one.state is ClaimState.PASSED
        }
        return LotOutcome(
            code=self.label,
            awards=tuple(
                Award(one.person.username, one.quantity, self._price(one))
                for one in self.standings
                if one.holds
            ),
            backups=tuple(
                one.person.username for one in self.standings if one.state is ClaimState.BACKUP
            ),
            asked=tuple(asker.username for asker in self.asks if asker.key not in done),
        )

    def _placed(self) -> Iterator[tuple[Standing, int]]:
        """Yield everyone with their place, which counts from 1 within each state."""
        places = dict.fromkeys(ClaimState, 0)
        for one in self.standings:
            places[one.state] += 1
            yield one, places[one.state]

    def _claim(self, one: Standing, place: int) -> Claim:
        return Claim(
            lot=self.label,
            username=one.person.username,
            quantity=one.quantity if one.holds else one.wanted,
            state=one.state,
            place=place,
            evidence=one.evidence,
            lot_key=self.lot.key,
            person=one.first_known_as or one.person.key,
        )

    def _price(self, one: Standing) -> float | None:
        if one.sold and one.price is not None:
            return one.price
        return self.lot.price if self.lot.price is not None else one.price

    def _balance(self, pieces: int | None) -> int:
        """Return how many pieces are left, negative when more is gone than there was."""
        if pieces is None:
            return sys.maxsize
        nameless = sum(1 for sale in self.sales if not sale.username)
        return pieces - nameless - sum(one.quantity for one in self.standings)

    def _join(
        self,
        wish: Wish,
        before: Standing | None,
        state: ClaimState = ClaimState.BACKUP,
        *,
        is_firm: bool = True,
    ) -> LotLine:
        """Put a person at the end of the line, also one who passed and comes back."""
        evidence = () if before is None else before.evidence
        others = self.standings
        if before is not None:
            others = tuple(one for one in others if one is not before)
        joined = Standing(
            person=wish.person,
            state=state,
            order=wish.order,
            wanted=wish.quantity,
            evidence=with_evidence(evidence, wish.message_id),
            price=wish.price,
            is_firm=is_firm,
        )
        return self._with(standings=(*others, joined))

    def _award(self, person: Person, pieces: int | None) -> LotLine:
        one = self.standing(person)
        assert one is not None
        more = min(one.wanted - one.quantity, self.free(pieces))
        if more <= 0:
            return self
        return self._put(
            msgspec.structs.replace(one, state=ClaimState.AWARDED, quantity=one.quantity + more)
        )

    def _sold_to(self, sale: Sale, order: int) -> LotLine:
        one = self._buyer(sale)
        if one is None:
            person = next(
                (asker for asker in self.asks if asker.username == sale.username),
                named(sale.username or ""),
            )
            bought = Standing(
                person=person,
                state=ClaimState.SOLD,
                order=order,
                quantity=1,
                sold=1,
                price=sale.price,
            )
            return self._with(standings=(*self.standings, bought))
        sold = one.sold + 1
        return self._put(
            msgspec.structs.replace(
                one,
                state=ClaimState.SOLD,
                quantity=max(one.quantity, sold),
                sold=sold,
                price=one.price if sale.price is None else sale.price,
            )
        )

    def _buyer(self, sale: Sale) -> Standing | None:
        """Return who of the line a sale names; of namesakes the one most likely to buy."""
        likely = tuple(ClaimState)
        namesakes = (one for one in self.standings if one.person.username == sale.username)
        return min(namesakes, key=lambda one: likely.index(one.state), default=None)

    def _squeeze(self, pieces: int | None) -> LotLine:
        """Take back awards, the latest first, until no more is promised than there is."""
        line = self
        for one in reversed(self.standings):
            over = -line._balance(pieces)
            if pieces is None or over <= 0:
                break
            if one.state is ClaimState.AWARDED:
                left = max(0, one.quantity - over)
                state = ClaimState.AWARDED if left else ClaimState.BACKUP
                line = line._put(msgspec.structs.replace(one, quantity=left, state=state))
        return line

    def _put(self, standing: Standing) -> LotLine:
        return self._with(
            standings=tuple(
                standing if one.person.key == standing.person.key else one for one in self.standings
            )
        )

    def _with(self, **changes: Any) -> LotLine:
        return msgspec.structs.replace(self, **changes)

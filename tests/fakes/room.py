"""A chat room told in a few words, for tests of the ledger that read as stories."""

from __future__ import annotations

from typing import Any

from dealflow.ledger.ledger import Ledger, LotOpened, LotOutcome, Said, Sold
from dealflow.model.claim import Claim
from dealflow.model.intent import Intent, Role, Slots, Verdict
from dealflow.model.message import Judged, Message
from dealflow.model.show import Lot, Sale, SaleMode, ShowRules


class Room:
    """One show: what is shown and said goes straight into a ledger."""

    def __init__(
        self, mode: SaleMode | None = SaleMode.CLAIM, rules: ShowRules | None = None
    ) -> None:
        self.ledger = Ledger(rules=rules, mode=mode, threshold=0.7)
        self.lot: Lot | None = None
        self.count = 0

    def show(
        self,
        code: str | None = None,
        title: str = "",
        *,
        stock: int | None = None,
        price: float | None = None,
        platform_id: str | None = None,
        mode: SaleMode | None = None,
    ) -> tuple[Claim, ...]:
        self.lot = Lot(
            code=code, title=title, stock=stock, price=price, platform_id=platform_id, mode=mode
        )
        return self.ledger.apply(LotOpened(self.lot, self.count))

    def judged(
        self,
        user: str,
        intent: Intent,
        *items: str,
        quantity: int | None = None,
        price: float | None = None,
        confidence: float = 0.95,
        role: Role = Role.VIEWER,
        user_id: str | None = None,
        on: Lot | None = None,
        at: int | None = None,
    ) -> Judged:
        self.count += 1
        name = f"m{self.count}"
        claims = tuple(Slots(item=item, quantity=quantity, price=price) for item in items)
        return Judged(
            Message(
                id=name,
                key=name,
                username=user,
                user_id=user_id,
                text=f"{intent}",
                sent_at=self.count if at is None else at,
                received_at=self.count,
                role=role,
                lot=self.lot if on is None else on,
            ),
            Verdict(
                intent=intent,
                confidence=confidence,
                scores={},
                slots=claims[0] if claims else Slots(quantity=quantity, price=price),
                claims=claims if len(claims) > 1 else (),
            ),
        )

    def say(self, user: str, intent: Intent, *items: str, **more: Any) -> tuple[Claim, ...]:
        judged = self.judged(user, intent, *items, **more)
        return self.ledger.apply(Said(judged.message, judged.verdict))

    def claim(self, user: str, *items: str, **more: Any) -> tuple[Claim, ...]:
        return self.say(user, Intent.CLAIM, *items, **more)

    def take_back(self, user: str, *items: str, **more: Any) -> tuple[Claim, ...]:
        return self.say(user, Intent.RETRACTION, *items, **more)

    def sell(self, lot: str, to: str | None, price: float | None = None, at: str = "") -> None:
        self.ledger.apply(Sold(Sale(lot=lot, username=to, price=price, timestamp=at), self.count))

    def awards(self, code: str) -> list[tuple[str, int]]:
        return [(award.user, award.quantity) for award in self.outcome(code).awards]

    def backups(self, code: str) -> list[str]:
        return list(self.outcome(code).backups)

    def asked(self, code: str) -> list[str]:
        return list(self.outcome(code).asked)

    def outcome(self, code: str) -> LotOutcome:
        return next(lot for lot in self.ledger.outcomes() if lot.code == code)

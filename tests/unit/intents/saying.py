"""Builds utterances the way the tests tell their stories."""

from __future__ import annotations

from dealflow.model.intent import Context, Role, Room, Utterance
from dealflow.model.show import Lot, SaleMode, ShowRules

CUFF = Lot(code="22", title="22 Turquoise cuff", price=48, currency="USD")
CARD = Lot(title="Charizard holo, near mint", price=40, currency="USD")


def said(
    text: str,
    *,
    lot: Lot | None = CUFF,
    mode: SaleMode | None = SaleMode.CLAIM,
    role: Role = Role.VIEWER,
    history: tuple[str, ...] = (),
    rules: ShowRules | None = None,
    lang: str | None = None,
    shop: str = "",
    others: tuple[str, ...] = (),
    numbers: tuple[str, ...] = (),
) -> Utterance:
    """Return a message about the lot on screen, a cuff that is claimed unless told otherwise."""
    context = Context(
        mode=mode,
        lot=lot,
        author_role=role,
        history=history,
        rules=rules,
        room=Room(shop=shop, others=others, numbers=numbers),
    )
    return Utterance(text=text, context=context, lang=lang)

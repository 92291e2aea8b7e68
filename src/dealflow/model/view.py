"""A show as a dashboard sees it, and how each event changes that.

Snapshot + later events = later snapshot: the server makes snapshots with this reducer, and the
dashboard's own reducer must agree with it.
"""

from __future__ import annotations

import msgspec

from dealflow.model.claim import Claim
from dealflow.model.events import (
    BuyerDetected,
    BuyerReturned,
    BuyerView,
    BuyerWithdrawn,
    ClaimUpdated,
    Event,
    LotChanged,
    MessageView,
    NewMessage,
    RulesChanged,
    SaleCompleted,
    SourceStateChanged,
    StatsUpdated,
    StreamSelected,
    Totals,
    VerdictUpdated,
    ViewersChanged,
)
from dealflow.model.show import LearnedRule, Lot, Sale, ShowRules, StreamInfo

# A dashboard shows this much at once; older entries are read page by page from the store.
RECENT_MESSAGES = 50
RECENT_BUYERS = 100
RECENT_SALES = 100
RECENT_CLAIMS = 500


_Condition = (
    StreamSelected | LotChanged | RulesChanged | ViewersChanged | SourceStateChanged | StatsUpdated
)


class ShowView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All that a dashboard needs to begin; lists are bounded, the newest last.

    ``rules`` and ``learned`` are absent until the shop announced a rule.
    """

    seq: int = 0
    stream_id: str = ""
    stream: StreamInfo | None = None
    state: str = "connecting"
    reason: str = ""
    viewers: int | None = None
    lot: Lot | None = None
    rules: ShowRules | None = None
    learned: tuple[LearnedRule, ...] = ()
    stats: Totals = Totals()
    messages: tuple[MessageView, ...] = ()
    buyers: tuple[BuyerView, ...] = ()
    claims: tuple[Claim, ...] = ()
    sales: tuple[Sale, ...] = ()


def apply(view: ShowView, seq: int, event: Event) -> ShowView:
    """Return the view after one event; an event at or before the view's place changes nothing."""
    if seq <= view.seq:
        return view
    return msgspec.structs.replace(view, seq=seq, **_changes(view, event))


def _changes(view: ShowView, event: Event) -> dict[str, object]:
    match event:
        case NewMessage() | VerdictUpdated():
            return {"messages": _messages(view.messages, event)}
        case BuyerDetected() | BuyerWithdrawn() | BuyerReturned():
            return {"buyers": _buyers(view.buyers, event), "stats": event.stats}
        case ClaimUpdated(claim=claim):
            return {"claims": _with_claim(view.claims, claim)}
        case SaleCompleted(sale=sale):
            return {"sales": (*view.sales, sale)[-RECENT_SALES:]}
        case _:
            return _condition(event)


def _condition(event: _Condition) -> dict[str, object]:
    """Return what an event says of the show itself; the latest word is the only one that counts."""
    match event:
        case StreamSelected(stream_id=stream_id, stream=stream):
            return {"stream_id": stream_id, "stream": stream, "viewers": stream.viewers}
        case LotChanged(lot=lot):
            return {"lot": lot}
        case RulesChanged(rules=rules, learned=learned):
            return {"rules": rules, "learned": learned}
        case ViewersChanged(viewers=viewers):
            return {"viewers": viewers}
        case SourceStateChanged(state=state, reason=reason):
            return {"state": str(state), "reason": reason}
        case StatsUpdated(stats=stats):
            return {"stats": stats}


def _with_claim(claims: tuple[Claim, ...], claim: Claim) -> tuple[Claim, ...]:
    """Put a claim in the place of the same person's on the same lot, as the newest."""
    others = tuple(other for other in claims if other.key != claim.key)
    return (*others, claim)[-RECENT_CLAIMS:]


def _messages(
    messages: tuple[MessageView, ...], event: NewMessage | VerdictUpdated
) -> tuple[MessageView, ...]:
    """Add a new message, or show one that is still there as it is judged now."""
    if isinstance(event, NewMessage):
        return (*messages, event.message)[-RECENT_MESSAGES:]
    judged = event.message
    return tuple(judged if message.id == judged.id else message for message in messages)


def _buyers(
    buyers: tuple[BuyerView, ...], event: BuyerDetected | BuyerWithdrawn | BuyerReturned
) -> tuple[BuyerView, ...]:
    """Put a buyer in the place of their number, or take them out."""
    buyer = event.buyer
    others = tuple(other for other in buyers if other.capture_id != buyer.capture_id)
    if isinstance(event, BuyerWithdrawn):
        return others
    return tuple(sorted((*others, buyer), key=lambda one: one.buyer_number))[-RECENT_BUYERS:]

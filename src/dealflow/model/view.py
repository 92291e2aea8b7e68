"""A show as a dashboard sees it, and how each event changes that.

Snapshot + later events = later snapshot: the server makes snapshots with this reducer, and the
dashboard's own reducer must agree with it.
"""

from __future__ import annotations

import msgspec

from dealflow.model.claim import Claim
from dealflow.model.events import (
    BuyerDetected,
    BuyerView,
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
    ViewersChanged,
)
from dealflow.model.show import LearnedRule, Lot, Sale, ShowRules, StreamInfo

# A dashboard shows this much at once; older entries are read page by page from the store.
RECENT_MESSAGES = 50
RECENT_BUYERS = 100
RECENT_SALES = 100
RECENT_CLAIMS = 500


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
        case StreamSelected(stream_id=stream_id, stream=stream):
            return {"stream_id": stream_id, "stream": stream, "viewers": stream.viewers}
        case NewMessage(message=message):
            return {"messages": (*view.messages, message)[-RECENT_MESSAGES:]}
        case BuyerDetected(buyer=buyer, stats=stats):
            return {"buyers": (*view.buyers, buyer)[-RECENT_BUYERS:], "stats": stats}
        case ClaimUpdated(claim=claim):
            return {"claims": _with_claim(view.claims, claim)}
        case LotChanged(lot=lot):
            return {"lot": lot}
        case RulesChanged(rules=rules, learned=learned):
            return {"rules": rules, "learned": learned}
        case SaleCompleted(sale=sale):
            return {"sales": (*view.sales, sale)[-RECENT_SALES:]}
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

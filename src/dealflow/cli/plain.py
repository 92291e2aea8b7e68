"""Events in plain words, one line each, for logs and pipes."""

from __future__ import annotations

from dealflow.cli.output import printable
from dealflow.cli.words import buyer_words, lot_words, money, verdict_mark
from dealflow.model.events import (
    BuyerDetected,
    BuyerReturned,
    BuyerWithdrawn,
    ClaimUpdated,
    Event,
    LotChanged,
    MessageView,
    NewMessage,
    RulesChanged,
    SaleCompleted,
    SourceStateChanged,
    StreamSelected,
    VerdictUpdated,
)


def plain_line(event: Event) -> str | None:
    """Return one line that is safe to print, or ``None`` for figures that only tick."""
    text = _text(event)
    return None if text is None else printable(text)


def _text(event: Event) -> str | None:
    match event:
        case NewMessage(message=message):
            return _message(message)
        case BuyerDetected(buyer=buyer):
            return f"          buyer {buyer.buyer_number}: {buyer_words(buyer)}"
        case VerdictUpdated() | BuyerWithdrawn() | BuyerReturned():
            return _afterwards(event)
        case ClaimUpdated(claim=claim):
            place = f" {claim.place}" if claim.state == "backup" else ""
            return f"          claim: {claim.username} on {claim.lot}: {claim.state}{place}"
        case LotChanged() | RulesChanged():
            return f"          {_scene(event)}"
        case SaleCompleted(sale=sale):
            price = money(sale.price, sale.currency)
            return f"          sold: {sale.lot} to {sale.username or 'somebody'} {price}".rstrip()
        case SourceStateChanged(state=state, reason=reason, gap=gap):
            missed = f"; not read from {gap.start} to {gap.end}" if gap else ""
            return f"          {state}: {reason or 'reading'}{missed}"
        case StreamSelected(stream=stream):
            return f"          reading {stream.title or stream.url} ({stream.platform})"
        case _:
            return None


def _scene(event: LotChanged | RulesChanged) -> str:
    if isinstance(event, LotChanged):
        return f"lot: {lot_words(event.lot)}"
    return f"rules, as the shop says: {'; '.join(entry.rule for entry in event.learned)}"


def _afterwards(event: VerdictUpdated | BuyerWithdrawn | BuyerReturned) -> str:
    match event:
        case BuyerWithdrawn(buyer=buyer):
            return f"          buyer {buyer.buyer_number} taken back: {buyer_words(buyer)}"
        case BuyerReturned(buyer=buyer):
            return f"          buyer {buyer.buyer_number} counts again: {buyer_words(buyer)}"
        case VerdictUpdated(message=message, source=source, previous=before):
            mark = verdict_mark(message) or message.intent
            return (
                f"          {source.replace('_', ' ')}: {mark} {message.confidence:.0%},"
                f" was {before.intent} {before.confidence:.0%}:"
                f" {message.username}: {message.message}"
            )


def _message(message: MessageView) -> str:
    clock = message.timestamp[11:19]
    mark = verdict_mark(message)
    return f"{clock}  {mark:9}{message.confidence:4.0%}  {message.username}: {message.message}"

"""Brings one show's memory back from the store, after a restart or when it is opened again."""

from __future__ import annotations

import heapq
from collections.abc import AsyncIterator

from dealflow.intents.base import LearnRules
from dealflow.ledger.capture import Captures
from dealflow.ledger.ledger import Ledger, LotLeft, LotOpened, RulesKnown, Sold
from dealflow.model.events import LotChanged, RulesChanged, SaleCompleted, decode
from dealflow.model.filters import Filters
from dealflow.model.intent import BUYER_INTENTS, Intent, Verdict
from dealflow.pipeline.base import Doubter
from dealflow.pipeline.dedupe import RING_SIZE, DedupeRing
from dealflow.pipeline.intake import Intake, learn_nothing
from dealflow.pipeline.record import Record
from dealflow.store.base import Show, Store, StoredMessage

PAGE = 1_000
"""Rows read at once, so that a long show never stands in memory whole."""

# What can move the ledger; everything else was said for nothing as far as claims go.
_MOVING = (*sorted(BUYER_INTENTS), Intent.RETRACTION, Intent.DEMAND)


async def restore(
    store: Store,
    show: Show,
    threshold: float,
    doubter: Doubter | None = None,
    *,
    filters: Filters | None = None,
    learn: LearnRules = learn_nothing,
) -> tuple[Intake, Record, int | None]:
    """Return the show's intake and books as they were, and when its last message was read.

    Args:
        store: where it is kept.
        show: the show.
        threshold: the confidence from which a message is a buyer's.
        doubter: tells which verdicts wait for a second opinion.
        filters: what is kept out where the show has no filters of its own.
        learn: reads the shop's announcements.

    Raises:
        InputInvalid: a filter is no usable pattern.
    """
    intake = Intake(
        mode=show.mode,
        rules=show.rules,
        learned=show.learned,
        filters=filters if show.filters is None else show.filters,
        learn=learn,
    )
    ledger = Ledger(rules=show.rules, mode=show.mode, threshold=threshold)
    record = Record(
        show,
        ledger=ledger,
        captures=Captures(threshold=threshold, find=ledger.lot_of),
        threshold=threshold,
        doubter=doubter,
    )
    if show.last_seq == 0:
        return intake, record, None
    last_at = await _fill_ring(store, show, intake.ring)
    await _fold_history(store, show, intake, record)
    if intake.rulebook.rules is not None:
        ledger.apply(RulesKnown(intake.rulebook.rules))
    return intake, record, last_at


async def _fill_ring(store: Store, show: Show, ring: DedupeRing) -> int | None:
    last: int | None = None
    for seen in await store.recent(show.id, limit=RING_SIZE):
        ring.remember(seen.key, seen.platform_id, seen.username, seen.text, seen.received_at)
        last = seen.received_at if last is None else max(last, seen.received_at)
    return last


async def _fold_history(store: Store, show: Show, intake: Intake, record: Record) -> None:
    """Fold lots, rules, sales and what was claimed again, in the order of their positions."""
    messages = [message async for message in _messages(store, show)]
    frames = [frame async for frame in _frames(store, show)]
    for _, item in heapq.merge(
        ((message.seq, message) for message in messages),
        frames,
        key=lambda pair: pair[0],
    ):
        match item:
            case StoredMessage():
                record.relive(item.message, verdict_of(item))
            case LotChanged(lot=lot):
                intake.lots.show(lot, show.started_at)
                record.ledger.apply(
                    LotLeft(show.started_at) if lot is None else LotOpened(lot, show.started_at)
                )
            case RulesChanged(rules=rules):
                record.ledger.apply(RulesKnown(rules))
            case SaleCompleted(sale=sale):
                record.average.add(sale)
                record.ledger.apply(Sold(sale, show.started_at))


async def _messages(store: Store, show: Show) -> AsyncIterator[StoredMessage]:
    after = 0
    while True:
        page = await store.messages(show.id, after=after, limit=PAGE, intents=_MOVING)
        for message in page:
            yield message
        if len(page) < PAGE:
            return
        after = page[-1].seq


async def _frames(
    store: Store, show: Show
) -> AsyncIterator[tuple[int, LotChanged | RulesChanged | SaleCompleted]]:
    after = 0
    while True:
        page = await store.frames(
            show.id,
            after=after,
            limit=PAGE,
            kinds=("lot_changed", "rules_changed", "sale_completed"),
        )
        for frame in page:
            event = decode(frame.data)
            if isinstance(event, LotChanged | RulesChanged | SaleCompleted):
                yield frame.seq, event
        if len(page) < PAGE:
            return
        after = page[-1].seq


def verdict_of(stored: StoredMessage) -> Verdict:
    """Return the verdict that stands on a stored message; its scores were not kept."""
    return Verdict(
        intent=stored.intent,
        confidence=stored.confidence,
        scores={},
        slots=stored.slots,
        claims=stored.claims,
        reason=stored.reason,
        model=stored.model,
    )

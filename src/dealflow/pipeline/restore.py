"""Brings one show's memory back from the store, after a restart or when it is opened again."""

from __future__ import annotations

from dealflow.intents.base import LearnRules
from dealflow.ledger.books import MOVING, Books
from dealflow.ledger.ledger import LotLeft, LotOpened, ModeKnown, RulesKnown, Said, Sold
from dealflow.model.events import LotChanged, RulesChanged, SaleCompleted
from dealflow.model.filters import Filters
from dealflow.model.intent import Verdict
from dealflow.model.revision import counted
from dealflow.model.show import ShowRules
from dealflow.pipeline.base import Doubter
from dealflow.pipeline.dedupe import RING_SIZE, DedupeRing
from dealflow.pipeline.intake import Intake, learn_nothing
from dealflow.pipeline.past import PAGE, past
from dealflow.pipeline.record import Record
from dealflow.store.base import Show, Store, StoredMessage


async def restore(
    store: Store,
    show: Show,
    threshold: float,
    doubter: Doubter | None = None,
    *,
    rules: ShowRules | None = None,
    filters: Filters | None = None,
    learn: LearnRules = learn_nothing,
) -> tuple[Intake, Record, int | None]:
    """Return the show's intake and books as they were, and when its last message was read.

    Args:
        store: where it is kept.
        show: the show.
        threshold: the confidence from which a message is a buyer's.
        doubter: tells which verdicts wait for a second opinion.
        rules: how claims are made where the show has no rules of its own.
        filters: what is kept out where the show has no filters of its own.
        learn: reads the shop's announcements.

    Raises:
        InputInvalid: a filter is no usable pattern.
    """
    own = rules if show.rules is None else show.rules
    intake = Intake(
        mode=show.mode,
        rules=own,
        learned=show.learned,
        filters=filters if show.filters is None else show.filters,
        learn=learn,
    )
    books = Books(rules=own, mode=show.mode, threshold=threshold)
    record = Record(show, books=books, threshold=threshold, doubter=doubter)
    if show.last_seq == 0:
        return intake, record, None
    last_at = await _fill_ring(store, show, intake.ring)
    await _remember_captures(store, show, books)
    await _fold_history(store, show, intake, books, threshold)
    if intake.rulebook.rules is not None:
        books.relive(show.last_seq, RulesKnown(intake.rulebook.rules))
    return intake, record, last_at


async def _fill_ring(store: Store, show: Show, ring: DedupeRing) -> int | None:
    last: int | None = None
    for seen in await store.recent(show.id, limit=RING_SIZE):
        ring.remember(seen.key, seen.platform_id, seen.username, seen.text, seen.received_at)
        last = seen.received_at if last is None else max(last, seen.received_at)
    return last


async def _remember_captures(store: Store, show: Show, books: Books) -> None:
    after = 0
    while True:
        page = await store.captures(show.id, after=after, limit=PAGE, withdrawn=True)
        for capture in page:
            books.captures.remember(capture)
        if len(page) < PAGE:
            return
        after = page[-1].number


async def _fold_history(
    store: Store, show: Show, intake: Intake, books: Books, threshold: float
) -> None:
    """Fold lots, rules, sales and what was claimed again, in the order of their positions."""
    at = show.started_at
    async for place, item in past(store, show, intents=sorted(MOVING)):
        match item:
            case StoredMessage(message=message):
                books.relive(place, Said(message, counted_verdict(item, threshold)))
            case LotChanged(lot=lot):
                intake.lots.show(lot, at)
                books.relive(place, LotLeft(at) if lot is None else LotOpened(lot, at))
            case ModeKnown():
                books.relive(place, item)
            case RulesChanged(rules=rules):
                books.relive(place, RulesKnown(rules))
            case SaleCompleted(sale=sale):
                books.relive(place, Sold(sale, at))


def counted_verdict(stored: StoredMessage, threshold: float) -> Verdict:
    """Return the verdict by which the books count a stored message."""
    stands = stored.verdict
    return counted(stored.first or stands, stands, stored.source, threshold)

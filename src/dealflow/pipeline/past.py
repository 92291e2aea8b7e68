"""Reads a show's stored past in order, page by page, so that it never stands in memory whole."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from dealflow.ledger.ledger import ModeKnown
from dealflow.model.events import LotChanged, RulesChanged, SaleCompleted, decode
from dealflow.model.intent import Intent
from dealflow.store.base import Show, Store, StoredMessage

PAGE = 1_000
"""Rows read at once: about a megabyte."""

Move = LotChanged | RulesChanged | SaleCompleted
Happening = StoredMessage | Move | ModeKnown


async def past(
    store: Store, show: Show, *, intents: Sequence[Intent] = (), page: int = PAGE
) -> AsyncIterator[tuple[int, Happening]]:
    """Yield messages, lots, rules, modes and sales in the order of their positions.

    How the show sold is read off its messages, each of which keeps what was known of it. Whoever
    folds this begins with the mode that the show has now.

    Args:
        store: where they are kept.
        show: the show.
        intents: leave out messages that never had one of these, if any are given.
        page: rows read at once.
    """
    moves = _moves(store, show, page)
    move = await anext(moves, None)
    mode = show.mode
    async for message in _messages(store, show, intents, page):
        while move is not None and move[0] < message.seq:
            yield move
            move = await anext(moves, None)
        if _speaks_of_show(message) and message.mode is not mode:
            mode = message.mode
            yield message.seq, ModeKnown(mode)
        yield message.seq, message
    while move is not None:
        yield move
        move = await anext(moves, None)
    if mode is not show.mode:
        yield show.last_seq, ModeKnown(show.mode)


def _speaks_of_show(stored: StoredMessage) -> bool:
    """Say whether the mode that a message keeps is the show's, and not its lot's own."""
    lot = stored.message.lot
    return lot is None or lot.mode is None


async def _messages(
    store: Store, show: Show, intents: Sequence[Intent], size: int
) -> AsyncIterator[StoredMessage]:
    after = 0
    while True:
        page = await store.messages(
            show.id, after=after, limit=size, intents=intents, first_too=True
        )
        for message in page:
            yield message
        if len(page) < size:
            return
        after = page[-1].seq


async def _moves(store: Store, show: Show, size: int) -> AsyncIterator[tuple[int, Move]]:
    after = 0
    kinds = ("lot_changed", "rules_changed", "sale_completed")
    while True:
        page = await store.frames(show.id, after=after, limit=size, kinds=kinds)
        for frame in page:
            event = decode(frame.data)
            if isinstance(event, Move):
                yield frame.seq, event
        if len(page) < size:
            return
        after = page[-1].seq

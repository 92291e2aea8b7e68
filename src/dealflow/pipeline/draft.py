"""What one transaction must hold, while it is being written down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from dealflow.ledger.books import Changes
from dealflow.model.claim import Capture, Claim
from dealflow.model.events import ClaimUpdated, EventBody, encode_body, kind_of
from dealflow.model.facts import Gap
from dealflow.model.message import Judged
from dealflow.model.revision import Doubt, Revision
from dealflow.model.show import Lot, Sale
from dealflow.pipeline.dossier import Dossier
from dealflow.store.base import Batch, Counters, EventDraft, Show, ShowUpdate


class Draft(msgspec.Struct):
    """A batch in the making. ``first`` is the position that its first event will get."""

    first: int
    messages: list[Judged] = []
    captures: list[Capture] = []
    withdrawn: list[str] = []
    returned: list[str] = []
    claims: list[Claim] = []
    sales: list[Sale] = []
    lots: list[Lot] = []
    gaps: list[Gap] = []
    revisions: list[Revision] = []
    doubts: list[Doubt] = []
    events: list[EventDraft] = []
    dossiers: dict[str, Dossier] = {}
    update: dict[str, Any] = {}
    buyers: int = 0
    leads: int = 0

    @property
    def place(self) -> int:
        """Return the position of the event that was told last."""
        return self.first + len(self.events) - 1

    def tell(self, event: EventBody) -> None:
        """Add an event."""
        self.events.append(EventDraft(kind_of(event), encode_body(event)))

    def tell_claims(self, changes: Changes) -> None:
        """Add the claims that changed, and say so."""
        for claim in changes.claims:
            self.claims.append(claim)
            self.tell(ClaimUpdated(claim=claim))

    def batch(
        self, show: Show, *, at: int, counters: Counters, learned: Sequence[tuple[str, str]]
    ) -> Batch:
        """Return the batch; see `Record.fold` for the arguments."""
        return Batch(
            show_id=show.id,
            epoch=show.epoch,
            at=at,
            messages=tuple(self.messages),
            captures=tuple(self.captures),
            withdrawn=tuple(self.withdrawn),
            returned=tuple(self.returned),
            claims=tuple(self.claims),
            sales=tuple(self.sales),
            lots=tuple(self.lots),
            gaps=tuple(self.gaps),
            revisions=tuple(self.revisions),
            doubts=tuple(self.doubts),
            learned=tuple(learned),
            counters=msgspec.structs.replace(
                counters, stored=len(self.messages), buyers=self.buyers, leads=self.leads
            ),
            update=ShowUpdate(**self.update) if self.update else None,
            events=tuple(self.events),
        )

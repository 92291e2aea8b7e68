"""What is known of a stored message whose verdict may change; pure but for one function."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from dealflow.model.intent import Verdict
from dealflow.model.message import Message
from dealflow.model.revision import Revision, VerdictSource, counted, standing_version
from dealflow.store.base import Store


class Dossier(msgspec.Struct, frozen=True):
    """A stored message, the position of its event, and every verdict on it, the first one first."""

    message: Message
    place: int
    verdicts: tuple[Revision, ...]

    @property
    def version(self) -> int:
        """Return which of the verdicts stands, counted from 1."""
        return standing_version(self.verdicts)

    @property
    def verdict(self) -> Verdict:
        """Return the verdict that stands."""
        return self.verdicts[self.version - 1].verdict

    @property
    def source(self) -> VerdictSource:
        """Return who gave the verdict that stands."""
        return self.verdicts[self.version - 1].source

    def counted(self, threshold: float) -> Verdict:
        """Return the verdict by which the books are kept."""
        return counted(self.verdicts[0].verdict, self.verdict, self.source, threshold)

    def revised(self, revision: Revision) -> Dossier:
        """Return the dossier with one more verdict."""
        return msgspec.structs.replace(self, verdicts=(*self.verdicts, revision))


async def read_dossiers(
    store: Store, show_id: str, message_ids: Iterable[str]
) -> dict[str, Dossier]:
    """Return what is stored of these messages, by their ids; unknown ones are left out.

    Raises:
        StoreUnavailable: the store does not answer now.
    """
    found: dict[str, Dossier] = {}
    for message_id in message_ids:
        stored = await store.message(show_id, message_id)
        if stored is not None:
            verdicts = await store.verdicts(show_id, message_id)
            found[message_id] = Dossier(stored.message, stored.seq, tuple(verdicts))
    return found

"""One reanalysis of a show: which model, from which confidence on, and how far it came."""

from __future__ import annotations

import msgspec


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A reanalysis; it goes on where it stopped, until a fresh one is asked for.

    ``judged`` counts the messages with a verdict of this run, ``place`` is the position of the
    last of them. Times are milliseconds since 1970.
    """

    id: str
    show_id: str
    model: str
    threshold: float
    started_at: int
    finished_at: int | None = None
    judged: int = 0
    place: int = 0

"""Where an event stands in its show."""

from __future__ import annotations

import msgspec


class Position(msgspec.Struct, frozen=True, order=True):
    """A place in the stream of one show.

    ``epoch`` is the identity of the stream: a lost and started-again stream has another one, so
    that old positions are never taken for new ones. ``seq`` rises by exactly one for each event,
    from 1; 0 is the place before the first event.
    """

    epoch: int
    seq: int

"""Which lot was on screen when; pure.

A message belongs to the lot that was on screen when it was *sent*, even when it is read after the
next lot came.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque

import msgspec

from dealflow.model.facts import ChatSeen
from dealflow.model.show import Lot

# Ten minutes of the fastest show: lots of ten seconds. A message is never later than that.
KEPT = 64


class Shown(msgspec.Struct, frozen=True):
    """From ``since`` (milliseconds since 1970) this lot, or none, was on screen."""

    since: int
    lot: Lot | None


class LotTimeline:
    """The recent lots of one show."""

    def __init__(self) -> None:
        self._shown: deque[Shown] = deque(maxlen=KEPT)
        self._heard_at: int | None = None

    @property
    def current(self) -> Lot | None:
        """Return the lot on screen."""
        return self._shown[-1].lot if self._shown else None

    def show(self, lot: Lot | None, at: int) -> bool:
        """Note what is on screen from now on; return whether anything changed."""
        if self._shown and self._shown[-1].lot == lot:
            return False
        if lot is None and not self._shown:
            return False
        last = self._shown[-1] if self._shown else None
        if (
            last is not None
            and last.lot is not None
            and lot is not None
            and last.lot.key == lot.key
        ):
            self._shown[-1] = Shown(last.since, lot)
            return True
        self._shown.append(Shown(max(at, last.since if last else at), lot))
        return True

    def price(self, platform_id: str, price: float, currency: str | None) -> bool:
        """Set the current lot's price from a bid on it; return whether anything changed."""
        lot = self.current
        if lot is None or lot.platform_id != platform_id or lot.price == price:
            return False
        raised = msgspec.structs.replace(lot, price=price, currency=currency or lot.currency)
        return self.show(raised, self._shown[-1].since)

    def of(self, fact: ChatSeen) -> tuple[Lot | None, float | None]:
        """Return the lot of a message and for how many seconds it had been on screen.

        A backlog message without a time of its own gets the lot on screen only if that lot was
        there before we last heard anything, so that it must have been there all the while.
        """
        if not self._shown:
            return None, None
        if fact.sent_at is not None:
            place = bisect_right(self._shown, fact.sent_at, key=lambda shown: shown.since) - 1
            if place < 0:
                return None, None
            shown = self._shown[place]
            return shown.lot, (fact.sent_at - shown.since) / 1000
        shown = self._shown[-1]
        if fact.backlog and (self._heard_at is None or shown.since > self._heard_at):
            return None, None
        return shown.lot, max(0, fact.at - shown.since) / 1000

    def heard(self, at: int) -> None:
        """Note when the latest live message was read."""
        self._heard_at = at


def _same_lot(one: Lot | None, other: Lot | None) -> bool:
    return one is not None and other is not None and one.key == other.key

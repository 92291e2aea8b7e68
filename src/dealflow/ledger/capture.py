"""Who is captured, once for each person and lot; pure but for the memory of its one show.

The key of a capture is the same after a restart, so that the store's unique key is the last guard.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from dealflow.ledger.item import is_code, is_price_of, normal_code
from dealflow.ledger.standing import quantity_of
from dealflow.model.claim import Capture, ValueRange
from dealflow.model.ids import fingerprint, name_id
from dealflow.model.intent import Role, Slots
from dealflow.model.message import Judged, Message
from dealflow.model.show import Lot

WINDOW_MS = 120_000
"""While no lot is known, one person is captured at most this often. A seller shows a piece for half
a minute to two minutes, so what follows later is most likely about another piece."""

FindLot = Callable[[Message, Slots], Lot | None]
"""Returns the lot that a message concerns: `Ledger.lot_of`, where there is a ledger."""


class CapturesState(msgspec.Struct, frozen=True):
    """What `Captures.restore` needs."""

    keys: int
    number: int
    loose: dict[str, int]


def named_or_on_screen(message: Message, slots: Slots) -> Lot | None:
    """Return the lot on screen, unless the message names the code of another one."""
    lot = message.lot
    if slots.item is None or is_price_of(slots.item, lot):
        return lot
    if lot is not None and (lot.code is None or not is_code(slots.item)):
        return lot
    code = normal_code(slots.item)
    if lot is not None and normal_code(lot.code or "") == code:
        return lot
    return Lot(code=code) if code else lot


class Captures:
    """The captures of one show.

    Args:
        threshold: the confidence from which a message's author is a buyer.
        find: tells which lot a message concerns.
    """

    def __init__(self, *, threshold: float = 0.0, find: FindLot = named_or_on_screen) -> None:
        self._threshold = threshold
        self._find = find
        self._keys: dict[str, None] = {}  # in the order of capture, so that the newest can go
        self._loose: dict[str, int] = {}  # when each person was last captured without a lot
        self._number = 0

    def key_for(self, judged: Judged) -> str:
        """Return the key under which this message's author is captured.

        It stands for person and lot; where no lot is known and no item is named, for person and
        stretch of time.
        """
        message = judged.message
        lot = self._lot(judged)
        if lot is not None:
            return f"lot:{fingerprint(message.person, lot.key)}"
        return _loose_key(message.person, message.sent_at)

    def stands(self, judged: Judged) -> bool:
        """Say whether this message's author is captured for the lot that it concerns."""
        if not self._may_count(judged):
            return False
        message = judged.message
        if self._lot(judged) is None:
            return self._is_recent(message.person, message.sent_at)
        return self.key_for(judged) in self._keys

    def decide(self, judged: Judged, value: ValueRange) -> Capture | None:
        """Capture the author of a message, or return ``None`` when there is nothing new."""
        if not self._may_count(judged) or self.stands(judged):
            return None
        message, verdict = judged.message, judged.verdict
        key = self.key_for(judged)
        self.remember(key, message.person, message.sent_at, self._number + 1)
        slots = _first(judged)
        lot = self._lot(judged)
        return Capture(
            id=name_id("capture", message.id),
            key=key,
            message_id=message.id,
            username=message.username,
            text=message.text,
            confidence=verdict.confidence,
            intent=verdict.intent,
            reason=verdict.reason,
            at=message.sent_at,
            number=self._number,
            item=slots.item if lot is None else lot.title or lot.code or slots.item,
            quantity=quantity_of(slots),
            value=value,
            lot_key=None if lot is None else lot.key,
        )

    def remember(self, key: str, person: str, at: int, number: int) -> None:
        """Take in a capture, new or read from the store; ``at`` in milliseconds since 1970."""
        self._keys[key] = None
        self._number = max(self._number, number)
        if key == _loose_key(person, at):
            self._loose = {
                other: when for other, when in self._loose.items() if at - when < WINDOW_MS
            }
            self._loose[person] = at

    def checkpoint(self) -> CapturesState:
        """Return what is needed to undo the captures that follow."""
        return CapturesState(len(self._keys), self._number, dict(self._loose))

    def restore(self, state: CapturesState) -> None:
        """Undo every capture since the checkpoint."""
        while len(self._keys) > state.keys:
            self._keys.popitem()
        self._number = state.number
        self._loose = dict(state.loose)

    def _may_count(self, judged: Judged) -> bool:
        is_buyer = judged.verdict.confidence >= self._threshold
        return is_buyer and judged.message.role is Role.VIEWER

    def _lot(self, judged: Judged) -> Lot | None:
        slots = _first(judged)
        lot = self._find(judged.message, slots)
        if lot is None and slots.item is not None:
            return Lot(code=normal_code(slots.item) or slots.item)
        return lot

    def _is_recent(self, person: str, at: int) -> bool:
        last = self._loose.get(person)
        if last is not None and abs(at - last) < WINDOW_MS:
            return True
        return _loose_key(person, at) in self._keys


def _first(judged: Judged) -> Slots:
    """Return the slots of the first claim: one message is one capture."""
    return judged.verdict.claims[0] if judged.verdict.claims else judged.verdict.slots


def _loose_key(person: str, at: int) -> str:
    # Two captures that lie a window apart never share a stretch, so the key is theirs alone.
    return f"time:{fingerprint(person, str(at // WINDOW_MS))}"

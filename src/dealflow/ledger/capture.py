"""Who is captured, once for each person and lot; pure but for the memory of its one show.

Two things are remembered. *Heard* is the fold: which messages speak for which key, in order, so
that a verdict that changes later can be folded again. *Rows* are what the store holds: a key that
is there is never captured again, whatever the fold says; it can only be taken back and returned.

The key of a capture is the same after a restart, so that the store's unique key is the last guard.
"""

from __future__ import annotations

from collections import Counter
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


class Voice(msgspec.Struct, frozen=True):
    """A buyer's message and the key that it speaks for; ``lot`` is the lot that it concerns."""

    key: str
    judged: Judged
    lot: Lot | None


class CapturesMark(msgspec.Struct, frozen=True):
    """What `Captures.rewind` needs: how much was heard, and who was captured without a lot."""

    heard: int
    loose: dict[str, tuple[int, str]]


class CapturesState(msgspec.Struct, frozen=True):
    """What `Captures.restore` needs."""

    mark: CapturesMark
    log: list[tuple[str, str]]
    changes: int
    number: int


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
        self._log: list[tuple[str, str]] = []  # key and message id, in the order of the show
        self._speak: Counter[str] = Counter()  # how many messages speak for each key
        self._loose: dict[str, tuple[int, str]] = {}  # each person's last capture without a lot
        self._rows: dict[str, Capture] = {}
        self._changes: list[tuple[str, Capture | None]] = []  # rows as they were, to undo
        self._number = 0

    def key_for(self, judged: Judged) -> str:
        """Return the key under which this message's author is captured.

        It stands for person and lot; where no lot is known and no item is named, for person and
        stretch of time.
        """
        return self._key(judged.message, self._lot(judged))

    def stands(self, judged: Judged) -> bool:
        """Say whether this message's author is captured for the lot that it concerns."""
        if not self._may_count(judged):
            return False
        lot = self._lot(judged)
        key = self._key(judged.message, lot)
        if self.counts(key):
            return True
        return lot is None and self._is_recent(judged.message)

    def decide(self, judged: Judged, value: ValueRange) -> Capture | None:
        """Capture the author of a message, or return ``None`` when there is nothing new."""
        voice = self.hear(judged)
        return None if voice is None else self.settle(voice, value)

    def hear(self, judged: Judged) -> Voice | None:
        """Fold a message in; return what it speaks for, or ``None`` when it is no buyer's."""
        if not self._may_count(judged):
            return None
        message = judged.message
        lot = self._lot(judged)
        key = self._key(message, lot)
        if lot is None:
            last = self._loose.get(message.person)
            if last is not None and abs(message.sent_at - last[0]) < WINDOW_MS:
                key = last[1]  # another word about the same thing
            else:
                self._note_loose(message.person, message.sent_at, key)
        self._log.append((key, message.id))
        self._speak[key] += 1
        return Voice(key, judged, lot)

    def settle(self, voice: Voice, value: ValueRange) -> Capture | None:
        """Capture whom a message speaks for, or return their capture when it was taken back.

        Returns ``None`` when they are captured already. What is returned counts from now on.
        """
        row = self._rows.get(voice.key)
        if row is not None:
            if row.withdrawn_at is None:
                return None
            returned = msgspec.structs.replace(row, withdrawn_at=None)
            self._set(voice.key, returned)
            return returned
        if voice.lot is None and self._is_recent(voice.judged.message):
            return None
        self._number += 1
        made = _capture(voice, value, self._number)
        self._set(voice.key, made)
        return made

    def withdraw(self, key: str, at: int) -> Capture | None:
        """Take a capture back; return it, or ``None`` when it does not count anyway."""
        row = self._rows.get(key)
        if row is None or row.withdrawn_at is not None:
            return None
        withdrawn = msgspec.structs.replace(row, withdrawn_at=at)
        self._set(key, withdrawn)
        return withdrawn

    def remember(self, capture: Capture) -> None:
        """Take in a capture that was read from the store."""
        self._rows[capture.key] = capture
        self._number = max(self._number, capture.number)

    def keys_of(self, message_id: str) -> frozenset[str]:
        """Return the keys that a message speaks for or was captured under."""
        spoken = {key for key, heard in self._log if heard == message_id}
        made = {key for key, row in self._rows.items() if row.message_id == message_id}
        return frozenset(spoken | made)

    def speaks(self, key: str) -> bool:
        """Say whether any message speaks for a key."""
        return key in self._speak

    def knows(self, key: str) -> bool:
        """Say whether somebody was ever captured under a key."""
        return key in self._rows

    def counts(self, key: str) -> bool:
        """Say whether somebody is captured under a key, and the capture was not taken back."""
        row = self._rows.get(key)
        return row is not None and row.withdrawn_at is None

    def mark(self) -> CapturesMark:
        """Return what is needed to fold again what is heard from now on."""
        return CapturesMark(len(self._log), dict(self._loose))

    def rewind(self, mark: CapturesMark) -> None:
        """Forget what was heard since the mark, in order to fold it again; rows stay."""
        self._log = self._log[: mark.heard]  # a new list: an older checkpoint keeps its own
        self._loose = dict(mark.loose)
        self._speak = Counter(key for key, _ in self._log)

    def checkpoint(self) -> CapturesState:
        """Return what is needed to undo what follows."""
        return CapturesState(self.mark(), self._log, len(self._changes), self._number)

    def unhear(self, message_id: str) -> None:
        """Forget one message that is too old to be folded again."""
        self._log = [(key, heard) for key, heard in self._log if heard != message_id]
        self._speak = Counter(key for key, _ in self._log)

    def restore(self, state: CapturesState) -> None:
        """Undo everything since the checkpoint."""
        if self._log is state.log:
            while len(self._log) > state.mark.heard:
                key, _ = self._log.pop()
                self._speak[key] -= 1
                if not self._speak[key]:
                    del self._speak[key]
        else:
            del state.log[state.mark.heard :]
            self._log = state.log
            self._speak = Counter(key for key, _ in self._log)
        self._loose = dict(state.mark.loose)
        while len(self._changes) > state.changes:
            key, row = self._changes.pop()
            if row is None:
                del self._rows[key]
            else:
                self._rows[key] = row
        self._number = state.number

    def _set(self, key: str, row: Capture) -> None:
        self._changes.append((key, self._rows.get(key)))
        self._rows[key] = row

    def _note_loose(self, person: str, at: int, key: str) -> None:
        self._loose = {
            other: last for other, last in self._loose.items() if at - last[0] < WINDOW_MS
        }
        self._loose[person] = (at, key)

    def _may_count(self, judged: Judged) -> bool:
        is_buyer = judged.verdict.confidence >= self._threshold
        return is_buyer and judged.message.role is Role.VIEWER

    def _lot(self, judged: Judged) -> Lot | None:
        slots = _first(judged)
        lot = self._find(judged.message, slots)
        if lot is None and slots.item is not None:
            return Lot(code=normal_code(slots.item) or slots.item)
        return lot

    def _key(self, message: Message, lot: Lot | None) -> str:
        if lot is not None:
            return f"lot:{fingerprint(message.person, lot.key)}"
        return _loose_key(message.person, message.sent_at)

    def _is_recent(self, message: Message) -> bool:
        """Say whether a capture without a lot, of the same person and within the window, counts."""
        at = message.sent_at
        for near in (at - WINDOW_MS, at, at + WINDOW_MS):
            row = self._rows.get(_loose_key(message.person, near))
            if row is not None and row.withdrawn_at is None and abs(at - row.at) < WINDOW_MS:
                return True
        return False


def _capture(voice: Voice, value: ValueRange, number: int) -> Capture:
    message, verdict, lot = voice.judged.message, voice.judged.verdict, voice.lot
    slots = _first(voice.judged)
    return Capture(
        id=name_id("capture", message.id),
        key=voice.key,
        message_id=message.id,
        username=message.username,
        text=message.text,
        confidence=verdict.confidence,
        intent=verdict.intent,
        reason=verdict.reason,
        at=message.sent_at,
        number=number,
        item=slots.item if lot is None else lot.title or lot.code or slots.item,
        quantity=quantity_of(slots),
        value=value,
        lot_key=None if lot is None else lot.key,
    )


def _first(judged: Judged) -> Slots:
    """Return the slots of the first claim: one message is one capture."""
    return judged.verdict.claims[0] if judged.verdict.claims else judged.verdict.slots


def _loose_key(person: str, at: int) -> str:
    # Two captures that lie a window apart never share a stretch, so the key is theirs alone.
    return f"time:{fingerprint(person, str(at // WINDOW_MS))}"

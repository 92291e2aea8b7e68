"""One show's ledger, captures and seller's average, folded from one list of turns; pure.

A verdict can change long after its message was folded. The books then go back to a mark before
that message and fold what follows once more, so that the claim stands where it would have stood
had the verdict been right at once: everybody's place is that of their *message*. What the platform
sold is a turn like any other and stays sold; who was captured stays captured, unless the seller
says otherwise.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from dealflow.ledger.capture import Captures, CapturesMark, CapturesState, Voice
from dealflow.ledger.ledger import Entry, Ledger, LedgerState, LotOutcome, Said, Sold
from dealflow.ledger.value import Average, Spread, estimate
from dealflow.model.claim import Capture, Claim, ValueRange
from dealflow.model.intent import BUYER_INTENTS, Intent
from dealflow.model.message import Judged, Message
from dealflow.model.show import SaleMode, ShowRules

MOVING = BUYER_INTENTS | {Intent.RETRACTION, Intent.DEMAND}
"""What can move the ledger; everything else was said for nothing as far as claims go."""

MAX_TURNS = 20_000
"""Turns that are kept to be folded again: more than the claims, lots and sales of a long day, and
less than 20 MB. A verdict on an older message is noted, and moves no line."""

MARK_EVERY = 64
"""Turns between two marks, each of some ten kilobytes; folding them again takes milliseconds."""


class Turn(NamedTuple):
    """One entry at its place in the show."""

    place: int
    entry: Entry


class Mark(msgspec.Struct, frozen=True):
    """The books as they were before turn number ``index``, counted from the show's first."""

    index: int
    ledger: LedgerState
    captures: CapturesMark
    average: dict[str | None, Spread]


class BooksState(msgspec.Struct, frozen=True):
    """What `Books.restore` needs to undo what follows."""

    now: Mark
    captures: CapturesState
    turns: list[Turn]
    kept: int
    forgotten: int
    marks: tuple[Mark, ...]


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry, or a verdict that changed, did.

    ``made`` are new captures, ``returned`` count again, ``withdrawn`` do not count any more.
    """

    claims: tuple[Claim, ...] = ()
    made: tuple[Capture, ...] = ()
    returned: tuple[Capture, ...] = ()
    withdrawn: tuple[Capture, ...] = ()


class Books:
    """Who claimed what in one show, and who is captured.

    Args:
        rules: the seller's rules, if any.
        mode: how the show sells, where a lot does not say it itself.
        threshold: the confidence from which a message's author is a buyer.
    """

    def __init__(self, *, rules: ShowRules | None, mode: SaleMode | None, threshold: float) -> None:
        self._threshold = threshold
        self._ledger = Ledger(rules=rules, mode=mode, threshold=threshold)
        self.captures = Captures(threshold=threshold, find=self._ledger.lot_of)
        self._average = Average()
        self._turns: list[Turn] = []
        self._forgotten = 0  # turns before the first that is kept
        self._marks: tuple[Mark, ...] = (self._mark(),)

    @property
    def turns(self) -> Sequence[Turn]:
        """Return what can be folded again, in order."""
        return self._turns

    def apply(self, place: int, entry: Entry) -> Changes:
        """Fold what happened next.

        Args:
            place: its position in the show, not before that of the last one.
            entry: what happened.
        """
        claims, voice = self._take(Turn(place, _slim(entry)))
        changes = Changes(claims=claims)
        return changes if voice is None else self._settled(voice, changes)

    def relive(self, place: int, entry: Entry) -> None:
        """Fold what is stored already once more, after a restart; nobody is captured anew."""
        self._take(Turn(place, _slim(entry)))

    def revise(self, place: int, said: Said, *, withdraw_at: int | None) -> Changes:
        """Fold a message with another verdict, at the place at which it was said.

        Args:
            place: the message's position.
            said: the message and the verdict that counts now.
            withdraw_at: the time from which a capture does not count for which nobody speaks any
                more; ``None``: nobody loses a capture.
        """
        before = self._ledger.checkpoint()
        message = said.message
        keys = self.captures.keys_of(message.id)
        voices = self._refold(place, said)
        changes = Changes(claims=self._ledger.changes(before))
        for voice in voices:
            if voice.judged.message.person == message.person:
                changes = self._settled(voice, changes)
        if withdraw_at is None:
            return changes
        lost = [
            capture
            for key in sorted(keys)
            if not self.captures.speaks(key)
            and (capture := self.captures.withdraw(key, withdraw_at)) is not None
        ]
        return msgspec.structs.replace(changes, withdrawn=tuple(lost))

    def stands(self, judged: Judged) -> bool:
        """Say whether this message's author is captured for the lot that it concerns."""
        return self.captures.stands(judged)

    def claims(self) -> tuple[Claim, ...]:
        """Return every claim as it stands."""
        return self._ledger.claims()

    def outcomes(self) -> tuple[LotOutcome, ...]:
        """Return what became of each lot, in the order in which they were first heard of."""
        return self._ledger.outcomes()

    def checkpoint(self) -> BooksState:
        """Return what is needed to undo what follows."""
        return BooksState(
            self._mark(),
            self.captures.checkpoint(),
            self._turns,
            len(self._turns),
            self._forgotten,
            self._marks,
        )

    def restore(self, state: BooksState) -> None:
        """Undo everything since the checkpoint."""
        self._ledger.restore(state.now.ledger)
        self.captures.restore(state.captures)
        self._average.restore(state.now.average)
        self._turns = state.turns
        del self._turns[state.kept :]
        self._forgotten = state.forgotten
        self._marks = state.marks

    def _take(self, turn: Turn) -> tuple[tuple[Claim, ...], Voice | None]:
        if not self._matters(turn.entry):
            return (), None
        index = self._forgotten + len(self._turns)
        if index - self._marks[-1].index >= MARK_EVERY:
            self._marks = (*self._marks, self._mark())
        self._turns.append(turn)
        if len(self._turns) > MAX_TURNS:
            self._forget()
        return self._fold(turn)

    def _fold(self, turn: Turn) -> tuple[tuple[Claim, ...], Voice | None]:
        entry = turn.entry
        if isinstance(entry, Sold):
            self._average.add(entry.sale)
        claims = self._ledger.apply(entry, turn.place)
        if isinstance(entry, Said):  # after the ledger, which may know a lot only now
            return claims, self.captures.hear(Judged(entry.message, entry.verdict))
        return claims, None

    def _refold(self, place: int, said: Said) -> list[Voice]:
        """Put a message with its verdict in its place and fold what follows; return who spoke."""
        turns = self._turns
        if self._forgotten and (not turns or place < turns[0].place):
            return self._note(said)
        start = _place_of(turns, place, said.message)
        is_there = start < len(turns) and _is_of(turns[start], said.message)
        told = [Turn(place, _slim(said))] if self._matters(said) else []
        number = self._forgotten + start
        mark = next(mark for mark in reversed(self._marks) if mark.index <= number)
        again = [*turns[mark.index - self._forgotten : start], *told, *turns[start + is_there :]]
        self._marks = tuple(one for one in self._marks if one.index <= mark.index)
        self._turns = turns[: mark.index - self._forgotten]  # a new list: checkpoints keep theirs
        self._ledger.restore(mark.ledger)
        self.captures.rewind(mark.captures)
        self._average.restore(mark.average)
        return [voice for turn in again if (voice := self._take(turn)[1]) is not None]

    def _note(self, said: Said) -> list[Voice]:
        """Take in a verdict on a message whose turn is forgotten: captures only."""
        self.captures.unhear(said.message.id)
        voice = self.captures.hear(Judged(said.message, said.verdict))
        return [] if voice is None else [voice]

    def _settled(self, voice: Voice, changes: Changes) -> Changes:
        is_known = self.captures.knows(voice.key)
        capture = self.captures.settle(voice, self._value(voice.judged))
        if capture is None:
            return changes
        if is_known:
            return msgspec.structs.replace(changes, returned=(*changes.returned, capture))
        return msgspec.structs.replace(changes, made=(*changes.made, capture))

    def _value(self, judged: Judged) -> ValueRange:
        lot = self._ledger.lot_of(judged.message, judged.verdict.slots)
        return estimate(judged.verdict, lot, self._average)

    def _matters(self, entry: Entry) -> bool:
        if not isinstance(entry, Said):
            return True
        verdict = entry.verdict
        return verdict.intent in MOVING or verdict.confidence >= self._threshold

    def _forget(self) -> None:
        """Let the oldest turns go, up to the second mark."""
        first = self._marks[1].index
        self._turns = self._turns[first - self._forgotten :]
        self._forgotten = first
        self._marks = self._marks[1:]

    def _mark(self) -> Mark:
        return Mark(
            self._forgotten + len(self._turns),
            self._ledger.checkpoint(),
            self.captures.mark(),
            self._average.checkpoint(),
        )


def _slim(entry: Entry) -> Entry:
    """Return an entry without its scores, which the books do not need for as long as they keep."""
    if not isinstance(entry, Said) or not entry.verdict.scores:
        return entry
    return Said(entry.message, msgspec.structs.replace(entry.verdict, scores={}))


def _place_of(turns: Sequence[Turn], place: int, message: Message) -> int:
    """Return the index of a message's turn, or that at which it belongs."""
    index = bisect_left(turns, place, key=lambda turn: turn.place)
    while index < len(turns) and turns[index].place == place:
        if _is_of(turns[index], message):
            break
        index += 1
    return index


def _is_of(turn: Turn, message: Message) -> bool:
    return isinstance(turn.entry, Said) and turn.entry.message.id == message.id

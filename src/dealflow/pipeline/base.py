"""The port of this room: shows are read on demand, and messages are pushed."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from dealflow.model.claim import Capture
from dealflow.model.correction import Correction
from dealflow.model.filters import Filters, Held
from dealflow.model.intent import Intent, Role, Utterance, Verdict
from dealflow.model.revision import Doubt, Revision
from dealflow.model.run import Run
from dealflow.model.show import ShowRules
from dealflow.sources.base import Transport
from dealflow.store.base import Show, StoredMessage


class StartRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A wish to read a show; ``session_id`` is the caller's own key, or made by us.

    ``threshold`` is the show's own confidence from which a message is a buyer's.
    """

    url: str
    session_id: str | None = None
    auto_discover: bool = False
    fallback_urls: tuple[str, ...] = ()
    rules: ShowRules | None = None
    filters: Filters | None = None
    threshold: float | None = None
    transport: Transport = Transport.AUTO


class PushedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a program hands us itself; ``sent_at`` in milliseconds since 1970."""

    username: str
    text: str
    platform_id: str | None = None
    sent_at: int | None = None
    role: Role = Role.VIEWER


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one pushed message, once it is committed.

    ``status`` is ``stored``, ``duplicate`` or the reason why it was dropped. ``is_buyer`` says
    whether the verdict reaches the show's threshold, ``captured`` whether the author stands in
    ``sales_captured`` for this message's lot.
    """

    status: str
    message_id: str | None = None
    verdict: Verdict | None = None
    is_buyer: bool = False
    captured: bool = False


class Doubter(Protocol):
    """Decides which messages wait for a second opinion. Safe to share between shows."""

    def why(self, show: Show, utterance: Utterance, verdict: Verdict) -> str | None:
        """Return in one short phrase why a second opinion is wanted, or ``None``.

        Called for each new message before it is stored; pure, and never slow.
        """
        ...

    def noted(self, doubts: Sequence[Doubt]) -> None:
        """Hear which doubts of one show were just committed; return at once."""
        ...


class FilterState(msgspec.Struct, frozen=True, kw_only=True):
    """What a show keeps out, and the newest messages that were kept out of it."""

    filters: Filters
    held: tuple[Held, ...] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a reanalysis found.

    ``changed`` counts messages whose intent is another one than the one that stands, ``turned``
    those that became a buyer's or stopped being one. ``gained`` would be captured and are not,
    ``lost`` are captured and would not be; ``same`` are both.
    """

    run: Run
    messages: int
    changed: int
    turned: int
    gained: tuple[Capture, ...]
    lost: tuple[Capture, ...]
    same: tuple[Capture, ...]


class RunStatus(StrEnum):
    """How a reanalysis stands; an interrupted one goes on when it is asked for again."""

    RUNNING = "running"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"


class RunState(msgspec.Struct, kw_only=True):
    """A reanalysis as callers see it: ``done`` of ``total`` messages."""

    run: Run
    status: RunStatus
    done: int = 0
    total: int = 0
    report: Report | None = None
    error: str = ""


class Monitor(Protocol):
    """Reads shows on demand. All methods are safe to call from several tasks at once."""

    async def start(self, request: StartRequest) -> Show:
        """Begin to read a show, or return it when it is being read already.

        Raises:
            ShowUrlRefused, ShowUnknown, TransportUnknown, TooManyShows, InputInvalid, Stopping.
        """
        ...

    async def stop(self, session_id: str) -> Show:
        """Stop reading a show and return it once all that was read is committed.

        Raises:
            ShowUnknown: no show of that key is being read.
        """
        ...

    async def push(
        self, session_id: str, messages: Sequence[PushedMessage], *, platform: str = "push"
    ) -> list[Outcome]:
        """Take messages; return what became of each, in order, after COMMIT.

        A key that is new opens a pushed show of that name.

        Raises:
            Overloaded, DiskFull, StoreUnavailable, Stopping, TooManyShows: nothing was taken.
        """
        ...

    async def reconsider(self, session_id: str, revisions: Sequence[Revision]) -> None:
        """Give stored messages of one show further verdicts; return after COMMIT.

        The show need not be read now.

        Raises:
            ShowUnknown, MessageUnknown: there is no such show, or no such message in it.
            Overloaded, DiskFull, StoreUnavailable, Stopping: none was taken.
        """
        ...

    async def correct(
        self,
        session_id: str,
        message_id: str,
        correction: Correction | None,
        intent: Intent | None = None,
    ) -> StoredMessage:
        """Take a seller's word on a message; return it as it stands, after COMMIT.

        The show need not be read now.

        Args:
            session_id: the show's key.
            message_id: our id of the message.
            correction: what the seller says; ``None`` takes back what was said before, if anything.
            intent: the right intent, if the seller names it.

        Raises:
            ShowUnknown, MessageUnknown: there is no such show, or no such message in it.
            InputInvalid: the intent contradicts the correction.
            Overloaded, DiskFull, StoreUnavailable, Stopping: it was not taken.
        """
        ...

    async def reanalyse(
        self,
        session_id: str,
        *,
        model: str | None = None,
        threshold: float | None = None,
        again: bool = False,
    ) -> RunState:
        """Begin to judge a stored show again, or go on with it; return at once.

        Args:
            session_id: the show's key.
            model: the classifier's name; ``None``: the usual one.
            threshold: the confidence from which a message is a buyer's; ``None``: the show's own.
            again: begin a fresh run, also where there is one of this model and threshold.

        Raises:
            ShowUnknown: there is no show of that key.
            InputInvalid: there is no classifier of that name.
            DiskFull, StoreUnavailable, Stopping: nothing was begun.
        """
        ...

    async def reanalysis(self, session_id: str) -> RunState | None:
        """Return how a show's latest reanalysis stands, if there is any.

        Raises:
            ShowUnknown: there is no show of that key.
        """
        ...

    async def filters(self, session_id: str) -> FilterState:
        """Return what a show keeps out.

        Raises:
            ShowUnknown: there is no show of that key.
        """
        ...

    async def set_filters(self, session_id: str, filters: Filters) -> FilterState:
        """Keep a show's filters with it, and use them from its next message on.

        Raises:
            InputInvalid: an entry is no usable pattern; its place is named, and nothing changed.
            ShowUnknown: there is no show of that key.
            DiskFull, StoreUnavailable: nothing changed.
        """
        ...

    @property
    def active(self) -> frozenset[str]:
        """Return the session keys of the shows that are being read or pushed to."""
        ...

"""What a reader's error means for the show: its state, the next attempt, the gap; pure."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from dealflow.errors import (
    BrowserLost,
    DealflowError,
    FeedStalled,
    LoginRequired,
    PlatformBlocked,
    PlatformRefused,
    PlatformUnreachable,
    Retry,
)
from dealflow.model.facts import SourceStatus


class Failure(msgspec.Struct, frozen=True):
    """``reason`` is for people; ``label`` names the gap and is one of a few."""

    reason: str
    label: str
    status: SourceStatus
    retry: Retry
    is_silence: bool = False


_LABELS: tuple[tuple[type[DealflowError], str, SourceStatus], ...] = (
    (FeedStalled, "feed stalled", SourceStatus.STALLED),
    (PlatformBlocked, "blocked", SourceStatus.BLOCKED),
    (LoginRequired, "login wall", SourceStatus.BLOCKED),
    (PlatformRefused, "refused", SourceStatus.BLOCKED),
    (PlatformUnreachable, "connection lost", SourceStatus.CONNECTING),
    (BrowserLost, "browser lost", SourceStatus.CONNECTING),
)


def failure_of(error: BaseException) -> Failure:
    """Return what an error means; one that nobody foresaw is tried again like a lost connection."""
    if not isinstance(error, DealflowError):
        reason = "a fault in DealFlow ended the reading; its log says more"
        return Failure(reason, "fault", SourceStatus.CONNECTING, Retry.BACKOFF)
    for kind, label, status in _LABELS:
        if isinstance(error, kind):
            silent = isinstance(error, FeedStalled)
            return Failure(str(error), label, status, error.retry, silent)
    return Failure(str(error), "other", SourceStatus.CONNECTING, error.retry)


def cause(error: BaseException) -> BaseException:
    """Return what went wrong: the first error of ours in a group, else its first error."""
    found = list(_leaves(error))
    return next((leaf for leaf in found if isinstance(leaf, DealflowError)), found[0])


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error

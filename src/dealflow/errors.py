"""Every error that DealFlow raises on purpose.

The tree is ordered by who must act, then by phase::

    DealflowError
    ├── OperatorError            the person who runs DealFlow changes something
    │   ├── SettingsInvalid          a setting has a value that cannot be used
    │   ├── TokenRequired            an open address without a token
    │   ├── PortTaken                another program listens there
    │   ├── DataDirUnusable          the data folder cannot be made, read or written
    │   ├── StoreLocked              another DealFlow process writes to this store
    │   ├── StoreUnsafe              this SQLite can corrupt the store
    │   ├── StoreDamaged             the file is not a sound DealFlow store
    │   ├── StoreTooNew              a newer DealFlow made this store
    │   ├── DiskFull                 no room left; writing pauses
    │   ├── BrowserMissing           no Chromium was found
    │   ├── BrowserUnusable          Chromium was found and does not start
    │   └── FileUnreadable           a file named on the command line cannot be used
    ├── ClientError              the caller asks for something else
    │   ├── InputInvalid             malformed or out of bounds
    │   ├── ShowUrlRefused           not the URL of a live show that we may open
    │   ├── ShowUnknown              no show of that name
    │   ├── MessageUnknown           the show has no message of that id
    │   ├── TokenMissing             no token, or a wrong one
    │   ├── HostRefused              the Host header is not ours
    │   ├── OriginRefused            the Origin may not talk to us
    │   ├── RouteUnknown             nothing lives at this path
    │   ├── MethodRefused            this path does not take this method
    │   ├── BodyTooLarge             more bytes than the limit
    │   ├── BodyTooSlow              the body did not arrive in time
    │   ├── RateLimited              too many attempts
    │   ├── TooManyShows             the cap on shows at once is reached
    │   └── TransportUnknown         this platform has no such way of reading
    ├── PlatformError            the platform, or the way to it, must change
    │   ├── PlatformUnreachable      no connection
    │   ├── PlatformRefused          the platform said no to this reader
    │   ├── PlatformBlocked          an anti-bot page stands in the way
    │   ├── LoginRequired            only for logged-in viewers
    │   ├── FeedStalled              connected, but nothing can be heard
    │   ├── BrowserLost              Chromium crashed, hung or was killed
    │   └── EgressRefused            the gate does not open this address
    └── InternalError            we must mend DealFlow
        ├── StoreUnavailable         the store does not answer now
        ├── DuplicateMessages        a batch holds messages that are stored already
        ├── Overloaded               a bounded queue is full
        └── Stopping                 DealFlow is shutting down

Each class carries a stable ``code``, a ``hint`` for the person who can act, and a ``retry`` rule
that drives the supervisor. How an error looks over HTTP is decided at the HTTP edge.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import ClassVar


class Retry(StrEnum):
    """When the same attempt may be made again."""

    NEVER = "never"
    BACKOFF = "backoff"
    LATER = "later"


class DealflowError(Exception):
    """The root of the tree; ``str(error)`` is one sentence that a user can read."""

    code: ClassVar[str] = "internal"
    hint: ClassVar[str] = "Please report this with the log lines around it."
    retry: ClassVar[Retry] = Retry.NEVER

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.advice = self.hint if hint is None else hint

    def __str__(self) -> str:
        return self.message


class OperatorError(DealflowError):
    """The person who runs DealFlow must change something."""

    code = "operator"
    hint = "See `dealflow doctor`."


class SettingsInvalid(OperatorError):
    """A setting has a value that cannot be used."""

    code = "settings_invalid"
    hint = "Correct the named setting; docs/reference/settings.md lists them all."


class TokenRequired(OperatorError):
    """The API would listen beyond this machine without a token."""

    code = "token_required"
    hint = "Set DEALFLOW_TOKEN, or listen on 127.0.0.1."


class PortTaken(OperatorError):
    """Another program already listens on the address."""

    code = "port_taken"
    hint = "Stop the other program, or choose another port with --port."


class DataDirUnusable(OperatorError):
    """The data folder cannot be made, read or written."""

    code = "data_dir_unusable"
    hint = "Choose a folder that you own with --data-dir or DEALFLOW_DATA_DIR."


class StoreLocked(OperatorError):
    """Another process holds the writer lock of this store."""

    code = "store_locked"
    hint = "Stop the other DealFlow process, or give this one its own folder with --data-dir."


class StoreUnsafe(OperatorError):
    """The SQLite in use has the WAL-reset bug."""

    code = "store_unsafe"
    hint = "Reinstall DealFlow's own SQLite: pip install --force-reinstall apsw."


class StoreDamaged(OperatorError):
    """The file is not a sound DealFlow store."""

    code = "store_damaged"
    hint = "Move the file away and restore a backup; DealFlow starts a new one."


class StoreTooNew(OperatorError):
    """A newer DealFlow made this store."""

    code = "store_too_new"
    hint = "Install the newer DealFlow again; an older one never touches a newer store."


class DiskFull(OperatorError):
    """No room is left on the disk; writing pauses and resumes by itself."""

    code = "disk_full"
    hint = "Free some space; DealFlow goes on by itself."
    retry = Retry.BACKOFF


class BrowserMissing(OperatorError):
    """No Chromium was found."""

    code = "browser_missing"
    hint = (
        "Install one (Debian: apt-get install chromium), or set DEALFLOW_BROWSER__EXECUTABLE; "
        "reading by socket needs none."
    )


class BrowserUnusable(OperatorError):
    """Chromium was found and does not start."""

    code = "browser_unusable"
    hint = "Run `dealflow doctor`; where no sandbox can work, set DEALFLOW_BROWSER__SANDBOX=off."


class FileUnreadable(OperatorError):
    """A file named on the command line cannot be read or written."""

    code = "file_unreadable"
    hint = "Check the path and its permissions."


class ClientError(DealflowError):
    """The caller must ask for something else."""

    code = "client"
    hint = "Correct the request; /openapi.json describes every call."


class InputInvalid(ClientError):
    """The input is malformed or out of bounds."""

    code = "input_invalid"


class ShowUrlRefused(ClientError):
    """The URL is not one of a live show that DealFlow may open."""

    code = "show_url_refused"
    hint = "Give the address of a live show, such as https://www.whatnot.com/live/<id>."


class ShowUnknown(ClientError):
    """No show of that name is known."""

    code = "show_unknown"
    hint = "GET /api/streams lists the shows."


class MessageUnknown(ClientError):
    """The show has no message of that id."""

    code = "message_unknown"
    hint = "GET /api/sessions/{id}/messages lists the messages."


class TokenMissing(ClientError):
    """The request carries no token, or a wrong one."""

    code = "token_missing"
    hint = "Send `Authorization: Bearer <token>`; the token is in the data folder's `token` file."


class HostRefused(ClientError):
    """The Host header names no host of ours."""

    code = "host_refused"
    hint = "Use the address that `dealflow serve` printed, or add the host to DEALFLOW_API__HOSTS."


class OriginRefused(ClientError):
    """The page that asks comes from an origin that may not."""

    code = "origin_refused"
    hint = "Add the exact origin to DEALFLOW_API__ORIGINS if you trust it."


class RouteUnknown(ClientError):
    """Nothing lives at this path."""

    code = "route_unknown"


class MethodRefused(ClientError):
    """This path does not take this method."""

    code = "method_refused"


class BodyTooLarge(ClientError):
    """The body has more bytes than the limit."""

    code = "body_too_large"
    hint = "Send less at once; the limit is 1 MB a request."


class BodyTooSlow(ClientError):
    """The body did not arrive in time."""

    code = "body_too_slow"
    hint = "Send the request again, in one go."
    retry = Retry.BACKOFF


class RateLimited(ClientError):
    """Too many attempts in too short a time; ``retry_after`` is in seconds."""

    code = "rate_limited"
    hint = "Wait, then try again."
    retry = Retry.LATER

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooManyShows(ClientError):
    """The cap on shows at once is reached."""

    code = "too_many_shows"
    hint = "Stop a show first, or raise DEALFLOW_MAX_SHOWS."
    retry = Retry.LATER


class TransportUnknown(ClientError):
    """The platform has no such way of reading."""

    code = "transport_unknown"
    hint = "Use auto, socket or browser."


class PlatformError(DealflowError):
    """The platform, or the way to it, must change."""

    code = "platform"
    hint = "DealFlow keeps trying; see the show's source state."
    retry = Retry.BACKOFF


class PlatformUnreachable(PlatformError):
    """No connection to the platform could be made, or it was lost."""

    code = "platform_unreachable"
    hint = "Check this machine's network; DealFlow keeps trying."


class PlatformRefused(PlatformError):
    """The platform answered and said no to this reader."""

    code = "platform_refused"
    hint = "Try --transport browser, or log in with `dealflow login whatnot`."
    retry = Retry.LATER


class PlatformBlocked(PlatformError):
    """An anti-bot page stands where the show should be."""

    code = "platform_blocked"
    hint = "Open the show once in `dealflow login whatnot` and pass the check by hand."
    retry = Retry.LATER


class LoginRequired(PlatformError):
    """The show is only for logged-in viewers."""

    code = "login_required"
    hint = "Log in with `dealflow login whatnot`."
    retry = Retry.LATER


class FeedStalled(PlatformError):
    """The way is open, but nothing can be heard on it."""

    code = "feed_stalled"


class BrowserLost(PlatformError):
    """Chromium crashed, hung or was killed."""

    code = "browser_lost"
    hint = "DealFlow starts it again by itself."


class EgressRefused(PlatformError):
    """The egress gate does not open this address."""

    code = "egress_refused"
    hint = "Only a platform's own public hosts, and base URLs that you set, are ever opened."
    retry = Retry.NEVER


class InternalError(DealflowError):
    """DealFlow itself must be mended, or needs a moment."""

    code = "internal"


class StoreUnavailable(InternalError):
    """The store does not answer now."""

    code = "store_unavailable"
    hint = "DealFlow keeps what it read and tries again by itself."
    retry = Retry.BACKOFF


class DuplicateMessages(InternalError):
    """A batch holds messages that are stored already; nothing of it was written."""

    code = "duplicate_messages"

    def __init__(self, keys: Iterable[str]) -> None:
        self.keys = frozenset(keys)
        super().__init__(f"{len(self.keys)} messages of the batch are stored already.")


class Overloaded(InternalError):
    """A bounded queue is full."""

    code = "overloaded"
    hint = "Send more slowly, and send what was refused again."
    retry = Retry.LATER


class Stopping(InternalError):
    """DealFlow is shutting down and takes nothing new."""

    code = "stopping"
    hint = "Send it again once DealFlow is back."
    retry = Retry.LATER


class ModelDamaged(InternalError):
    """A file of the model is missing, damaged or of another version."""

    code = "model_damaged"
    hint = "Install DealFlow again, or make the model anew with `scripts/train` in its repository."


class TrainingUnavailable(InternalError):
    """What training needs is not installed."""

    code = "training_unavailable"
    hint = "Run `scripts/train` in the repository: it installs what training needs."

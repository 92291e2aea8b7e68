"""Who may enter: the bearer token, one-time login codes, cookie sessions, and failed attempts."""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass

from dealflow.clock import Clock
from dealflow.errors import RateLimited, TokenMissing

CODE_SECONDS = 600.0
"""A login link is used at once or never; ten minutes leave time to walk to another screen."""

SESSION_SECONDS = 7 * 24 * 3600.0
"""A dashboard stays logged in for a week of shows; a restart of the server ends it anyway."""

MAX_CODES = 32
MAX_SESSIONS = 256
"""More would only be links and browsers that nobody uses; the oldest makes room."""

MAX_FAILURES = 10
FAILURE_SECONDS = 60.0
"""Wrong tokens an address may send a minute. A right token always enters: 256 random bits cannot
be guessed at any rate, and programs on one machine share one address."""

MAX_ADDRESSES = 1024


class Failures:
    """Counts failed attempts for each address, in bounded memory."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def note(self, address: str) -> None:
        """Count one failure.

        Raises:
            RateLimited: there were too many in the last minute.
        """
        now = self._clock.monotonic()
        times = self._times.setdefault(address, deque(maxlen=MAX_FAILURES))
        self._times.move_to_end(address)
        if len(self._times) > MAX_ADDRESSES:
            self._times.popitem(last=False)
        if len(times) == MAX_FAILURES and now - times[0] < FAILURE_SECONDS:
            wait = math.ceil(FAILURE_SECONDS - (now - times[0]))
            raise RateLimited(f"Too many wrong tokens; wait {wait} s.", retry_after=wait)
        times.append(now)


@dataclass(frozen=True, slots=True)
class Grant:
    """The right to use the API, held by a request or a living socket."""

    key: bytes


class Access:
    """Gives grants and takes them away. Lives on one event loop."""

    def __init__(self, token: str, clock: Clock) -> None:
        self._clock = clock
        self._token = _digest(token)
        self._open = bool(token)
        self._codes: OrderedDict[bytes, float] = OrderedDict()
        self._sessions: OrderedDict[bytes, float] = OrderedDict()
        self._failures = Failures(clock)

    def replace_token(self, token: str) -> None:
        """Let only this token in from now on; grants of the old one and all sessions end."""
        self._token = _digest(token)
        self._open = bool(token)
        self._codes.clear()
        self._sessions.clear()

    def by_token(self, token: str, address: str) -> Grant:
        """Return the grant for a bearer token.

        Raises:
            TokenMissing: it is the wrong one.
            RateLimited: it is the wrong one, and so were too many before it.
        """
        presented = _digest(token)
        if not self._open or not hmac.compare_digest(presented, self._token):
            self._failures.note(address)
            raise TokenMissing("The token is wrong.")
        return Grant(presented)

    def by_session(self, cookie: str) -> Grant | None:
        """Return the grant of a cookie session, or ``None`` when there is no such session."""
        grant = Grant(_digest(cookie))
        return grant if self.holds(grant) else None

    def holds(self, grant: Grant) -> bool:
        """Say whether a grant that was given still holds."""
        if self._open and hmac.compare_digest(grant.key, self._token):
            return True
        return self._sessions.get(grant.key, -math.inf) > self._clock.monotonic()

    def new_code(self) -> str:
        """Return a code for one login link, good once and for ten minutes."""
        code = secrets.token_urlsafe(32)
        self._codes[_digest(code)] = self._clock.monotonic() + CODE_SECONDS
        while len(self._codes) > MAX_CODES:
            self._codes.popitem(last=False)
        return code

    def redeem(self, code: str, address: str) -> str:
        """Turn a login code into a new session and return the session's cookie.

        Raises:
            TokenMissing: the code is unknown, used or too old.
            RateLimited: and so were too many before it.
        """
        ends = self._codes.pop(_digest(code), -math.inf)
        if ends <= self._clock.monotonic():
            self._failures.note(address)
            raise TokenMissing(
                "This login link was used already or is too old.",
                hint="Start `dealflow serve` again, or use the token.",
            )
        cookie = secrets.token_urlsafe(32)
        self._sessions[_digest(cookie)] = self._clock.monotonic() + SESSION_SECONDS
        while len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return cookie

    def end(self, grant: Grant) -> None:
        """End a session; the token's own grant stays."""
        self._sessions.pop(grant.key, None)


def _digest(secret: str) -> bytes:
    """Return what is kept and compared, so that no secret lies in memory and lengths are equal."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()

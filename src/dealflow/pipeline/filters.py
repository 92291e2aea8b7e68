"""Tells what a seller keeps out of a show, before anything is judged.

Pure but for the memory of who said what lately, which is bounded. The host and the moderators are
kept out by name only. A word of the allow list protects a message from everything.
"""

from __future__ import annotations

import unicodedata
from collections import OrderedDict, deque
from collections.abc import Iterable
from hashlib import blake2b

from dealflow.model.facts import DropReason
from dealflow.model.filters import Filters
from dealflow.model.intent import Role
from dealflow.model.message import Message
from dealflow.model.show import Lot
from dealflow.pipeline.patterns import compile_name, compile_text, compile_words, linear

AUTHORS = 2_000
"""Authors whose pace is remembered; the one silent for longest goes first."""

TEXTS = 5_000
"""Texts that are remembered as said, each with its author; the oldest goes first."""

SHORT = 4
"""Words of a text that may claim something new each time it is said, while no lot is known."""

NO_FILTERS = Filters()

_SHOP = frozenset({Role.HOST, Role.MOD})
_LINK = linear(
    r"(?:https?://|www\.)[^\s/?#\\]+"
    r"|(?:[a-z0-9_-]+@)?(?:[a-z0-9-]+\.)+(?:com|net|org|shop|store|live|link|site|online|info|biz|xyz|top"
    r"|club|app|dev|gg|ly|tv|ru|cn|co\.uk|de|fr|nl|pl)(?:\b)"
    r"|(?:[a-z0-9-]+\.)+(?:me|io|co|cc|to|be|gl|us|id|in|it|es|la)/"
)
"""What people can follow: an address with its scheme, or a site's name under a common ending; one
under an ending that is a word too ("it", "me") only with a path behind it."""


class Filter:
    """A show's filters, ready to be asked.

    Raises:
        InputInvalid: an entry is no usable pattern; the message names its place.
    """

    def __init__(self, filters: Filters) -> None:
        self.filters = filters
        self._names, globs = _split_names(filters.mute)
        self._muted = [compile_name(entry, place) for entry, place in globs]
        self._patterns = [
            compile_text(entry, f"patterns[{at}]") for at, entry in enumerate(filters.patterns)
        ]
        self._denied = compile_words([folded(word) for word in filters.deny])
        self._allowed = compile_words([folded(word) for word in filters.allow])
        self._hosts = tuple(_host(entry) for entry in filters.hosts)
        self._is_idle = filters == NO_FILTERS
        self._paces: OrderedDict[str, deque[int]] = OrderedDict()
        self._said: OrderedDict[bytes, _Saying] = OrderedDict()

    def look(self, message: Message, lot: Lot | None, now: int | None) -> DropReason | None:
        """Return why a message is kept out, or ``None``; note that it was said.

        Args:
            message: a new message.
            lot: what was on screen when it was sent.
            now: when it was sent, in milliseconds since 1970; ``None``: nobody knows, as in a
                backlog, and then it counts neither as a repeat nor as a flood.
        """
        if self._is_idle:
            return None
        plain = folded(message.text)
        if self._allowed is not None and self._allowed(plain):
            return None
        if self._is_muted(message):
            return DropReason.MUTED
        if message.role in _SHOP:
            return None
        reason = self._content(message.text, plain)
        if reason is not None or now is None:
            return reason
        if self._repeats(message, plain, lot, now):
            return DropReason.REPEAT
        return DropReason.FLOOD if self._floods(message.person, now) else None

    def forget(self, messages: Iterable[Message]) -> None:
        """Take back that messages were said, because they will be told again."""
        for message in messages:
            said = self._said.get(_digest(message.person, folded(message.text)))
            if said is not None and said.times:
                said.times.pop()
            pace = self._paces.get(message.person)
            if pace:
                pace.pop()

    def _is_muted(self, message: Message) -> bool:
        if self.filters.bots and message.role is Role.BOT:
            return True
        name = message.username
        return _plain_name(name) in self._names or any(match(name) for match in self._muted)

    def _content(self, text: str, plain: str) -> DropReason | None:
        if any(match(text) or match(plain) for match in self._patterns):
            return DropReason.PATTERN
        if self._denied is not None and self._denied(plain):
            return DropReason.DENIED
        if self.filters.links and any(not self._is_welcome(host) for host in hosts_in(text)):
            return DropReason.LINK
        return None

    def _is_welcome(self, host: str) -> bool:
        return any(host == known or host.endswith(f".{known}") for known in self._hosts)

    def _repeats(self, message: Message, plain: str, lot: Lot | None, now: int) -> bool:
        """Say whether the author said this too often while this lot was on screen.

        The same words on the next lot may be the next claim, and so may a few words while no lot
        is known. Emoji and marks are left out, because who repeats varies them.
        """
        most = self.filters.repeats
        if not most or (lot is None and plain.count(" ") < SHORT):
            return False
        key = _digest(message.person, plain)
        said = self._said.pop(key, None)
        lot_key = None if lot is None else lot.key
        if said is None or said.lot_key != lot_key:
            said = _Saying(lot_key, most)
        self._said[key] = said
        if len(self._said) > TEXTS:
            self._said.popitem(last=False)
        return _is_over(said.times, most, now, self.filters.window)

    def _floods(self, person: str, now: int) -> bool:
        most = self.filters.flood
        if not most:
            return False
        pace = self._paces.pop(person, None)
        self._paces[person] = pace = deque(maxlen=most) if pace is None else pace
        if len(self._paces) > AUTHORS:
            self._paces.popitem(last=False)
        return _is_over(pace, most, now, self.filters.window)


class _Saying:
    """When somebody said one thing while one lot was on screen."""

    __slots__ = ("lot_key", "times")

    def __init__(self, lot_key: str | None, most: int) -> None:
        self.lot_key = lot_key
        self.times: deque[int] = deque(maxlen=most)


def _is_over(times: deque[int], most: int, now: int, seconds: float) -> bool:
    """Say whether one more is too many; if it is not, note it."""
    while times and times[0] <= now - seconds * 1000:
        times.popleft()
    if len(times) >= most:
        return True
    times.append(now)
    return False


def folded(text: str) -> str:
    """Return the words of a text in one spelling: lower case, plain width, no marks, no emoji.

    Of a text without words its different signs stay.
    """
    if text.isascii():
        wide = text.lower()
        kept = wide.translate(_PLAIN)
    else:
        wide = unicodedata.normalize("NFKC", text).casefold()
        kept = "".join(char if _is_spoken(char) else " " for char in wide if char not in _JOINERS)
    return " ".join(kept.split()) or "".join(dict.fromkeys("".join(wide.split())))


_JOINERS = frozenset("\u200b\u200c\u200d\u2060\ufeff\ufe0f\u00ad'’")


_PLAIN = {
    code: None if chr(code) in _JOINERS else " "
    for code in range(128)
    if not (chr(code).isalnum() or chr(code) in "$+%")
}


def _is_spoken(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char)[0] == "M" or char in "$€£+%"


def hosts_in(text: str) -> list[str]:
    """Return the sites to which a text links; an address of e-mail is no link."""
    wide = text if text.isascii() else unicodedata.normalize("NFKC", text).replace("。", ".")
    if "." not in wide and "://" not in wide:
        return []
    found = [match.group() for match in _LINK.finditer(wide)]
    return [_host(link) for link in found if "://" in link or "@" not in link]


def _host(address: str) -> str:
    """Return the site that a browser would open for an address."""
    rest = address.casefold().partition("://")[2] or address.casefold()
    for mark in "/?#\\":
        rest = rest.partition(mark)[0]
    return rest.rpartition("@")[2].partition(":")[0].removeprefix("www.").strip(".")


def _split_names(entries: tuple[str, ...]) -> tuple[frozenset[str], list[tuple[str, str]]]:
    """Return the plain names, and the globs and expressions each with its place."""
    plain: set[str] = set()
    others: list[tuple[str, str]] = []
    for at, entry in enumerate(entries):
        if entry.startswith("/") or "*" in entry or "?" in entry:
            others.append((entry, f"mute[{at}]"))
        else:
            plain.add(_plain_name(entry))
    return frozenset(plain), others


def _plain_name(name: str) -> str:
    return name.casefold().removeprefix("@").strip()


def _digest(person: str, text: str) -> bytes:
    return blake2b(f"{person}\0{text}".encode(), digest_size=12).digest()

"""Which URLs are Whatnot's shows; pure."""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from dealflow.errors import ShowUrlRefused
from dealflow.sources.address import Address, read_address
from dealflow.sources.base import ShowRef
from dealflow.sources.whatnot.topics import Urls

NAME: Final = "whatnot"

_USERNAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,59}")
_LOCALE: Final = re.compile(r"[a-z]{2}(-[A-Z]{2})?")
_HINT: Final = "Give the address of a live show: https://www.whatnot.com/live/<id>."


class ShowUrls:
    """Reads and writes the addresses of shows, at Whatnot's own host or the operator's."""

    def __init__(self, base_url: str, urls: Urls) -> None:
        self._base = base_url.rstrip("/")
        self._urls = urls
        self._own = frozenset(("https", host, 443) for host in urls.hosts)
        self._origins = self._own | {read_address(self._base).origin}

    def resolve(self, url: str) -> ShowRef | None:
        """Return the show that a URL names, or ``None`` when it is not Whatnot's.

        Raises:
            ShowUrlRefused: it is Whatnot's and names no show, or it only looks like Whatnot's.
        """
        address = read_address(url)
        if address.origin not in self._origins:
            self._refuse_look_alike(address)
            return None
        steps = address.steps
        if steps and _LOCALE.fullmatch(steps[0]):
            steps = steps[1:]  # /en-GB/live/… is the same show in another language
        kind, name = "/".join(steps[:-1]), steps[-1] if steps else ""
        if is_uuid(name) and kind in (*self._urls.show_paths, *self._urls.dashboard_paths):
            return self.show(name.lower())
        if _USERNAME.fullmatch(name) and kind in (*self._urls.show_paths, *self._urls.seller_paths):
            return self.seller(name)
        raise ShowUrlRefused("The URL is Whatnot's, but it names no live show.", hint=_HINT)

    def show(self, show_id: str) -> ShowRef:
        """Return the reference to a show by its id."""
        url = f"{self._base}/{self._urls.show_paths[0]}/{show_id}"
        return ShowRef(platform=NAME, external_id=show_id, url=url)

    def seller(self, username: str) -> ShowRef:
        """Return the reference to whatever a seller is showing."""
        url = f"{self._base}/{self._urls.seller_paths[0]}/{username}"
        return ShowRef(platform=NAME, external_id=username, url=url)

    def _refuse_look_alike(self, address: Address) -> None:
        if NAME in address.host or address.host.startswith("xn--") or ".xn--" in address.host:
            raise ShowUrlRefused(
                f"{address.host[:100]} looks like Whatnot's address and is another.", hint=_HINT
            )


def is_uuid(name: str) -> bool:
    """Say whether a name is a show's id, in its usual form."""
    try:
        return str(UUID(name)) == name.lower()
    except ValueError:
        return False

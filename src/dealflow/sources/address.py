"""Reads a URL strictly, so that no two programs can disagree about what it names; pure.

The usual parsers forgive: they drop tabs and line breaks, turn back-slashes, guess at user-info.
What one of them forgives and another does not is how a request reaches the wrong host. Here a URL
either has the plain form that a browser's address bar shows, or it is refused with the reason.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from dealflow.errors import ShowUrlRefused

MAX_URL: Final = 2_048
"""Characters; longer than any address that a platform makes."""

_PLAIN: Final = re.compile(r"[!-\[\]-~]+")  # printable ASCII without space and back-slash
_FORM: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)"
    r"(?:\?[^#]*)?(?:#.*)?"
)
_HOST: Final = re.compile(r"(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")
_PATH: Final = re.compile(r"[A-Za-z0-9/._~-]*")
_PORTS: Final = {"http": 80, "https": 443}


class Address(msgspec.Struct, frozen=True):
    """A URL's parts up to its path; ``host`` is in lower case. Query and fragment are let go."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """Return what two addresses of one place have in common."""
        return (self.scheme, self.host, self.port)

    @property
    def steps(self) -> tuple[str, ...]:
        """Return the names in the path; one slash at the end means nothing."""
        return tuple(self.path.removesuffix("/").split("/")[1:])


def read_address(url: str) -> Address:
    """Read a URL.

    Raises:
        ShowUrlRefused: it has not the plain form ``http(s)://host[:port]/path``.
    """
    if len(url) > MAX_URL:
        raise ShowUrlRefused(f"The URL is longer than {MAX_URL} characters.")
    if not url:
        raise ShowUrlRefused("The URL is empty.")
    if not _PLAIN.fullmatch(url):
        raise ShowUrlRefused(
            "The URL holds a space, a line break, a back-slash or a letter that is not ASCII."
        )
    form = _FORM.fullmatch(url)
    scheme = "" if form is None else form["scheme"].lower()
    if form is None or scheme not in _PORTS:
        raise ShowUrlRefused("The URL does not begin with https://.")
    authority = form["authority"]
    if "@" in authority:
        raise ShowUrlRefused("The URL holds a user name before its host.")
    host = _HOST.fullmatch(authority)
    if host is None:
        raise ShowUrlRefused("The URL's host is not plain: letters, digits, dots and hyphens only.")
    port = _PORTS[scheme] if host["port"] is None else int(host["port"])
    if not 0 < port <= 65_535:
        raise ShowUrlRefused("The URL's port does not exist.")
    if not _PATH.fullmatch(form["path"]):
        raise ShowUrlRefused("The URL's path holds something that no show's address holds.")
    return Address(scheme, host["host"].lower(), port, form["path"])

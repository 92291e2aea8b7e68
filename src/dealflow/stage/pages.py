"""The platform's pages: a show, a profile, the home page, and what stands in their way."""

from __future__ import annotations

import functools
import html
import json
from collections.abc import Sequence
from importlib import resources
from string import Template

import msgspec

from dealflow.stage.faults import Faults
from dealflow.stage.frames import Json
from dealflow.stage.show import Show

SCRIPT = "text/javascript"
ASSETS = {
    "live.css": "text/css",
    "live.js": SCRIPT,
    "chat.js": SCRIPT,
    "phoenix.js": SCRIPT,
    "player.js": SCRIPT,
}
"""The page's files and their types."""


@functools.cache
def asset(name: str) -> str:
    """Return a file of the page."""
    return (resources.files("dealflow.stage") / "page" / name).read_text("utf-8")


def live(show: Show, faults: Faults) -> str:
    """Return the page of the show."""
    props: Json = {
        "show": show.livestream(),
        "product": show.pinned_product(),
        "sales": list(show.sales),
        "faults": msgspec.structs.asdict(faults),
    }
    return _filled("live.html", show, data=_embedded({"props": {"pageProps": props}}))


def profile(show: Show) -> str:
    """Return the page of the seller."""
    return _filled("profile.html", show)


def home(shows: Sequence[Show]) -> str:
    """Return the home page with its cards."""
    cards = "\n".join(_filled("card.html", show) for show in shows)
    return Template(asset("home.html")).substitute(cards=cards)


def challenge() -> str:
    """Return the anti-bot page."""
    return asset("challenge.html")


def login() -> str:
    """Return the login page."""
    return asset("login.html")


def wall(show: Show) -> str:
    """Return the page of a show that is only for those who logged in."""
    return _filled("wall.html", show)


def missing() -> str:
    """Return the page for what is not there."""
    return asset("missing.html")


def _filled(name: str, show: Show, **more: str) -> str:
    words = {
        "title": show.title,
        "seller": show.seller,
        "show_id": show.id,
        "badge": _badge(show),
    }
    safe = {key: html.escape(word) for key, word in words.items()}
    return Template(asset(name)).substitute({**safe, **more})


def _badge(show: Show) -> str:
    if show.status != "PLAYING":
        return "Ended"
    return "Live" if show.viewers is None else f"Live · {show.viewers:,}"


def _embedded(data: Json) -> str:
    """Return JSON that may stand inside a script element."""
    return json.dumps(data).replace("<", "\\u003c")

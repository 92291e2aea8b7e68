"""What a seller keeps out of a show before it is judged."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

MAX_ENTRIES = 200
"""Names, words, hosts or patterns in one list: more than any seller's own list that was seen."""

MAX_ENTRY = 300
"""Characters of one of them; the longest pattern that makes sense in chat is far below."""

Entry = Annotated[str, Meta(min_length=1, max_length=MAX_ENTRY)]
Entries = Annotated[tuple[Entry, ...], Meta(max_length=MAX_ENTRIES)]
Times = Annotated[int, Meta(ge=0, le=1000)]
Seconds = Annotated[float, Meta(ge=1, le=3600)]


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept out before judgement; by itself nothing is.

    A name or a pattern is a glob (``*`` any run of characters, ``?`` any one) or, between
    slashes, a regular expression in RE2's syntax (``/win \\d+ free/``). Capitals never matter.
    """

    mute: Annotated[
        Entries,
        Meta(description="User names that are not heard: globs over the whole name, or `/regex/`."),
    ] = ()
    patterns: Annotated[
        Entries,
        Meta(description="Texts that are kept out: globs that may stand anywhere, or `/regex/`."),
    ] = ()
    deny: Annotated[Entries, Meta(description="Words and phrases that keep a message out.")] = ()
    allow: Annotated[
        Entries,
        Meta(description="Words and phrases that protect a message from every other filter."),
    ] = ()
    bots: Annotated[
        bool, Meta(description="Keep out what the platform marks as a bot's message.")
    ] = False
    links: Annotated[bool, Meta(description="Keep out messages that hold a link.")] = False
    hosts: Annotated[
        Entries,
        Meta(description="Sites whose links are welcome all the same, with all beneath them."),
    ] = ()
    repeats: Annotated[
        Times,
        Meta(
            description="How often one person may say the same on one lot within the window;"
            " 0: as often as they like."
        ),
    ] = 0
    flood: Annotated[
        Times,
        Meta(
            description="How many messages one person may send within the window;"
            " 0: as many as they like."
        ),
    ] = 0
    window: Annotated[
        Seconds, Meta(description="Seconds within which repeats and floods count.")
    ] = 30.0


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was kept out: who, what (its beginning), when (ISO 8601) and why."""

    username: str
    message: str
    timestamp: str
    reason: str

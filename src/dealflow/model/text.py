"""Text from strangers, made safe to store once, at the edge.

One hostile message can fail a whole batch: PostgreSQL rejects NUL, and a lone surrogate cannot be
written as UTF-8 by any driver. Both are replaced here and nowhere else; everything else (bidi
marks, joiners, emoji, other scripts) is kept as it was sent, because it is evidence.
"""

from __future__ import annotations

import re

MAX_TEXT = 10_000
"""Characters in a message. The longest real chat limit known is far below (a platform's own limit
is a few hundred); more than this is an attack or a fault, and is dropped by name."""

MAX_NAME = 200
"""Characters in a user name, a session key or a lot code."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean(text: str) -> str:
    """Replace NUL and lone surrogates by U+FFFD; return all other text as it is."""
    if text.isascii() and "\x00" not in text:
        return text
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def clean_name(name: str) -> str:
    """Clean a name, take the white space off its ends and cut it at `MAX_NAME` characters."""
    return clean(name).strip()[:MAX_NAME]


def folded(text: str) -> str:
    """Return the form under which two sightings of one message are the same.

    A page collapses white space and a socket does not, so white space is folded; nothing else is.
    """
    return " ".join(text.split())

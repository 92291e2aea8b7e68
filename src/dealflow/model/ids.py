"""Identifiers: UUIDs of our own and stable keys made of other people's."""

from __future__ import annotations

import hashlib
import os
import uuid

# Every name that callers give becomes a UUID under this namespace, so that it is always the same.
_NAMESPACE = uuid.UUID("6f0f3a52-6a5e-5b0e-9f0e-2f4c3f1f7a11")


def new_id(now_ms: int) -> str:
    """Return a fresh UUID of version 7 (RFC 9562): in time order, so that indexes grow at one end.

    Args:
        now_ms: milliseconds since 1970.
    """
    random = int.from_bytes(os.urandom(10), "big")
    value = (now_ms & 0xFFFF_FFFF_FFFF) << 80
    value |= 0x7 << 76 | (random >> 68 & 0xFFF) << 64
    value |= 0b10 << 62 | random & 0x3FFF_FFFF_FFFF_FFFF
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def name_id(kind: str, name: str) -> str:
    """Return the UUID that always belongs to this name (version 5)."""
    return str(uuid.uuid5(_NAMESPACE, f"{kind}\x1f{name}"))


def fingerprint(*parts: str) -> str:
    """Return 16 hexadecimal digits that stand for these strings in this order."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        digest.update(part.encode("utf-8", "surrogatepass"))
        digest.update(b"\x1f")
    return digest.hexdigest()

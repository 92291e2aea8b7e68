"""What an automaton is made of, in a form that can be kept and read again.

It stands apart from `automaton`, which is compiled: what is decoded is not (0019).
"""

from __future__ import annotations

import msgspec


class Parts(msgspec.Struct):
    """The states of an automaton: where symbols lead, what is free, which labels end where."""

    edges: list[dict[str, list[int]]]
    free: dict[int, list[int]]
    labels: dict[int, set[str]]

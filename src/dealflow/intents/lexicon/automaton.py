"""Finds all phrases of the lexicon in a message, in one pass.

Patterns become a small non-deterministic automaton over tokens. It is made deterministic while it
runs, one step at a time, and the steps are remembered: a word is then one look-up. Nothing ever
goes back, so the work is bounded by tokens times the longest pattern.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dealflow.intents.lexicon.parts import Parts

END = "\0end"
BREAK = "\0break"
"""What ends a clause; no pattern goes on behind it."""
WILD = "\0any"
ITEM = "\0item"
"""What a word of the lot's title is beside itself; a symbol ends in it ("ring\0item")."""

MAX_STATES = 20_000
"""Remembered states; beyond it the memory starts afresh. A normal evening needs a few thousand."""


class State:
    """States of the patterns that are reached together: one state while matching.

    ``labels`` are those of the patterns that end here, ``last`` of those that end here if a clause
    does. ``steps`` remembers where symbols lead; ``None`` is nowhere.
    """

    __slots__ = ("labels", "last", "members", "steps")

    def __init__(
        self, members: frozenset[int], labels: tuple[str, ...], last: tuple[str, ...]
    ) -> None:
        self.members = members
        self.labels = labels
        self.last = last
        self.steps: dict[str, State | None] = {}


class Automaton:
    """An automaton whose patterns end in a label."""

    def __init__(self, parts: Parts | None = None) -> None:
        self._edges: list[dict[str, list[int]]] = [{}, {}] if parts is None else parts.edges
        self._free: dict[int, list[int]] = {} if parts is None else parts.free
        self._labels: dict[int, set[str]] = {} if parts is None else parts.labels
        self.reset()

    @property
    def parts(self) -> Parts:
        """Return what `Automaton` can be made of again."""
        return Parts(self._edges, self._free, self._labels)

    def reset(self) -> None:
        """Forget the remembered steps."""
        self._states: dict[frozenset[int], State] = {}
        self.inside = self._remember(self._closed([0]))
        self.opening = self._remember(self._closed([0, 1]))

    def new(self) -> int:
        """Add a state."""
        self._edges.append({})
        return len(self._edges) - 1

    def link(self, start: int, symbol: str | None, end: int) -> None:
        """Lead from one state to another by a symbol, or freely for ``None``."""
        if symbol is None:
            self._free.setdefault(start, []).append(end)
        else:
            self._edges[start].setdefault(symbol, []).append(end)

    def accept(self, state: int, label: str) -> None:
        """Let a pattern end here."""
        self._labels.setdefault(state, set()).add(label)

    @property
    def literals(self) -> Iterable[str]:
        """Return every symbol that some pattern names."""
        return {symbol for edges in self._edges for symbol in edges}

    def starts(self, opening: bool) -> set[str]:
        """Return the symbols that can begin a match."""
        begun = self.opening if opening else self.inside
        return {symbol for member in begun.members for symbol in self._edges[member]}

    def follow(
        self, symbols: Sequence[str], start: int, state: State, closing: Sequence[bool]
    ) -> dict[str, int]:
        """Return the labels of all that begins at a place, and behind which symbol each ends last.

        Args:
            symbols: of the whole message, or of one clause.
            start: the place of the first symbol.
            state: where to begin.
            closing: for each place and the end, whether a pattern that must end a clause may.
        """
        found: dict[str, int] = {}
        for at in range(start, len(symbols)):
            symbol = symbols[at]
            steps = state.steps
            following = steps.get(symbol)
            if following is None:
                if symbol in steps:
                    break
                following = steps[symbol] = self._advance(state, symbol)
                if following is None:
                    break
            state = following
            for label in state.labels:
                found[label] = at + 1
            if state.last and closing[at + 1]:
                for label in state.last:
                    found[label] = at + 1
        return found

    @property
    def is_full(self) -> bool:
        """Say whether it is time to `reset`; only between two messages."""
        return len(self._states) > MAX_STATES

    def _advance(self, state: State, symbol: str) -> State | None:
        """Return the next state, or ``None`` when no pattern goes on."""
        if symbol == BREAK:
            return None
        reached: list[int] = []
        plain, mark, _ = symbol.partition(ITEM)
        for member in state.members:
            edges = self._edges[member]
            reached += edges.get(plain, ()) if plain else ()
            reached += edges.get(ITEM, ()) if mark else ()
            reached += edges.get(WILD, ())
        return self._remember(self._closed(reached)) if reached else None

    def _closed(self, states: Sequence[int]) -> frozenset[int]:
        seen: set[int] = set()
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if state not in seen:
                seen.add(state)
                waiting += self._free.get(state, ())
        return frozenset(seen)

    def _remember(self, members: frozenset[int]) -> State:
        known = self._states.get(members)
        if known is None:
            ends = [end for member in members for end in self._edges[member].get(END, ())]
            known = State(members, self._ending(members), self._ending(self._closed(ends)))
            self._states[members] = known
        return known

    def _ending(self, members: frozenset[int]) -> tuple[str, ...]:
        """Return the labels of the patterns that end in one of these states."""
        labels = {label for member in members for label in self._labels.get(member, ())}
        return tuple(sorted(labels))

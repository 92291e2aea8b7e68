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
        self._numbers: dict[frozenset[int], int] = {}
        self._members: list[frozenset[int]] = []
        self._steps: list[dict[str, int]] = []
        self._found: list[tuple[str, ...]] = []
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
        members = self._members[self.opening if opening else self.inside]
        return {symbol for state in members for symbol in self._edges[state]}

    def step(self, state: int, symbol: str) -> int:
        """Return the next state, or -1 when no pattern goes on."""
        steps = self._steps[state]
        following = steps.get(symbol)
        if following is None:
            following = self._advance(state, symbol)
            self._steps[state][symbol] = following
        return following

    def follow(
        self, symbols: Sequence[str], start: int, state: int, closing: Sequence[bool]
    ) -> dict[str, int]:
        """Return the labels of all that begins at a place, and behind which symbol each ends last.

        Args:
            symbols: of the whole message, or of one clause.
            start: the place of the first symbol.
            state: where to begin.
            closing: for each place and the end, whether a pattern that must end a clause may.
        """
        memory, labels = self._steps, self._found
        found: dict[str, int] = {}
        for at in range(start, len(symbols)):
            symbol = symbols[at]
            following = memory[state].get(symbol)
            state = self.step(state, symbol) if following is None else following
            if state < 0:
                break
            for label in labels[state]:
                found[label] = at + 1
            if closing[at + 1]:
                last = self.step(state, END)
                if last >= 0:
                    for label in labels[last]:
                        found[label] = at + 1
        return found

    @property
    def is_full(self) -> bool:
        """Say whether it is time to `reset`; only between two messages."""
        return len(self._members) > MAX_STATES

    def _advance(self, state: int, symbol: str) -> int:
        if symbol == BREAK:
            return -1
        reached: list[int] = []
        plain, mark, _ = symbol.partition(ITEM)
        for member in self._members[state]:
            edges = self._edges[member]
            reached += edges.get(plain, ()) if plain else ()
            reached += edges.get(ITEM, ()) if mark else ()
            if symbol != END:
                reached += edges.get(WILD, ())
        return self._remember(self._closed(reached)) if reached else -1

    def _closed(self, states: Sequence[int]) -> frozenset[int]:
        seen: set[int] = set()
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if state not in seen:
                seen.add(state)
                waiting += self._free.get(state, ())
        return frozenset(seen)

    def _remember(self, members: frozenset[int]) -> int:
        number = self._numbers.get(members)
        if number is None:
            number = len(self._members)
            self._numbers[members] = number
            self._members.append(members)
            self._steps.append({})
            found = {label for state in members for label in self._labels.get(state, ())}
            self._found.append(tuple(sorted(found)))
        return number

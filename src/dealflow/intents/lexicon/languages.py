"""Which languages a message may be in.

Chat lines are short and mix languages, so this decides no language; it only shuts out those that
explain fewer words than others do. Else an English "yo bro" claims in Spanish.
"""

from __future__ import annotations

EVERY = -1
"""The mask of all languages."""

TOLERANCE = 0.75
"""A language stays when it knows at least this part of the words that the best one knows."""

LANE = 16
"""Bits in which the words of one language are counted: more than a judged message has words."""

MAX_REMEMBERED = 10_000
"""Counts whose answer is remembered."""


class Languages:
    """Knows the words of each language; a set of languages is a bit mask."""

    def __init__(
        self, bits: dict[str, int] | None = None, known: dict[str, int] | None = None
    ) -> None:
        self._bits: dict[str, int] = bits or {}
        self._known: dict[str, int] = known or {}
        self._lanes: dict[int, int] = {}
        self._winners: dict[int, int] = {}

    @property
    def parts(self) -> tuple[dict[str, int], dict[str, int]]:
        """Return what `Languages` can be made of again."""
        return self._bits, self._known

    def bit(self, language: str) -> int:
        """Return the mask of one language, new or known."""
        self._lanes.clear()
        self._winners.clear()
        return self._bits.setdefault(language, 1 << len(self._bits))

    def learn(self, word: str, mask: int) -> None:
        """Remember that the word belongs to these languages."""
        self._known[word] = self._known.get(word, 0) | mask

    def knows(self, word: str, mask: int) -> bool:
        """Say whether the word belongs to one of these languages."""
        return bool(self._known.get(word, 0) & mask)

    def lanes(self, mask: int) -> int:
        """Return a number with a 1 in the lane of each language of a word.

        Numbers of several words add up to how many words each language knows.
        """
        known = self._lanes.get(mask)
        if known is None:
            lanes = [1 << LANE * at for at, bit in enumerate(self._bits.values()) if mask & bit]
            known = self._lanes[mask] = sum(lanes)
        return known

    def possible(self, lanes: int, hint: str | None) -> int:
        """Return the mask of languages that a message may be in.

        Args:
            lanes: those of its words, added up.
            hint: a language ("es", "pt-BR") that is always among them, whatever the words say.
        """
        if not lanes:
            return EVERY
        return self._hinted(hint) | (self._winners.get(lanes) or self._won(lanes))

    def _won(self, total: int) -> int:
        """Return the languages that know the most words, or nearly as many."""
        if len(self._winners) >= MAX_REMEMBERED:
            self._winners.clear()
        counts = [
            (bit, total >> LANE * at & (1 << LANE) - 1)
            for at, bit in enumerate(self._bits.values())
        ]
        least = TOLERANCE * max(count for _, count in counts)
        won = sum(bit for bit, count in counts if count >= least)
        self._winners[total] = won
        return won

    def _hinted(self, hint: str | None) -> int:
        if hint is None:
            return 0
        return self._bits.get(_ALIASES.get(hint, hint.partition("-")[0].lower()), 0)


_ALIASES = {"tl": "fil", "ms": "id", "in": "id"}

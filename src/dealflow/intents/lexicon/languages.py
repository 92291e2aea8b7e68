"""Which languages a message may be in.

Chat lines are short and mix languages, so this decides no language; it only shuts out those that
explain fewer words than others do. Else an English "yo bro" claims in Spanish.
"""

from __future__ import annotations

from collections.abc import Sequence

from dealflow.intents.tokens import Kind, Token

EVERY = -1
"""The mask of all languages."""

TOLERANCE = 0.75
"""A language stays when it knows at least this part of the words that the best one knows."""


class Languages:
    """Knows the words of each language; a set of languages is a bit mask."""

    def __init__(
        self, bits: dict[str, int] | None = None, known: dict[str, int] | None = None
    ) -> None:
        self._bits: dict[str, int] = bits or {}
        self._known: dict[str, int] = known or {}
        self._members: dict[int, tuple[int, ...]] = {}

    @property
    def parts(self) -> tuple[dict[str, int], dict[str, int]]:
        """Return what `Languages` can be made of again."""
        return self._bits, self._known

    def bit(self, language: str) -> int:
        """Return the mask of one language, new or known."""
        self._members.clear()
        return self._bits.setdefault(language, 1 << len(self._bits))

    def learn(self, word: str, mask: int) -> None:
        """Remember that the word belongs to these languages."""
        self._known[word] = self._known.get(word, 0) | mask

    def knows(self, word: str, mask: int) -> bool:
        """Say whether the word belongs to one of these languages."""
        return bool(self._known.get(word, 0) & mask)

    def possible(self, tokens: Sequence[Token], hint: str | None) -> int:
        """Return the mask of languages that the message may be in.

        A hint ("es", "pt-BR") is always among them, whatever the words say.
        """
        masks = [self._known.get(token.text, 0) for token in tokens if token.kind is Kind.WORD]
        masks = [mask for mask in masks if mask]
        mask = self._hinted(hint)
        if not masks:
            return EVERY
        counts = dict.fromkeys(self._bits.values(), 0)
        for known in masks:
            for bit in self._split(known):
                counts[bit] += 1
        least = TOLERANCE * max(counts.values())
        for bit, count in counts.items():
            if count >= least:
                mask |= bit
        return mask

    def _split(self, mask: int) -> tuple[int, ...]:
        """Return the languages of a word one by one; most words have one of few combinations."""
        members = self._members.get(mask)
        if members is None:
            members = tuple(bit for bit in self._bits.values() if mask & bit)
            self._members[mask] = members
        return members

    def _hinted(self, hint: str | None) -> int:
        if hint is None:
            return 0
        return self._bits.get(_ALIASES.get(hint, hint.partition("-")[0].lower()), 0)


_ALIASES = {"tl": "fil", "ms": "id", "in": "id"}

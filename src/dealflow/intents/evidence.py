"""What stands in a message: its tokens, the phrases found in them, and what they cover."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dealflow.intents.lexicon.reader import Hit, Word
from dealflow.intents.scene import Scene
from dealflow.intents.standing import NEXT, step
from dealflow.intents.tokens import Kind, Token
from dealflow.model.intent import Context
from dealflow.model.show import SaleMode

MODIFIERS = frozenset({"negation", "past", "others", "ask", "condition", "joke", "contrast"})
"""Labels that change what other phrases mean; a longer phrase never hides them."""

_PLAIN = frozenset({"filler", "pointer"})
_IDS = frozenset({Kind.NUMBER, Kind.CODE, Kind.MONEY, Kind.COUNT})
_AMOUNTS = frozenset({Kind.NUMBER, Kind.MONEY})
_SILENT = frozenset({Kind.BREAK, Kind.EMOJI, Kind.SIGN})
MAX_HITS = 32
"""Phrases of one kind that are weighed against each other; a message with more is a flood, and
comparing all pairs of a flood would cost its square."""

SIZES = frozenset({
    "xxs", "xs", "s", "m", "l", "xl", "xxl", "xxxl", "2xl", "3xl", "4xl", "5xl", "1x", "2x",
    "3x", "4x", "5x", "small", "medium", "large", "xlarge",
})  # fmt: skip
"""Sizes that are words or codes."""

SIZE_LABELS = frozenset({"size", "sz", "us", "uk", "eu", "age", "day", "top", "row", "page"})
"""Words before a number that make it no amount of money."""

MEASURES = frozenset({
    "cm", "mm", "inch", "inches", "oz", "ml", "pm", "am", "days", "day", "weeks", "week", "mins",
    "minutes", "minute", "min", "hours", "hour", "hrs", "years", "year", "yrs", "months", "month",
    "old", "people", "viewers", "percent", "%", "v", "volt", "amp", "watt", "gb", "seconds",
    "second", "secs", "sec", "degrees", "th", "st", "nd", "rd", "miles", "lbs", "ft",
    "feet", "kids", "mile", "cats", "dogs", "followers", "subs", "bids", "grams", "carat", "ct",
    "times",
})  # fmt: skip
"""Words after a number that make it no amount of money."""


class Evidence:
    """One message, read.

    ``known`` is what the lexicon knows of each token; ``own`` are the places of claim words that
    this show's rules add.
    """

    def __init__(
        self,
        tokens: list[Token],
        known: list[Word],
        hits: list[Hit],
        scene: Scene,
        context: Context,
        languages: int,
        own: Sequence[Hit] = (),
    ) -> None:
        self.tokens = tokens
        self.known = known
        self.own = own
        self.scene = scene
        self.context = context
        self.languages = languages
        self.ids = [token for token in tokens if token.kind in _IDS]
        """The numbers, codes and amounts."""
        self.words = sum([token.kind not in _SILENT for token in tokens])
        """How many tokens say something."""
        self._amounts: list[Token] | None = None
        self._unexplained: list[int] | None = None
        self._clauses, self.asked_clauses = _clauses(tokens)
        hits = [*hits, *own] if own else hits
        self.covering = hits
        self.hits: dict[str, list[Hit]] = {}
        told = [hit for hit in hits if not _is_claim_list(hit, tokens)]
        for hit in _unhidden(told, len(tokens)):
            found = self.hits.setdefault(hit.label, [])
            if len(found) < MAX_HITS:
                found.append(hit)

    def has(self, label: str) -> bool:
        """Say whether a phrase of this kind stands in the message."""
        return label in self.hits

    def of(self, *labels: str) -> list[Hit]:
        """Return the phrases of these kinds."""
        hits = self.hits
        return [hit for label in labels if label in hits for hit in hits[label]] if hits else []

    def clause(self, at: int) -> int:
        """Return the number of the clause in which a token stands."""
        return self._clauses[at]

    def opens(self, at: int) -> bool:
        """Say whether only politeness, numbers and names stand before a token in its clause."""
        unexplained = frozenset(self.unexplained)
        return all(
            before not in unexplained and token.text not in SIZES
            for before, token in enumerate(self.tokens[:at])
            if self._clauses[before] == self._clauses[at]
        )

    def is_asked(self, hit: Hit) -> bool:
        """Say whether the phrase stands in a question."""
        clause = self._clauses[hit.start]
        if clause in self.asked_clauses:
            return True
        return any(self._clauses[ask.start] == clause for ask in self.hits.get("ask", ()))

    @property
    def asks(self) -> bool:
        """Say whether any part of the message is a question."""
        return bool(self.asked_clauses) or "ask" in self.hits

    def turns(self, start: int, end: int) -> bool:
        """Say whether the message takes a turn between two places: a new clause or a "but"."""
        if self._clauses[start] != self._clauses[end]:
            return True
        return any(start <= hit.start < end for hit in self.hits.get("contrast", ()))

    @property
    def amounts(self) -> list[Token]:
        """Return money, and numbers that are no code of this show and measure nothing else."""
        if self._amounts is None:
            self._amounts = [
                token
                for at, token in enumerate(self.tokens)
                if token.kind in _AMOUNTS and self._is_amount(at, token)
            ]
        return self._amounts

    @property
    def step(self) -> str | None:
        """Return how the first amount stands to what was said last, or ``None`` without one."""
        value = next((token.value for token in self.ids if token.kind in _AMOUNTS), None)
        return None if value is None else step(value, self.context.room)

    def follows(self, value: float | None) -> bool:
        """Say whether a number could be the next bid after the one that was said last."""
        if value is None or self.scene.mode is not SaleMode.AUCTION:
            return False
        return step(value, self.context.room) in NEXT

    def _is_amount(self, at: int, token: Token) -> bool:
        if token.kind is Kind.MONEY:
            return True
        if self.scene.knows_code(token.text):
            return False
        before = self.tokens[at - 1].text if at else ""
        after = self.tokens[at + 1].text if at + 1 < len(self.tokens) else ""
        if before in SIZE_LABELS or after in MEASURES:
            return False
        if token.value is None:
            return False
        return self.scene.could_cost(token.value) or self.follows(token.value)

    def is_negated(self, hit: Hit) -> bool:
        """Say whether a negation stands up to two words before the phrase, in its clause."""
        return any(
            0 <= hit.start - negation.end <= 2
            and self._clauses[negation.start] == self._clauses[hit.start]
            for negation in self.hits.get("negation", ())
        )

    def rest(self, hits: Iterable[Hit] = (), clause: int | None = None) -> float:
        """Return how many words of the message, or of a clause, nothing explains.

        Phrases, fillers, numbers, sizes, colours and the lot's title explain. A character of an
        unspaced script counts as a third of a word.
        """
        unexplained = self.unexplained
        if not unexplained:
            return 0.0
        covered: set[int] = set()
        for hit in hits:
            covered.update(range(hit.start, hit.end))
        for hit in self.covering:
            if hit.label in _COVERING:
                covered.update(range(hit.start, hit.end))
        left = 0.0
        for at in unexplained:
            if at in covered or (clause is not None and self._clauses[at] != clause):
                continue
            text = self.tokens[at].text
            left += 0.34 if len(text) == 1 and ord(text) > 0xE00 else 1.0
        return left

    def is_filler(self, at: int) -> bool:
        """Say whether a token is politeness in one of the message's languages."""
        return bool(self.known[at].filler & self.languages)

    @property
    def unexplained(self) -> list[int]:
        """Return the places of words that are no filler, pointer, size or name of the lot."""
        if self._unexplained is None:
            languages, title, code = self.languages, self.scene.words, self.scene.code
            self._unexplained = [
                at
                for at, (token, word) in enumerate(zip(self.tokens, self.known, strict=True))
                if token.kind is Kind.WORD
                and not (word.filler | word.pointer) & languages
                and not _is_named(token.text, title, code)
            ]
        return self._unexplained


def _is_named(word: str, title: frozenset[str], code: str | None) -> bool:
    """Say whether a word is a size, the lot's code, or of its title, also in the plural."""
    if word in SIZES or word in title or word == code:
        return True
    return word.endswith("s") and word[:-1] in title


_COVERING = frozenset({"color"})


def _clauses(tokens: list[Token]) -> tuple[list[int], frozenset[int]]:
    clauses: list[int] = []
    asked: set[int] = set()
    clause = 0
    fresh = True
    for token in tokens:
        if token.kind is Kind.BREAK:
            if token.text == "?":
                asked.add(clause if not fresh else clause - 1)
            if not fresh:
                clause += 1
                fresh = True
        elif token.kind is not Kind.EMOJI:
            fresh = False
        clauses.append(clause)
    return clauses, frozenset(asked)


def _is_claim_list(hit: Hit, tokens: Sequence[Token]) -> bool:
    """Say whether a phrase of the past is really "sold 43 and 44", which claims both."""
    following = tokens[hit.start + 1 : hit.start + 2]
    return (
        hit.label == "post"
        and hit.start == 0
        and tokens[0].text == "sold"
        and any(token.kind in (Kind.NUMBER, Kind.CODE) for token in following)
    )


def _unhidden(hits: list[Hit], size: int) -> list[Hit]:
    """Drop each phrase that lies inside a longer one; an idiom also wins over its equal.

    A question never hides an offer or a step to pay, and a step to pay never hides a refusal.
    """
    owner = [-1] * size
    kept: list[Hit] = []
    spans: list[Hit] = []
    order = sorted(hits, key=lambda hit: (hit.start - hit.end, hit.label != "idiom", hit.start))
    for hit in order:
        if hit.label in _COVERING:
            continue
        if hit.label not in MODIFIERS:
            holder = owner[hit.start]
            if holder >= 0 and holder == owner[hit.end - 1] and _hides(spans[holder], hit):
                continue
            spans.append(hit)
            for at in range(hit.start, hit.end):
                if owner[at] < 0:
                    owner[at] = len(spans) - 1
        kept.append(hit)
    kept.sort(key=lambda hit: hit.start)
    return kept


def _hides(longer: Hit, hit: Hit) -> bool:
    if longer.label == "idiom":
        return True
    if longer.end - longer.start == hit.end - hit.start:
        return False
    if hit.label in _OFFERS:
        return longer.label not in _ASKING
    return not (hit.label in _REFUSALS and longer.label == "checkout")


_OFFERS = frozenset({"bid", "checkout", "backup"})
_ASKING = frozenset({"demand", "product", "shipping", "interest", "claim_soft"})
_REFUSALS = frozenset({"retraction", "decline", "post"})

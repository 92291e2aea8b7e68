"""What is for sale while a message is sent: the lot on screen as chat would name it."""

from __future__ import annotations

import re

from dealflow.intents.normalise import normalise
from dealflow.intents.numbers import SHARED
from dealflow.model.intent import Context
from dealflow.model.show import Lot, SaleMode, ShowRules

MAX_TITLE = 300
"""Characters of a lot's title that are read."""

_WORD = re.compile(r"[^\W_]+(?:\.\d+)?")
_LEADING_CODE = re.compile(
    r"^(?:lot|item|no|nr|art|code|kode|box|bag|lote|los|pos|num|numero|row|spot|artikel|lotto|numer|nummer)?[\s.:]*(#?)([a-z]{0,3}\d{1,4}[a-z]?)\b(.?)"
)
_SHAPE = re.compile(r"^([a-z]*)(\d+)([a-z]*)$")
_RANGE = re.compile(r"^([a-z]*)(\d+)\s*(?:-|–|to|\.\.)\s*([a-z]*)(\d+)$")
_COMMON = frozenset({
    "the", "and", "for", "with", "size", "lot", "of", "in", "on", "a", "an", "new", "old",
    "set", "box", "card", "cards", "pair", "sz", "no", "to", "from", "by", "or", "de", "la",
    "el", "le", "les", "du", "con", "para", "und", "mit", "der", "die", "das", "il",
    "lo", "da", "do", "di",
})  # fmt: skip

FAR_LOW, FAR_HIGH = 0.2, 4.0
"""Parts of the lot's price between which a plain number can be a price named for it, or for two
or three of it."""

OPENING_MAX = 60.0
"""Lots that start near nothing go up by large steps: up to this, any number can be the next bid.
It is in units of dollars, euros or pounds; dearer numerals have no cheap openings."""

MAX_REMEMBERED = 1_000
"""Titles and rules that are remembered before the memory starts afresh."""

Codes = frozenset[str]
Ranges = tuple[tuple[str, int, int], ...]
Ruled = tuple[Codes, Ranges, frozenset[str]]
"""What rules say: codes in use, ranges of them, and claim words."""

_PLAIN = ShowRules()
_NO_RULES: Ruled = (frozenset(), (), frozenset())


class Scene:
    """The context of a message, read once a lot; nobody changes it.

    ``code`` is the lot's code in lower case without ``#``; ``words`` are the words of its title;
    ``numbers`` are the numbers in it. ``codes`` and ``ranges`` come from the show's rules.
    """

    __slots__ = (
        "claim_words", "code", "codes", "lot", "mode", "price", "ranges", "rules", "words",
    )  # fmt: skip

    def __init__(
        self,
        mode: SaleMode | None = None,
        lot: Lot | None = None,
        code: str | None = None,
        words: frozenset[str] = frozenset(),
        rules: ShowRules = _PLAIN,
        ruled: Ruled = _NO_RULES,
    ) -> None:
        self.mode = mode
        self.lot = lot
        self.code = code
        self.words = words
        self.price = None if lot is None else lot.price
        self.rules = rules
        self.codes, self.ranges, self.claim_words = ruled

    def knows_code(self, text: str) -> bool:
        """Say whether the text is the code on screen or one that the rules name."""
        plain = text.lstrip("#")
        if plain == self.code or plain in self.codes:
            return True
        match = _SHAPE.match(plain) if self.ranges else None
        if match is None or match.group(3):
            return False
        letters, number = match.group(1), int(match.group(2)[:9])
        return any(
            letters == prefix and first <= number <= last for prefix, first, last in self.ranges
        )

    def could_cost(self, value: float) -> bool:
        """Say whether somebody could seriously name this number as a price for the lot."""
        if self.price is None or self.price <= 0:
            return value > 0
        if self.mode is SaleMode.AUCTION and value <= OPENING_MAX:
            return value >= FAR_LOW * self.price
        return FAR_LOW * self.price <= value <= FAR_HIGH * self.price

    def like_code(self, text: str) -> bool:
        """Say whether the text has the shape of the codes in this show."""
        if self.code is None:
            return False
        return shape(text.lstrip("#")) == shape(self.code)


def shape(code: str) -> tuple[str, str]:
    """Return what codes of one kind share: their letters' number and where the digits stand."""
    match = _SHAPE.match(code)
    if match is None:
        return ("?", code)
    before, _, after = match.groups()
    return ("a" * len(before), "a" * len(after))


class Scenes:
    """Reads contexts, and remembers the titles and rules that it read.

    The memory is bounded: a show goes through some hundred lots.
    """

    def __init__(self) -> None:
        self._titles: dict[str, tuple[str | None, frozenset[str]]] = {}
        self._rules: dict[ShowRules, Ruled] = {}
        self._seen: tuple[SaleMode | None, Lot | None, ShowRules | None] = None, None, None
        self._scene = Scene()

    def read(self, context: Context) -> Scene:
        """Return what the context says of lot and rules; the next message often shares it."""
        seen = context.mode, context.lot, context.rules
        if seen != self._seen:
            self._seen, self._scene = seen, self._read(*seen)
        return self._scene

    def _read(self, mode: SaleMode | None, lot: Lot | None, rules: ShowRules | None) -> Scene:
        ruled = self._rules_of(rules) if rules is not None else _NO_RULES
        rules = rules or _PLAIN
        if lot is None:
            return Scene(mode, rules=rules, ruled=ruled)
        code, words = self._title_of(lot.title)
        if lot.code:
            code = normalise(lot.code).strip().lstrip("#") or code
        return Scene(lot.mode or mode, lot, code, words, rules, ruled)

    def _title_of(self, title: str) -> tuple[str | None, frozenset[str]]:
        known = self._titles.get(title)
        if known is None:
            if len(self._titles) >= MAX_REMEMBERED:
                self._titles.clear()
            known = self._titles[title] = _read_title(title)
        return known

    def _rules_of(self, rules: ShowRules) -> Ruled:
        known = self._rules.get(rules)
        if known is None:
            if len(self._rules) >= MAX_REMEMBERED:
                self._rules.clear()
            known = self._rules[rules] = _read_rules(rules)
        return known


def _read_title(title: str) -> tuple[str | None, frozenset[str]]:
    plain = normalise(title[:MAX_TITLE])
    match = _LEADING_CODE.match(plain)
    code: str | None = None
    if match is not None:
        mark, found, after = match.groups()
        labelled = match.start(2) > len(mark)
        if mark or labelled or not found.isdecimal() or (after in ":-)." and len(found) < 4):
            code = found
    return code, frozenset(_WORD.findall(plain)) - _COMMON


def _read_rules(rules: ShowRules) -> Ruled:
    codes: set[str] = set()
    ranges: list[tuple[str, int, int]] = []
    for entry in rules.codes:
        plain = normalise(entry).strip().lstrip("#")
        match = _RANGE.match(plain)
        if match is None:
            codes.add(plain)
        else:
            ranges.append((match.group(1), int(match.group(2)[:9]), int(match.group(4)[:9])))
    words = frozenset(normalise(word).strip() for word in rules.claim_words)
    return frozenset(codes), tuple(ranges), words - {""}


def currency_of(said: str | None, lot: Lot | None) -> str | None:
    """Return the ISO code of what was said; a shared name, as ``$``, is the lot's own currency."""
    family = SHARED.get(said) if said is not None else None
    if family is None:
        return said
    own = lot.currency if lot is not None else None
    return own if own in family else family[0] or None

"""Reads item, quantity, size, colour, price and currency out of a message."""

from __future__ import annotations

from dealflow.intents.evidence import SIZES, Evidence
from dealflow.intents.scene import currency_of
from dealflow.intents.tokens import Kind, Token
from dealflow.model.intent import Intent, Slots
from dealflow.model.show import SaleMode

MAX_QUANTITY = 99
"""A larger number in a claim is a code or a price, and beyond it nobody claims in chat."""

MAX_CLAIMS = 50
"""Claims that one message may make; more is a flood."""

COUNT_WORDS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "both": 2, "dos": 2, "tres": 3,
    "deux": 2, "trois": 3, "zwei": 2, "drei": 3, "due": 2, "tre": 3, "dalawa": 2, "tatlo": 3,
    "duas": 2, "dois": 2, "dua": 2, "tiga": 3, "hai": 2, "iki": 2, "dwa": 2, "dwie": 2, "trzy": 3,
}  # fmt: skip
"""Words that count; those that are other words too ("one", "un") are left out."""

_SIZE_LABELS = frozenset({
    "size", "sz", "talla", "taille", "grosse", "groesse", "taglia", "tamanho", "ukuran",
    "rozmiar", "beden", "numara", "us", "eu", "pointure", "misura", "saiz", "tam", "مقاس",
    "ไซส์", "nummer", "maat",
})  # fmt: skip
_AFTER_SIZE = frozenset({"us", "uk", "eu", "w", "wide"})
_SIZE_UNITS = ("us", "uk", "eu", "cm", "mm", "ml", "oz", "kg", "g", "inch", "in", "ct")


class SlotReader:
    """Collects the slots of one message."""

    def __init__(self, evidence: Evidence, intent: Intent, original: str) -> None:
        self._evidence = evidence
        self._intent = intent
        self._original = original
        self._items: list[str] = []
        self._used: set[int] = {at for hit in evidence.own for at in range(hit.start, hit.end)}
        self._sizes: dict[int, str] = {}  # by the place of the token
        self.quantity: int | None = None
        self.size: str | None = None
        self.price: float | None = None
        self.currency: str | None = None

    def read(self) -> tuple[Slots, tuple[Slots, ...]]:
        """Return the slots of the first claim, and those of all claims when there are several."""
        self._read_plus()
        self._read_sizes()
        self._read_money()
        self._read_counts()
        self._read_numbers()
        item_words = None if self._items else self._title_span()
        items = _unique(self._items)
        first = self._one(items[0] if items else item_words)
        if len(items) < 2:
            return first, ()
        sizes = self._sizes_of(items)
        return first, tuple(
            self._one(item, size) for item, size in zip(items[:MAX_CLAIMS], sizes, strict=False)
        )

    def _sizes_of(self, items: list[str]) -> list[str | None]:
        """Return each item's size: one said after it, else the only one that was said."""
        texts = [token.text.lstrip("#") for token in self._evidence.tokens]
        places = [texts.index(item) if item in texts else -1 for item in items]
        only = self.size if len(self._sizes) < 2 else None
        found: list[str | None] = []
        for place, end in zip(places, [*places[1:], len(texts)], strict=True):
            own = [size for at, size in self._sizes.items() if place < at < end]
            found.append(own[0] if own and place >= 0 else only)
        return found

    def _one(self, item: str | None, size: str | None = None) -> Slots:
        color = self._color()
        size = size or self.size
        return Slots(
            item=self._as_written(item) if item else None,
            quantity=self.quantity,
            size=self._as_written(size) if size else None,
            color=self._as_written(color) if color else None,
            price=self.price,
            currency=self.currency,
        )

    def _read_plus(self) -> None:
        tokens = self._evidence.tokens
        for at, token in enumerate(tokens):
            if token.text != "+" or at + 1 >= len(tokens):
                continue
            following = tokens[at + 1]
            if following.kind is Kind.NUMBER and following.value is not None:
                self.quantity = self.quantity or _quantity(following.value)
                self._used.add(at + 1)

    def _read_sizes(self) -> None:
        tokens = self._evidence.tokens
        for at in range(len(tokens)):
            if at in self._used:
                continue
            before = tokens[at - 1].text if at else ""
            after = tokens[at + 1].text if at + 1 < len(tokens) else ""
            if self._names_size(at, before, after):
                self._set_size(at)

    def _names_size(self, at: int, before: str, after: str) -> bool:
        token = self._evidence.tokens[at]
        if token.kind is Kind.NUMBER:
            return before in _SIZE_LABELS or after in _AFTER_SIZE
        if token.text in SIZES:
            return self._is_size(at)
        return token.kind is Kind.CODE and (before in _SIZE_LABELS or _is_measure(token.text))

    def _is_size(self, at: int) -> bool:
        text = self._evidence.tokens[at].text
        return len(text) > 1 or at > 0 or len(self._evidence.tokens) == 1

    def _set_size(self, at: int) -> None:
        self._sizes[at] = self._evidence.tokens[at].text
        if self.size is None:
            self.size = self._sizes[at]
            self._used.add(at)

    def _read_money(self) -> None:
        for at, token in enumerate(self._evidence.tokens):
            if token.kind is Kind.MONEY and self.price is None:
                self.price = token.value
                self.currency = currency_of(token.currency, self._evidence.scene.lot)
                self._used.add(at)

    def _read_counts(self) -> None:
        for at, token in enumerate(self._evidence.tokens):
            if self.quantity is None and token.kind is Kind.COUNT and token.value is not None:
                self.quantity = _quantity(token.value)
                self._used.add(at)
            elif self.quantity is None and token.text in COUNT_WORDS:
                self.quantity = COUNT_WORDS[token.text]

    def _read_numbers(self) -> None:
        tokens = self._evidence.tokens
        for at, token in enumerate(tokens):
            if at in self._used or token.kind not in (Kind.NUMBER, Kind.CODE):
                continue
            last = self._range_end(at)
            if last is not None:
                self._add_range(at, last)
            elif token.kind is Kind.CODE:
                self._items.append(token.text.lstrip("#"))
            else:
                self._place_number(token, tokens[at - 1].text if at else "")

    def _range_end(self, at: int) -> int | None:
        tokens = self._evidence.tokens
        if at + 2 < len(tokens) and tokens[at + 1].text in ("-", "–", "—", "to", "thru"):
            end = tokens[at + 2]
            if end.kind is Kind.NUMBER and tokens[at].kind is Kind.NUMBER:
                return at + 2
        return None

    def _add_range(self, at: int, last: int) -> None:
        tokens = self._evidence.tokens
        low, high = int(tokens[at].value or 0), int(tokens[last].value or 0)
        self._used.add(last)
        if self._intent is Intent.CLAIM and 0 < high - low < MAX_CLAIMS:
            self._items += [str(number) for number in range(low, high + 1)]

    def _place_number(self, token: Token, before: str) -> None:
        scene, value = self._evidence.scene, token.value
        means = scene.rules.number_is
        if scene.knows_code(token.text) or (means == "item" and self._intent is Intent.CLAIM):
            self._items.append(token.text)
        elif self._intent is Intent.BID or means == "price":
            self.price = self.price if self.price is not None else value
        elif means == "size" or (token.text in scene.words and scene.code != token.text):
            self.size = self.size or token.text
        elif means == "quantity":
            self.quantity = self.quantity or _quantity(value)
        elif self._intent in (Intent.CLAIM, Intent.BACKUP, Intent.RETRACTION):
            self._claimed_number(token, before)

    def _claimed_number(self, token: Token, before: str) -> None:
        scene, value = self._evidence.scene, token.value
        if self._items and scene.rules.number_is is None and value is not None and value < 10:
            self.quantity = self.quantity or _quantity(value)
        elif value == scene.price and scene.mode is not SaleMode.AUCTION:
            self.price = value
        elif before in _QUANTIFIERS or self._is_small_of_stock(token):
            self.quantity = self.quantity or _quantity(value)
        else:
            self._items.append(token.text)

    def _is_small_of_stock(self, token: Token) -> bool:
        """A small number where lots have no numeric codes counts pieces."""
        scene, value = self._evidence.scene, token.value
        numeric = scene.code is not None and scene.code.isdecimal()
        return value is not None and value <= 10 and not numeric and scene.lot is not None

    def _title_span(self) -> str | None:
        """Return the longest run of words that the lot's title holds too."""
        words = self._evidence.scene.words
        best: list[str] = []
        run: list[str] = []
        colors = _colored(self._evidence)
        for at, token in enumerate(self._evidence.tokens):
            known = token.kind is Kind.WORD and token.text in words and len(token.text) > 2
            if known and token.text not in SIZES and at not in colors:
                run.append(token.text)
                best = run if len(run) > len(best) else best
            else:
                run = []
        return " ".join(best) or None

    def _color(self) -> str | None:
        for hit in self._evidence.covering:
            if hit.label == "color":
                return " ".join(t.text for t in self._evidence.tokens[hit.start : hit.end])
        return None

    def _as_written(self, normal: str) -> str:
        """Return the text as its author spelled it; the normal spelling where it was folded."""
        folded = self._original.casefold()
        if len(folded) != len(self._original):
            return normal
        at = folded.find(normal)
        while at >= 0:
            end = at + len(normal)
            if not (folded[max(0, at - 1) : at].isalnum() or folded[end : end + 1].isalnum()):
                return self._original[at:end]
            at = folded.find(normal, at + 1)
        return normal


_QUANTIFIERS = frozenset({
    "for", "take", "get", "want", "need", "qty", "quantity", "x", "grab", "have", "all", "do",
})  # fmt: skip


def _colored(evidence: Evidence) -> set[int]:
    return {
        at for hit in evidence.covering if hit.label == "color" for at in range(hit.start, hit.end)
    }


def _quantity(value: float | None) -> int | None:
    if value is None or value != int(value) or not 1 <= value <= MAX_QUANTITY:
        return None
    return int(value)


def _is_measure(text: str) -> bool:
    return text[0].isdecimal() and any(
        text.endswith(unit) and text.removesuffix(unit).replace(".", "").isdecimal()
        for unit in _SIZE_UNITS
    )


def _unique(items: list[str]) -> list[str]:
    return list(dict.fromkeys(items))


def read_slots(evidence: Evidence, intent: Intent, text: str) -> tuple[Slots, tuple[Slots, ...]]:
    """Return the slots of the first claim, and those of all claims when there are several.

    Args:
        evidence: the message, read.
        intent: what its author does with it, whichever classifier says so.
        text: the message as it was sent, so that slots stand as they were written.
    """
    if intent in _SLOTLESS:
        return _NONE, ()
    return SlotReader(evidence, intent, text).read()


_NONE = Slots()
_SLOTLESS = frozenset({Intent.CHATTER, Intent.SPAM, Intent.SELLER})

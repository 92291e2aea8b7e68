"""Reads item, quantity, size, colour, price and currency out of a message."""

from __future__ import annotations

from dealflow.intents.counts import COUNT_WORDS, is_counted, said_count, whole_count
from dealflow.intents.evidence import MEASURES, SIZES, Evidence
from dealflow.intents.numbers import amount as number_of
from dealflow.intents.offers import AT_PRICE, in_full, is_near, is_rate, offered
from dealflow.intents.scene import currency_of
from dealflow.intents.spoken import Amount, amounts_of, with_part
from dealflow.intents.tokens import Kind, Token
from dealflow.model.intent import Intent, Slots
from dealflow.model.show import SaleMode

MAX_CLAIMS = 50
"""Claims that one message may make; more is a flood."""

SMALL = 20
"""A number up to this counts pieces where nothing says that it is a code."""

_SIZE_LABELS = frozenset({
    "size", "sz", "talla", "taille", "grosse", "groesse", "taglia", "tamanho", "ukuran",
    "rozmiar", "beden", "numara", "us", "uk", "eu", "pointure", "misura", "saiz", "tam", "مقاس",
    "ไซส์", "nummer", "maat",
})  # fmt: skip
_AFTER_SIZE = frozenset({"us", "uk", "eu", "w", "wide"})
_SIZE_UNITS = ("us", "uk", "eu", "cm", "mm", "ml", "oz", "kg", "g", "inch", "in", "ct")
_SIZED = frozenset({
    "size", "sizes", "sz", "talla", "tallas", "taglia", "taglie", "taille", "grosse", "ukuran",
    "saiz", "us", "uk", "eu", "rozmiar", "numara", "beden", "maat", "tamanho",
})  # fmt: skip
"""Words of a title that make the numbers in it sizes."""

_POINTING = frozenset({
    "the", "that", "this", "those", "these", "el", "la", "los", "las", "le", "les", "die", "das",
    "den", "der", "il", "lo", "gli", "o", "os", "as", "yung", "ang", "ung", "het", "de", "ten",
    "ta", "ini", "itu", "for",
})  # fmt: skip
_TAKING = frozenset({Intent.CLAIM, Intent.BACKUP, Intent.RETRACTION, Intent.CHECKOUT})
_QUANTIFIERS = frozenset({
    "take", "get", "want", "need", "qty", "quantity", "x", "grab", "have", "all", "do",
    "pesan", "order", "beli", "nak", "mau", "buy", "added", "add", "give", "gimme", "me", "lay",
    "mua", "ambil",
})  # fmt: skip


class SlotReader:
    """Collects the slots of one message."""

    def __init__(self, evidence: Evidence, intent: Intent, original: str) -> None:
        self._evidence = evidence
        self._tokens = evidence.tokens
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
        numeric = [at for at, token in enumerate(self._tokens) if token.kind in _NUMERIC]
        if numeric:
            self._read_plus()
        self._read_sizes()
        if numeric or self._evidence.scene.code:
            self._read_codes()
        if self._intent is Intent.BID:
            self._read_bid()
        elif numeric:
            self._read_money()
            self._read_numbers()
        if self.quantity is None and self._intent is not Intent.BID:
            self._read_count()
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
        texts = [token.text.lstrip("#") for token in self._tokens]
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

    def _text(self, at: int) -> str:
        """Return the token at a place, or nothing beyond either end."""
        return self._tokens[at].text if 0 <= at < len(self._tokens) else ""

    def _read_plus(self) -> None:
        """Read "+2": a code's pieces, or pieces of the lot; "+1" by itself says nothing more."""
        tokens = self._tokens
        for at, token in enumerate(tokens[:-1]):
            following = tokens[at + 1]
            if token.text == "+" and following.kind is Kind.NUMBER:
                self._used.add(at + 1)
                self.quantity = self.quantity or whole_count(following.value)

    def _read_sizes(self) -> None:
        used = self._used
        for at, token in enumerate(self._tokens):
            sized = token.text in SIZES or token.kind in _SIZABLE
            if sized and at not in used and self._names_size(at, token):
                self._set_size(at)

    def _names_size(self, at: int, token: Token) -> bool:
        before, after = self._text(at - 1), self._text(at + 1)
        if token.kind is Kind.NUMBER:
            return before in _SIZE_LABELS or after in _AFTER_SIZE - {"w"} or self._is_listed(token)
        if token.text in SIZES:
            return self._is_size(at)
        return token.kind is Kind.CODE and (before in _SIZE_LABELS or _is_measure(token.text))

    def _is_listed(self, token: Token) -> bool:
        """Say whether a number is one of the sizes that the lot's title lists."""
        words = self._evidence.scene.words
        if token.text not in words or self._evidence.scene.code == token.text:
            return False
        return bool(words & _SIZED) or self._evidence.scene.rules.number_is == "size"

    def _is_size(self, at: int) -> bool:
        """Say whether a word of sizes is one here: a lone letter may be part of a name."""
        text = self._text(at)
        if len(text) > 1:
            return True
        if self._text(at - 1) in ("&", ".", "-", "/") or self._text(at + 1) in ("&", "."):
            return False
        words = self._evidence.scene.words
        listed = text in words or bool(words & _SIZED)
        shouted = text.upper() in self._original
        return listed or at == 0 or (shouted and at > 0)

    def _set_size(self, at: int) -> None:
        self._sizes[at] = self._text(at)
        self._used.add(at)
        if self.size is None:
            self.size = self._sizes[at]

    def _read_codes(self) -> None:
        """Read codes in letters and digits, codes of this show first, and ranges."""
        scene = self._evidence.scene
        for at, token in enumerate(self._tokens):
            if token.kind not in _CODES or at in self._used:
                continue
            if token.kind is Kind.CODE:
                self._read_code(at, token)
            elif token.kind is Kind.NUMBER and self._range_end(at) is not None:
                self._add_range(at, at + 2)
            elif token.kind is Kind.NUMBER and self._is_glued_code(at):
                self._items.append(self._text(at - 1) + token.text)
                self._used |= {at - 1, at}
            elif token.text == scene.code and token.kind is Kind.WORD and self._is_shouted(token):
                self._items.append(token.text)
                self._used.add(at)

    def _read_code(self, at: int, token: Token) -> None:
        plain = token.text.lstrip("#")
        self._used.add(at)
        if plain.endswith(_ORDINALS) and plain[:-2].isdecimal():
            return
        if (
            plain[:-1].isdecimal()
            and plain[-1] == "s"
            and not self._evidence.scene.knows_code(plain)
        ):
            plain = plain[:-1]  # "19's open"
        if self._read_lettered_price(plain):
            return
        if self._intent in _TAKING or self._evidence.scene.knows_code(plain):
            self._items.append(plain)

    def _read_lettered_price(self, code: str) -> bool:
        """Read "P450" or "R350" as money, where the lot is sold in pesos or in rand."""
        lot = self._evidence.scene.lot
        currency = _LETTERS.get(code[0])
        value = number_of(code[1:])
        if lot is None or currency is None or lot.currency != currency or value is None:
            return False
        scene = self._evidence.scene
        if scene.knows_code(code) or not is_near(scene, value):
            return False
        self.price, self.currency = value, currency
        return True

    def _is_glued_code(self, at: int) -> bool:
        """Say whether a claim word of one letter before a number is the letter of a code."""
        before = self._text(at - 1)
        return len(before) == 1 and self._evidence.scene.knows_code(before + self._text(at))

    def _is_shouted(self, token: Token) -> bool:
        return token.text.upper() in self._original or len(self._tokens) == 1

    def _range_end(self, at: int) -> int | None:
        tokens = self._tokens
        if at + 2 < len(tokens) and tokens[at + 1].text in ("-", "–", "—", "to", "thru", "through"):
            end = tokens[at + 2]
            if end.kind is Kind.NUMBER and tokens[at].text in self._original:
                return at + 2
        return None

    def _add_range(self, at: int, last: int) -> None:
        low, high = int(self._tokens[at].value or 0), int(self._tokens[last].value or 0)
        if self._intent is Intent.CLAIM and 0 < high - low < MAX_CLAIMS:
            self._used |= {at, last}
            self._items += [str(number) for number in range(low, high + 1)]

    def _read_money(self) -> None:
        for at, token in enumerate(self._tokens):
            if token.kind is Kind.MONEY and self.price is None:
                self._set_price(token.value, token)
                self._used.add(at)

    def _set_price(self, value: float | None, token: Token | None) -> None:
        self.price = value
        if token is not None:
            self.currency = currency_of(token.currency, self._evidence.scene.lot)

    def _read_bid(self) -> None:
        """Read the price that a bidder names, and how many it is for."""
        amounts = [
            with_part(found, self._tokens)
            for found in amounts_of(self._tokens, self._original)
            if found.start not in self._used and not self._is_measured(found)
        ]
        offer = offered(self._tokens, self._evidence.scene, amounts)
        if offer is None or self.price is not None:
            return
        self._used.update(range(offer.start, offer.end))
        token = self._tokens[offer.end - 1] if offer.money else None
        self._set_price(in_full(self._evidence.scene, offer.value), token)
        before = [one for one in amounts if one.end <= offer.start][-1:]
        after = [one for one in amounts if one.start >= offer.end][:1]
        for neighbour in (*before, *after):
            if is_rate(self._tokens, neighbour, offer):
                self._add_wanted(neighbour)

    def _add_wanted(self, amount: Amount) -> None:
        """Take a number before a price: the lot's code, or how many of it."""
        text = self._text(amount.start)
        if self._evidence.scene.knows_code(text):
            self._items.append(text)
        else:
            self.quantity = self.quantity or whole_count(amount.value)

    def _is_measured(self, amount: Amount) -> bool:
        """Say whether the number measures time, size or age, or names a lot."""
        if amount.money:
            return False
        before, after = self._text(amount.start - 1), self._text(amount.end)
        return after in MEASURES or before in _NOT_PRICES

    def _read_numbers(self) -> None:
        for amount in amounts_of(self._tokens, self._original):
            if amount.start in self._used or amount.money:
                continue
            token = self._tokens[amount.start]
            if token.kind is Kind.WORD and amount.end - amount.start == 1:
                continue  # a number word by itself counts pieces
            self._used.update(range(amount.start, amount.end))
            self._place(amount, token)

    def _place(self, amount: Amount, token: Token) -> None:
        scene, value = self._evidence.scene, amount.value
        text = token.text if amount.end - amount.start == 1 else f"{value:g}"
        means = scene.rules.number_is
        labelled = self._text(amount.start - 1) in _ITEM_LABELS and self._intent in _TAKING
        if labelled or scene.knows_code(text) or (means == "item" and self._intent in _TAKING):
            self._items.append(text)
        elif means == "price":
            self.price = self.price if self.price is not None else value
        elif means == "size":
            self.size = self.size or text
        elif means == "quantity":
            self.quantity = self.quantity or whole_count(value)
        elif self._intent in _TAKING:
            self._claimed(amount, text)

    def _claimed(self, amount: Amount, text: str) -> None:
        """Place a number that no rule and no code explains."""
        scene, value = self._evidence.scene, amount.value
        before = self._text(amount.start - 1)
        if self._is_measured(amount):
            return
        if self._counts(amount):
            self.quantity = self.quantity or whole_count(value)
        elif scene.price is not None and value == scene.price and scene.mode is not None:
            self.price = value if self.price is None else self.price
        elif scene.mode is SaleMode.AUCTION and scene.lot is not None:
            if is_near(scene, value) and self.price is None:
                self.price = value
        elif before in AT_PRICE and is_near(scene, value) and scene.price is not None:
            self.price = value if self.price is None else self.price
        elif self._is_small(value):
            self.quantity = self.quantity or whole_count(value)
        elif not amount.spoken or scene.lot is None or scene.like_code(text):
            self._items.append(text)

    def _counts(self, amount: Amount) -> bool:
        """Say whether words around a number make it a count of pieces."""
        if whole_count(amount.value) is None or self._text(amount.start - 1) in ("#", "lot", "no"):
            return False
        if is_counted(self._tokens, amount.end - 1):
            return True
        if self._items and self._evidence.scene.rules.number_is is None and amount.value < 10:
            return True
        return self._text(amount.start - 1) in _QUANTIFIERS and amount.value <= SMALL

    def _is_small(self, value: float) -> bool:
        """Say whether a number counts pieces because lots have no numeric codes here."""
        scene = self._evidence.scene
        numeric = scene.code is not None and scene.code.isdecimal()
        numeric = numeric and scene.mode is not SaleMode.FIXED
        return value <= SMALL and not numeric and scene.lot is not None

    def _read_count(self) -> None:
        found = said_count(self._tokens, lone=self._intent is not Intent.CHECKOUT)
        if found is not None and found[1] not in self._used:
            self.quantity = found[0]

    def _title_span(self) -> str | None:
        """Return the longest run of words that the lot's title holds too, where it names the lot.

        A word of the title by itself mostly only plays with it; one that is pointed at ("the
        cuff"), or with which little else is said, names what is wanted.
        """
        words = self._evidence.scene.words
        if not words:
            return None
        best: list[int] = []
        run: list[int] = []
        colors = _colored(self._evidence)
        for at, token in enumerate(self._tokens):
            text = token.text
            known = len(text) > 2 and token.kind is Kind.WORD and _is_in(text, words)
            if known and text not in SIZES and at not in colors:
                run.append(at)
                best = list(run) if len(run) > len(best) else best
            else:
                run = []
        if not best or not self._names_lot(best):
            return None
        names = [self._text(at) for at in best]
        if names[-1] not in words and f"{names[-1][:-1]}'s" in self._original.casefold():
            names[-1] = names[-1][:-1]
        return " ".join(names)

    def _names_lot(self, run: list[int]) -> bool:
        before = self._text(run[0] - 1)
        if before in _POINTING:
            return True
        counted = before in COUNT_WORDS or before.isdecimal()
        if self._intent is Intent.BID:
            return False
        short = len(run) > 1 or len(self._tokens) <= 4
        return counted or short or self._intent is Intent.CHECKOUT

    def _color(self) -> str | None:
        for hit in self._evidence.covering:
            if hit.label == "color" and self._text(hit.end) not in _COLORED_THINGS:
                texts = [self._text(at) for at in range(hit.start, hit.end)]
                if texts[0] in _NO_COLORS:
                    continue
                glued = all(len(text) == 1 and ord(text) > 0xE00 for text in texts)
                return ("" if glued else " ").join(texts)
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


_NUMERIC = frozenset({Kind.NUMBER, Kind.MONEY, Kind.CODE, Kind.COUNT})
_SIZABLE = frozenset({Kind.NUMBER, Kind.CODE})
_CODES = frozenset({Kind.NUMBER, Kind.CODE, Kind.WORD})
_LETTERS = {"p": "PHP", "r": "ZAR"}
"""Letters that stand before an amount where prices are in that currency."""

_ITEM_LABELS = frozenset({
    "#", "slot", "slots", "hook", "hooks", "spot", "number", "lot", "item", "no", "nr", "nummer",
    "etalase", "kode", "code", "nomor", "numero", "artikel", "row", "num",
})  # fmt: skip
_ORDINALS = ("st", "nd", "rd", "th")
_COLORED_THINGS = frozenset({"basket", "cart", "button", "heart", "hearts", "keranjang", "beg"})
"""What stands on every buyer's screen in some colour, and is not for sale."""

_NO_COLORS = frozenset({"den", "tim"})
"""Colours without their accents that are everyday words elsewhere."""

_NOT_PRICES = frozenset(
    {"lot", "item", "number", "#", "no", "page", "row", "level", "since", "age"}
)


def _is_in(word: str, words: frozenset[str]) -> bool:
    """Say whether a title holds the word, in the singular or the plural."""
    return word in words or word + "s" in words or (word[-1] == "s" and word[:-1] in words)


def _colored(evidence: Evidence) -> set[int]:
    return {
        at for hit in evidence.covering if hit.label == "color" for at in range(hit.start, hit.end)
    }


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

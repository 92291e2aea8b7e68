"""Reads item, quantity, size, colour, price and currency out of a message."""

from __future__ import annotations

import re

from dealflow.intents.evidence import Evidence
from dealflow.intents.numbers import amount as number_of
from dealflow.intents.scene import MAX_TITLE, currency_of
from dealflow.intents.slots.colors import said_color
from dealflow.intents.slots.counts import has_counter, is_counted, said_count, whole_count
from dealflow.intents.slots.naming import is_titled, named_lot, numbers_offered
from dealflow.intents.slots.offers import (
    AT_PRICE,
    haggled,
    in_full,
    is_agreed,
    is_measured,
    is_near,
    is_rate,
    money_of,
    named,
    offered,
    priced,
)
from dealflow.intents.slots.sizes import SIZED, is_shouted, sizes_in, whole_size
from dealflow.intents.slots.spoken import Amount, amounts_of
from dealflow.intents.slots.written import as_written
from dealflow.intents.tokens import Kind, Token, is_unspaced
from dealflow.model.intent import Intent, Slots
from dealflow.model.show import SaleMode

MAX_CLAIMS = 50
"""Claims that one message may make; more is a flood."""

SMALL = 20
"""A number up to this counts pieces where nothing says that it is a code."""

_TAKES_BEFORE = (
    "เอา",
    "รับ",
    "จอง",
    "สั่ง",
    "ขอ",
    "要",
    "买",
    "買",
    "来",
    "來",
    "拍",
    "加",
    "ください",
    "주문",
)
_WORD_LIKE = re.compile(r"^\d+[a-z]{2,}$|^[a-z]+\d+(?!s$)[a-z]+$")
_SAID_IN_DIGITS = frozenset({"b4", "m8", "w8", "gr8"})  # "before", "mate", "wait", "great"
_TAKING = frozenset({Intent.CLAIM, Intent.BACKUP, Intent.RETRACTION, Intent.CHECKOUT})
_PAYING = frozenset({Intent.CLAIM, Intent.CHECKOUT})
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
        self._item_end = 0  # behind the last number that was claimed as an item
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
        elif self._intent.is_buyer:
            self._read_said()
        if numeric and self._intent is not Intent.BID:
            self._read_money()
            self._read_numbers()
        if self.quantity is None:
            self._read_count()
        item_words = (
            None if self._items else named_lot(self._evidence, self._intent, self._original)
        )
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
        size = size or self.size
        return Slots(
            item=as_written(self._original, item) if item else None,
            quantity=self.quantity,
            size=as_written(self._original, size) if size else None,
            color=said_color(self._evidence, self._original),
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
        behind = 0
        for at in sizes_in(self._evidence, self._original, self._used):
            if at < behind:
                continue  # a part of the one before
            self._sizes[at], behind = whole_size(self._evidence, self._original, at)
            self._used.update(range(at, behind))
            self.size = self.size or self._sizes[at]

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
            elif (
                token.text == scene.code
                and token.kind is Kind.WORD
                and is_shouted(token, self._evidence, self._original)
            ):
                self._items.append(token.text)
                self._used.add(at)

    def _read_code(self, at: int, token: Token) -> None:
        plain = token.text.lstrip("#")
        self._used.add(at)
        if plain.endswith(_ORDINALS) and plain[:-2].isdecimal():
            return
        if self._text(at - 1) in _SPARED:
            return
        if (
            plain[:-1].isdecimal()
            and plain[-1] == "s"
            and not self._evidence.scene.knows_code(plain)
        ):
            plain = plain[:-1]  # "19's open"
        if self._read_lettered_price(plain):
            return
        if self._evidence.scene.knows_code(plain) or (
            self._intent in _TAKING and not self._is_word(plain)
        ):
            self._items.append(plain)

    def _is_word(self, code: str) -> bool:
        """Say whether digits stand for letters or bear an ending ("3amo", "16gb", "b4")."""
        if self._evidence.scene.like_code(code):
            return False
        return code in _SAID_IN_DIGITS or _WORD_LIKE.search(code) is not None

    def _read_lettered_price(self, code: str) -> bool:
        """Read "P450", "R350" or "25e" as money, where the lot is sold in that currency."""
        lot = self._evidence.scene.lot
        if lot is None or lot.currency not in _LETTERS:
            return False
        before, after = _LETTERS[lot.currency]
        digits = code.removeprefix(before) if before else code.removesuffix(after)
        value = number_of(digits) if digits != code else None
        if value is None or self._evidence.scene.knows_code(code):
            return False
        if not is_near(self._evidence.scene, value):
            return False
        self.price, self.currency = value, lot.currency
        return True

    def _is_glued_code(self, at: int) -> bool:
        """Say whether a claim word of one letter before a number is the letter of a code."""
        before = self._text(at - 1)
        return len(before) == 1 and self._evidence.scene.knows_code(before + self._text(at))

    def _range_end(self, at: int) -> int | None:
        tokens = self._tokens
        if at + 2 < len(tokens) and tokens[at + 1].text in ("-", "–", "—", "to", "thru", "through"):
            end = tokens[at + 2]
            chained = self._text(at - 1) == "-" or self._text(at + 3) == "-"  # "2-4-6-8"
            if end.kind is Kind.NUMBER and tokens[at].text in self._original and not chained:
                return at + 2
        return None

    def _add_range(self, at: int, last: int) -> None:
        low, high = int(self._tokens[at].value or 0), int(self._tokens[last].value or 0)
        if self._intent is Intent.CLAIM and 0 < high - low < MAX_CLAIMS:
            self._used |= {at, last}
            self._items += [str(number) for number in range(low, high + 1)]

    def _read_said(self) -> None:
        """Read a price in words, which a buyer rarely names and a code never is."""
        said = priced(self._evidence, self._original)
        if said is not None and self.price is None and said.start not in self._used:
            self._used.update(range(said.start, said.end))
            self._set_price(said.value, money_of(self._tokens, said))

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
        scene = self._evidence.scene
        amounts = [
            found
            for found in named(self._evidence, self._original)
            if found.start not in self._used
        ]
        offer = offered(self._tokens, scene, amounts)
        if offer is None or self.price is not None:
            return
        self._used.update(range(offer.start, offer.end))
        self._set_price(in_full(scene, offer.value), money_of(self._tokens, offer))
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
        before = self._text(amount.start - 1)
        if before in _SPARED:
            return
        takes = self._intent in _TAKING
        if self._is_agreed(amount, text):
            self.price = value
            return
        by_rule = (
            means == "item"
            and not has_counter(self._tokens, amount.end - 1)
            and not self._is_price_here(value, text)
        )
        named = before in _ITEM_LABELS or by_rule or self._is_in_list(amount, text)
        if scene.knows_code(text) or (takes and named):
            self._items.append(text)
            self._item_end = amount.end
        elif means == "price":
            self.price = self.price if self.price is not None else value
        elif means == "size":
            self.size = self.size or text
        elif means == "quantity":
            self.quantity = self.quantity or whole_count(value)
        elif self._intent in _TAKING:
            self._claimed(amount, text)

    def _is_price_here(self, value: float, text: str) -> bool:
        """Say whether a number, not alone, is the price of a lot whose code is another one."""
        scene = self._evidence.scene
        other = scene.code is not None and text != scene.code
        return other and value == scene.price and self._evidence.words > 1

    def _is_in_list(self, amount: Amount, text: str) -> bool:
        """Say whether a number is one of several that are claimed together, or that are offered.

        "17 and 19", "slots 2, 5, 9" and a number that the lot's title counts up ("hooks 9-14").
        """
        if self._evidence.scene.mode is not SaleMode.CLAIM or amount.spoken:
            return False
        if self._item_end and self._only_joins(self._item_end, amount.start):
            return True
        following = amount.end + 1
        if self._only_joins(amount.end, following) and following < len(self._tokens):
            after = self._tokens[following]
            if after.kind is Kind.NUMBER and not is_counted(self._tokens, following):
                return self._evidence.scene.lot is None or self._evidence.scene.code is None
        lot = self._evidence.scene.lot
        if self._evidence.scene.words & SIZED:
            return False
        return lot is not None and text in numbers_offered(lot.title[:MAX_TITLE])

    def _only_joins(self, start: int, end: int) -> bool:
        return end > start and all(self._text(at) in _JOINERS for at in range(start, end))

    def _claimed(self, amount: Amount, text: str) -> None:
        """Place a number that no rule and no code explains."""
        scene, value = self._evidence.scene, amount.value
        before = self._text(amount.start - 1)
        if is_measured(self._tokens, amount):
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

    def _is_agreed(self, amount: Amount, text: str) -> bool:
        """Say whether a number is what a buyer and the seller agreed on: "55 fine", of 60.

        Where a number may name a lot or count pieces, only after the buyer offered a price.
        """
        scene, value = self._evidence.scene, amount.value
        if self._intent not in _PAYING or self.price is not None or scene.price is None:
            return False
        if scene.mode is SaleMode.AUCTION or scene.rules.number_is not in (None, "item"):
            return False
        if not is_agreed(scene.price, value) or self._is_explained(amount, text):
            return False
        named = scene.mode is not SaleMode.FIXED or scene.rules.number_is == "item"
        if not named and not scene.like_code(text) and value > SMALL:
            return True
        return haggled(self._evidence.context.history, scene.price)

    def _is_explained(self, amount: Amount, text: str) -> bool:
        """Say whether a number is surely something else than a price."""
        scene = self._evidence.scene
        if scene.knows_code(text) or self._text(amount.start - 1) in _ITEM_LABELS:
            return True
        if is_measured(self._tokens, amount) or has_counter(self._tokens, amount.end - 1):
            return True
        numbers = [token.value for token in self._tokens if token.kind is Kind.NUMBER]
        if len({value for value in numbers if is_agreed(scene.price or 0, value or 0)}) > 1:
            return True  # which of two
        titled = scene.lot is not None and is_titled(scene.lot.title[:MAX_TITLE], amount.value)
        return titled and amount.value != scene.price

    def _counts(self, amount: Amount) -> bool:
        """Say whether words around a number make it a count of pieces."""
        if whole_count(amount.value) is None or self._text(amount.start - 1) in ("#", "lot", "no"):
            return False
        if is_counted(self._tokens, amount.end - 1):
            return True
        if self._items and self._evidence.scene.rules.number_is is None and amount.value < 10:
            return True
        before = self._text(amount.start - 1)
        if before and is_unspaced(before[0]) and amount.value <= SMALL:
            said = "".join(token.text for token in self._tokens[: amount.start])
            return said.endswith(_TAKES_BEFORE)
        return before in _QUANTIFIERS and amount.value <= SMALL

    def _is_small(self, value: float) -> bool:
        """Say whether a number counts pieces because lots have no numeric codes here."""
        scene = self._evidence.scene
        numeric = scene.code is not None and scene.code.isdecimal()
        numeric = numeric and scene.mode is not SaleMode.FIXED
        return value <= SMALL and not numeric and scene.lot is not None

    def _read_count(self) -> None:
        found = said_count(self._tokens, lone=self._intent is not Intent.CHECKOUT)
        if found is None or found[1] in self._used:
            return
        if self._intent is not Intent.BID or is_counted(self._tokens, found[1]):
            self.quantity = found[0]


_NUMERIC = frozenset({Kind.NUMBER, Kind.MONEY, Kind.CODE, Kind.COUNT})
_CODES = frozenset({Kind.NUMBER, Kind.CODE, Kind.WORD})
_LETTERS = {"PHP": ("p", ""), "ZAR": ("r", ""), "EUR": ("", "e")}
"""Letters glued to an amount where prices are in that currency: before it, or behind."""

_ITEM_LABELS = frozenset({
    "#", "slot", "slots", "hook", "hooks", "spot", "number", "lot", "item", "no", "nr", "nummer",
    "etalase", "kode", "code", "nomor", "numero", "artikel", "row", "num",
})  # fmt: skip
_ORDINALS = ("st", "nd", "rd", "th", "am", "pm")
_JOINERS = frozenset(
    {",", "-", "&", "and", "/", "y", "et", "und", "e", "dan", "at", "en", "i", "ve", "n"}
)
_SPARED = frozenset({"skip", "leave", "except", "without", "not", "minus", "besides"})
"""Words before a number that take it out of a list."""


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

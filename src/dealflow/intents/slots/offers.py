"""Which of the numbers in a bidder's message is the price that they name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from dealflow.intents.evidence import MEASURES, Evidence
from dealflow.intents.normalise import normalise
from dealflow.intents.numbers import WORDS, WRITTEN, amount
from dealflow.intents.scene import Scene
from dealflow.intents.slots.numerals import ENGLISH, all_amounts, said_in_words
from dealflow.intents.slots.spoken import FULL, NEAR, Amount, with_part
from dealflow.intents.slots.spoken import WORDS as SPOKEN
from dealflow.intents.tokens import Kind, Token
from dealflow.model.show import SaleMode

CHEAP, OPENING = 20.0, 60.0
"""A lot that starts below the first goes up by large steps: up to the second is near."""

DEAR = 10_000
"""From this price on people leave out thousands ("120" for 120,000), below it hundreds."""

CLIMBED = 20.0
"""Times the price on screen up to which a dear lot is bid up by numbers that leave zeros out."""

PRICED = 20
"""A number in words above it is a price where it is near the lot's; below it counts pieces."""

AGREED = (0.6, 1.0)
"""Parts of a lot's price for which it may be sold after haggling."""

HAGGLED = 3
"""Earlier messages of a buyer in which a price is looked for."""

SENTENCE = 4
"""Words from which a line with a number says more than which lot it means."""

_ASKS = re.compile("[?؟？$€£¥₱฿₫₩₹₺]")
_CLAIMS = frozenset({"mine", "sold", "claim", "claimed", "dibs", "take", "taking", "mio", "meins"})
_NOT_PRICES = frozenset(
    {"lot", "item", "number", "#", "no", "page", "row", "level", "since", "age"}
)

_LARGE = {
    "KRW": (10_000,), "JPY": (10_000,), "IDR": (1_000_000,), "VND": (100_000, 1_000_000),
    "COP": (1_000_000,),
}  # fmt: skip
"""What people count dear things in, by the currency: "2.5" for two and a half million."""

_DIGITS = {"zero": "0", "oh": "0", "o": "0"} | {
    word: str(value) for word, value in SPOKEN.items() if value < 10 and word != "fiver"
}
"""Digits as they are said one by one."""

AT_PRICE = frozenset({"for", "at", "@", "por", "fur", "pour", "per", "za", "met", "=", "a", "com"})
"""Words between how many are wanted and what is offered for them."""


def offered(tokens: Sequence[Token], scene: Scene, amounts: list[Amount]) -> Amount | None:
    """Return the amount that is the offer, or ``None`` when there is no number."""
    plain = [one for one in amounts if one.value >= 10 or not _is_lone(one)]
    offer = _rated(tokens, scene, amounts) or _best(scene, plain) or _best(scene, amounts)
    if offer is None:
        return None
    return _typed_apart(tokens, scene, amounts, offer) or _in_digits(tokens, scene, offer) or offer


def named(evidence: Evidence, written: str) -> list[Amount]:
    """Return the numbers that a bidder names, but for those that measure something or name a lot.

    Args:
        evidence: the message, read.
        written: its text as it was sent.
    """
    scene, tokens = evidence.scene, evidence.tokens
    currency = scene.lot.currency if scene.lot is not None else None
    said = all_amounts(tokens, written, evidence.languages, currency=currency, price=scene.price)
    return [with_part(one, tokens) for one in said if not is_measured(tokens, one)]


def is_measured(tokens: Sequence[Token], amount: Amount) -> bool:
    """Say whether the number measures time, size or age, or names a lot."""
    if amount.money:
        return False
    before = tokens[amount.start - 1].text if amount.start else ""
    after = tokens[amount.end].text if amount.end < len(tokens) else ""
    return after in MEASURES or before in _NOT_PRICES


def priced(evidence: Evidence, written: str) -> Amount | None:
    """Return the price that a buyer says in words, with a word of money or near the lot's."""
    scene, tokens = evidence.scene, evidence.tokens
    if evidence.languages == ENGLISH:
        return None  # whose words for numbers are tokens of their own
    for one in said_in_words(tokens, evidence.languages, written, price=scene.price):
        if one.money or (one.value > PRICED and _is_named(tokens, scene, one)):
            return one
    return None


def _is_named(tokens: Sequence[Token], scene: Scene, one: Amount) -> bool:
    """Say whether a number is the lot's price, or is near it behind a "for"."""
    before = tokens[one.start - 1].text if one.start else ""
    if scene.price is None or not is_near(scene, one.value):
        return False
    return one.value == scene.price or before in AT_PRICE


def money_of(tokens: Sequence[Token], offer: Amount) -> Token | None:
    """Return the word of money in an offer, with its currency."""
    for token in reversed(tokens[offer.start : offer.end] if offer.money else ()):
        if token.kind is Kind.MONEY:
            return token
        if token.text in WORDS:
            return Token(token.text, token.kind, token.value, WORDS[token.text])
    return None


def is_near(scene: Scene, value: float) -> bool:
    """Say whether somebody names such a number for the lot; anything, where no price is known."""
    price = scene.price
    if price is None or price <= 0:
        return value > 0
    low, high = NEAR[0] * price, NEAR[1] * price
    if scene.mode is SaleMode.AUCTION and price < CHEAP:
        high = max(high, OPENING)
    return low <= value <= high


def is_agreed(price: float, value: float) -> bool:
    """Say whether a buyer may have got a lot for such a number."""
    return value > 0 and AGREED[0] * price <= value <= AGREED[1] * price


def haggled(history: Sequence[str], price: float) -> bool:
    """Say whether somebody lately offered a price for a lot of this price.

    An earlier claim by number ("sold 43") is no offer.
    """
    for said in history[-HAGGLED:]:
        if not _is_offer(said):
            continue
        for found in WRITTEN.findall(normalise(said)):
            value = amount(found)
            if value is not None and is_agreed(price, value):
                return True
    return False


def _is_offer(said: str) -> bool:
    """Say whether a line asks, names money, or at least is a sentence that claims nothing."""
    if _ASKS.search(said):
        return True
    words = normalise(said).split()
    return len(words) >= SENTENCE and not _CLAIMS.intersection(words)


def in_full(scene: Scene, value: float) -> float:
    """Return an offer in full: "120" for a lot of 139,000, "7 flat" for one of 690."""
    price = scene.price
    if price is None or price <= 0 or is_near(scene, value):
        return value
    factors = [1_000 if price >= DEAR else 100]
    if scene.lot is not None and price >= DEAR:
        factors += _LARGE.get(scene.lot.currency or "", ())
    high = CLIMBED if scene.mode is SaleMode.AUCTION and price >= DEAR else FULL[1]
    for factor in factors:
        if FULL[0] <= value * factor / price <= high:
            return value * factor
    return value


def is_rate(tokens: Sequence[Token], one: Amount, other: Amount) -> bool:
    """Say whether two numbers are pieces and a price: "2 for 40", "3 bars at 25"."""
    first, second = sorted((one, other), key=lambda amount: amount.start)
    between = [token.text for token in tokens[first.end : second.start]]
    return 0 < len(between) <= 3 and any(word in AT_PRICE for word in between)


def _is_lone(amount: Amount) -> bool:
    return amount.spoken and amount.end - amount.start == 1 and not amount.money


def _best(scene: Scene, amounts: list[Amount]) -> Amount | None:
    """Return the last number near the price, in an auction the highest; else the first."""
    if not amounts:
        return None
    money = [one for one in amounts if one.money] or amounts
    near = [one for one in money if is_near(scene, one.value)]
    if not near:
        return money[0]
    if scene.mode is SaleMode.AUCTION:
        return max(near, key=lambda one: one.value)  # nobody bids less than was bid
    return near[-1]


def _rated(tokens: Sequence[Token], scene: Scene, amounts: list[Amount]) -> Amount | None:
    """Return the price of "3 bars for 25": the larger of the two, but for a code before it."""
    for first, second in pairwise(amounts):
        if first.money or second.money or not is_rate(tokens, first, second):
            continue
        if scene.knows_code(tokens[first.start].text):
            return second
        return max(first, second, key=lambda one: one.value)
    return None


def _in_digits(tokens: Sequence[Token], scene: Scene, offer: Amount) -> Amount | None:
    """Return a price that is said digit by digit: "one three oh", "1-7-5"."""
    if offer.money or len(tokens[offer.start].text) > 5:
        return None
    digits, end = "", offer.start
    while end < len(tokens) and len(digits) < 5:
        text = tokens[end].text
        digit = text if text.isdecimal() and len(text) == 1 else _DIGITS.get(text)
        if digit is None:
            break
        digits += digit
        end += 1 + (end + 1 < len(tokens) and tokens[end + 1].text == "-")
    if not 2 <= len(digits) <= 4 or digits[0] == "0":
        return None
    value = float(digits)
    if not is_near(scene, value) and in_full(scene, value) == value:
        return None
    return Amount(value, offer.start, min(end, len(tokens)), spoken=True)


def _typed_apart(
    tokens: Sequence[Token], scene: Scene, amounts: list[Amount], offer: Amount
) -> Amount | None:
    """Return a price typed with spaces between its digits: "2 80", "1 8 0"."""
    run = [one for one in amounts if not (one.money or one.spoken)][:4]
    if len(run) < 2 or is_near(scene, offer.value):
        return None
    if any(first.end != second.start for first, second in pairwise(run)):
        return None
    digits = "".join(tokens[one.start].text for one in run)
    if not digits.isdecimal() or not is_near(scene, float(digits)):
        return None
    return Amount(float(digits), run[0].start, run[-1].end, spoken=False)

"""Messages without words: a number, a code, a size or a colour, read through the context."""

from __future__ import annotations

from dealflow.intents.evidence import SIZES, Evidence
from dealflow.intents.finding import Finding
from dealflow.intents.scene import OPENING_MAX
from dealflow.intents.tokens import Kind, Token
from dealflow.model.intent import Intent
from dealflow.model.show import SaleMode

NEAR_LOW = 0.4
"""A number below this part of the lot's price is no serious offer."""

NEAR_HIGH = 2.0
"""A number above this many times the lot's price is no bid on it, unless bidding just began."""

OFFER_HIGH = 1.2
"""An offer on a fixed price is never far above it."""

TALK = 3.0
"""Words beside a lone number that still leave it an offer ("thinking 72")."""


def read_bare(evidence: Evidence) -> Finding | None:
    """Return what a message means that holds only numbers, codes, sizes or colours."""
    if evidence.rest() > 0 or not _has_lot(evidence):
        return None
    tokens = [
        token
        for at, token in enumerate(evidence.tokens)
        if token.kind not in _SILENT and not (token.kind is Kind.WORD and evidence.is_filler(at))
    ]
    if not tokens:
        return None
    finding = _read(evidence, tokens)
    if finding is not None and evidence.asks and finding.intent is Intent.CLAIM:
        return Finding(Intent.PRODUCT_QUESTION, "bare_asked")
    return finding


def _read(evidence: Evidence, tokens: list[Token]) -> Finding | None:
    if any(token.kind is Kind.SIGN and token.text == "+" for token in evidence.tokens):
        return _plus(evidence)
    if any(_is_known(evidence, token) for token in tokens):
        return Finding(Intent.CLAIM, "code_known")
    first = next((token for token in tokens if token.kind in _IDS), None)
    if first is None:
        return _attributes(evidence, tokens)
    if first.kind is Kind.NUMBER:
        return _number(evidence, first)
    if first.kind is Kind.MONEY:
        return _money(evidence, first)
    return _code(evidence, first)


def _is_known(evidence: Evidence, token: Token) -> bool:
    """Say whether the token is a code in use; in an auction a bare number is a bid instead."""
    if token.kind is Kind.NUMBER and evidence.scene.mode is SaleMode.AUCTION:
        return False
    return token.kind in _CODES and evidence.scene.knows_code(token.text)


def _plus(evidence: Evidence) -> Finding | None:
    ruled = evidence.scene.rules.plus_n
    if ruled is not None:
        return Finding(Intent.CLAIM if ruled else Intent.CHATTER, "plus_by_rule")
    if evidence.scene.mode in (SaleMode.CLAIM, SaleMode.FIXED):
        return Finding(Intent.CLAIM, "plus")
    return Finding(Intent.CHATTER, "plus_elsewhere")


def _money(evidence: Evidence, token: Token) -> Finding:
    scene = evidence.scene
    if scene.mode is not SaleMode.AUCTION and token.value == scene.price:
        return Finding(Intent.CLAIM, "price_tag")
    far = token.value is not None and scene.price and token.value > 20 * scene.price
    if far and not evidence.follows(token.value):
        return Finding(Intent.CHATTER, "price_far")
    return Finding(Intent.BID, "price_named")


def _number(evidence: Evidence, token: Token) -> Finding:
    scene = evidence.scene
    if len(token.text) > 2 and set(token.text) == {"5"} and token.value != scene.price:
        return Finding(Intent.CHATTER, "laughter")
    rule, in_auction = scene.rules.number_is, scene.mode is SaleMode.AUCTION
    near = in_auction and (
        _is_near(token.value, scene.price, auction=True) or evidence.follows(token.value)
    )
    if rule == "price" and in_auction:
        return Finding(Intent.BID, "number_near")
    if rule is not None and not near:  # what could be the next bid in an auction stays one
        return Finding(Intent.CLAIM, "number_by_rule")
    if in_auction:
        return Finding(*((Intent.BID, "number_near") if near else (Intent.CHATTER, "number_far")))
    if token.text in scene.words:
        return Finding(Intent.CLAIM, "size_listed")
    if token.value is not None and token.value == scene.price:
        return Finding(Intent.CLAIM, "price_tag")
    if scene.mode is SaleMode.CLAIM and scene.like_code(token.text):
        return Finding(Intent.CLAIM, "code_like")
    if _is_near(token.value, scene.price, auction=False):
        return Finding(Intent.BID, "number_offer")
    return Finding(Intent.CHATTER, "number_unknown")


def _is_near(value: float | None, price: float | None, *, auction: bool) -> bool:
    if value is None or price is None or price <= 0:
        return value is not None and auction and value > 0
    if auction:
        return NEAR_LOW * price <= value <= max(NEAR_HIGH * price, OPENING_MAX)
    return NEAR_LOW * price <= value <= OFFER_HIGH * price


def read_spoken_number(evidence: Evidence) -> Finding | None:
    """Return a bid when a short message holds one number near the price and little else."""
    amounts = evidence.amounts
    scene = evidence.scene
    if len(amounts) != 1 or scene.lot is None or scene.price is None:
        return None
    if evidence.rest() > TALK or not _stands_alone(evidence, amounts[0]):
        return None
    if scene.mode is SaleMode.CLAIM and _names_lot(evidence, amounts[0]):
        return None
    value, in_auction = amounts[0].value, scene.mode is SaleMode.AUCTION
    if _is_near(value, scene.price, auction=in_auction) or evidence.follows(value):
        return Finding(Intent.BID, "number_in_talk")
    return None


def _names_lot(evidence: Evidence, token: Token) -> bool:
    scene = evidence.scene
    if token.kind is not Kind.NUMBER:
        return False
    return scene.like_code(token.text) or token.value == scene.price


def _stands_alone(evidence: Evidence, token: Token) -> bool:
    """Say whether no word makes the number a size, a time or a count."""
    at = evidence.tokens.index(token)
    around = evidence.tokens[max(0, at - 1) : at] + evidence.tokens[at + 1 : at + 2]
    return token.text not in evidence.scene.words and not any(word.text in _TALK for word in around)


_TALK = frozenset({
    "left", "times", "x", "of", "cards", "packs", "pack", "number", "lot", "item", "#", "last",
    "in", "since", "next", "first", "and", "still", "is", "was", "each",
})  # fmt: skip


def _code(evidence: Evidence, token: Token) -> Finding:
    scene = evidence.scene
    if scene.mode is SaleMode.AUCTION:
        return Finding(Intent.CHATTER, "code_elsewhere")
    digits = "".join(char for char in token.text if char.isdecimal())
    tagged = scene.price is not None and digits == f"{scene.price:g}"
    if tagged or scene.like_code(token.text):
        return Finding(Intent.CLAIM, "code_like")
    if any(other.kind is Kind.COUNT for other in evidence.tokens):
        return Finding(Intent.CLAIM, "count")
    return Finding(Intent.CLAIM if token.text in scene.words else Intent.CHATTER, "code_unknown")


def _attributes(evidence: Evidence, tokens: list[Token]) -> Finding | None:
    """A size, a colour or words of the title alone."""
    scene = evidence.scene
    sized = any(token.text in SIZES for token in tokens)
    listed = any(token.text in scene.words for token in tokens)
    colored = evidence.has("color") or any(hit.label == "color" for hit in evidence.covering)
    if not sized and not colored:
        return None
    if evidence.asks:
        return Finding(Intent.PRODUCT_QUESTION, "attribute_asked")
    if sized and scene.rules.size_claims is not None:
        ruled = Intent.CLAIM if scene.rules.size_claims else Intent.DEMAND
        return Finding(ruled, "size_by_rule")
    if scene.mode is SaleMode.CLAIM and (listed or sized):
        return Finding(Intent.CLAIM, "size_listed" if listed else "size_unlisted")
    return Finding(Intent.DEMAND, "attribute")


def _has_lot(evidence: Evidence) -> bool:
    """Say whether anything gives a bare message a meaning: a lot, or a rule that names it."""
    scene = evidence.scene
    if scene.lot is not None or scene.codes or scene.ranges:
        return True
    rules = scene.rules
    return rules.number_is == "item" or rules.plus_n is not None or rules.size_claims is not None


_CODES = frozenset({Kind.NUMBER, Kind.CODE, Kind.WORD})
_SILENT = frozenset({Kind.BREAK, Kind.EMOJI, Kind.SIGN})
_IDS = frozenset({Kind.NUMBER, Kind.CODE, Kind.MONEY, Kind.COUNT})

"""Says in one short plain phrase what decided."""

from __future__ import annotations

from dealflow.intents.evidence import Evidence
from dealflow.intents.finding import Finding
from dealflow.intents.lexicon.reader import Hit
from dealflow.intents.scene import Scene
from dealflow.model.intent import Intent

MAX_QUOTE = 40
"""Characters of a message that a reason quotes."""

_FACTS = {
    "words": "nothing in it speaks of buying",
    "quiet": "nothing in it speaks of buying",
    "link": "holds a link",
    "code_known": "names a code in use",
    "code_like": "looks like the codes of this show",
    "code_unknown": "looks like a code that is not in use",
    "code_elsewhere": "a code means nothing in an auction",
    "number_near": "a number near the current price",
    "number_far": "a number far from the current price",
    "number_offer": "a number near the price asked",
    "number_in_talk": "names a number near the price",
    "number_unknown": "a number that fits neither price nor code",
    "price_named": "names a price",
    "price_tag": "names the lot's own price",
    "price_far": "an amount far from the price",
    "size_listed": "names a size of the lot on screen",
    "size_unlisted": "names a size while items are claimed",
    "attribute": "names a size or colour and no more",
    "attribute_asked": "asks for a size or colour",
    "asked": "a question",
    "laughter": "555 is laughter in Thai",
    "bare_asked": "asks about a number or code",
    "plus": "+1 claims here",
    "plus_elsewhere": "+1 claims nothing here",
    "count": "a count of pieces",
}

_DOES = {
    Intent.CLAIM: "claims with",
    Intent.BACKUP: "wants the next place with",
    Intent.BID: "names a price with",
    Intent.CHECKOUT: "wants to pay with",
    Intent.DEMAND: "asks for an item with",
    Intent.PRICE_QUESTION: "asks the price with",
    Intent.PRODUCT_QUESTION: "asks about the item with",
    Intent.SHIPPING_QUESTION: "asks about shipping or payment with",
    Intent.INTEREST: "likes it with",
    Intent.RETRACTION: "takes it back with",
    Intent.DECLINED: "declines with",
    Intent.POST_PURCHASE: "speaks of a purchase with",
    Intent.SPAM: "advertises with",
    Intent.SELLER: "speaks for the shop with",
}

_CHATTER = {
    "outvoted": "mostly means something else:",
    "joke": "takes it back as a joke with",
    "quoted_shop": "repeats the shop's words with",
    "others_claim": "speaks of somebody else's claim with",
    "word_past": "speaks of the past with",
}


def explain(evidence: Evidence, finding: Finding) -> str:
    """Return the reason for a finding."""
    if finding.is_ruled:
        return _ruled(evidence, finding)
    fact = _FACTS.get(finding.tier)
    if fact is not None or finding.hit is None:
        return fact or "nothing in it speaks of buying"
    hit = finding.hit
    said = _quote(evidence, hit)
    does = _DOES.get(finding.intent) or _CHATTER.get(finding.tier, "only talks with")
    return f'{does} "{said}"{_place(evidence.scene)}'


def _ruled(evidence: Evidence, finding: Finding) -> str:
    """Say which rule of the show decided."""
    rules = evidence.scene.rules
    match finding.tier:
        case "number_by_rule":
            return f"a bare number is {_MEANT[rules.number_is or 'item']} here"
        case "plus_by_rule":
            return "+N claims here" if rules.plus_n else "+N claims nothing here"
        case "size_by_rule":
            return "a size claims here" if rules.size_claims else "a size claims nothing here"
    return f'claims with "{_quote(evidence, finding.hit)}", a claim word of this show'


_MEANT = {
    "item": "an item",
    "price": "a price",
    "size": "a size",
    "quantity": "a quantity",
}


def _quote(evidence: Evidence, hit: Hit | None) -> str:
    tokens = evidence.tokens if hit is None else evidence.tokens[hit.start : hit.end]
    return " ".join(token.text for token in tokens)[:MAX_QUOTE]


def _place(scene: Scene) -> str:
    return "" if scene.lot is not None else ", with no lot on screen"


_READS = {
    Intent.CLAIM: "reads like somebody who takes it",
    Intent.BACKUP: "reads like a wish for the next place",
    Intent.BID: "reads like an offer",
    Intent.CHECKOUT: "reads like somebody ready to pay",
    Intent.DEMAND: "reads like a wish for something else",
    Intent.PRICE_QUESTION: "reads like a question about the price",
    Intent.PRODUCT_QUESTION: "reads like a question about the item",
    Intent.SHIPPING_QUESTION: "reads like a question about shipping or payment",
    Intent.INTEREST: "reads like a liking, with nothing promised",
    Intent.RETRACTION: "reads like taking a claim back",
    Intent.DECLINED: "reads like a no",
    Intent.POST_PURCHASE: "reads like talk of something bought before",
    Intent.SPAM: "reads like an advertisement",
    Intent.SELLER: "reads like the shop speaking",
    Intent.CHATTER: "reads like talk",
}


def read_as(evidence: Evidence, intent: Intent) -> str:
    """Return the reason where the model, and not a rule, decided: what it reads like, and why.

    The words are quoted, since it is they as a whole that decided; the facts are those beside
    which a model reads them.
    """
    said = " ".join(token.text for token in evidence.tokens)[:MAX_QUOTE].strip()
    quoted = f': "{said}"' if said else ""
    return f"{_READS[intent]}{quoted}{_place(evidence.scene)}"

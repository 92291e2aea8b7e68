"""From evidence to a finding: the rules of the annotation guide, in its order.

What somebody does beats what they ask; the last word beats an earlier one; a named price beats a
question; and the context decides what a bare number means.
"""

from __future__ import annotations

from collections.abc import Callable

from dealflow.intents.bare import read_bare, read_spoken_number
from dealflow.intents.evidence import Evidence
from dealflow.intents.finding import Finding
from dealflow.intents.guards import (
    is_about_others,
    is_conditional_on_seller,
    is_offer,
    settle_asked,
    settle_negated,
)
from dealflow.intents.lexicon.reader import Hit
from dealflow.intents.tokens import Kind
from dealflow.model.intent import Intent
from dealflow.model.show import SaleMode

LOOSE = 2.0
"""Words that may stand unexplained around a claim word before it is only one word among many."""

NAMED_WORDS = 5
"""Words of a message that may claim by name while nothing is on screen; a longer one is talk."""

FIRM_TIERS = frozenset({"backup", "claim_short", "bid_money", "word_bare", "word_item"})
FIRM_LETTERS = 4
"""Letters of a lone word that commits though no lot is known: "mine", "sold", "meins"; shorter
ones ("me", "yo", "f") are said for other reasons too often."""

STRONG_WORDS = frozenset({"mine", "sold", "dibs", "claim"})

QUESTIONS = {
    "shipping": Intent.SHIPPING_QUESTION,
    "price": Intent.PRICE_QUESTION,
    "demand": Intent.DEMAND,
    "product": Intent.PRODUCT_QUESTION,
}
"""Labels of questions, in the order in which they win when two are equally long."""

Rule = Callable[[Evidence], Finding | None]


def decide(evidence: Evidence) -> Finding:
    """Return the finding of the first rule that has one."""
    for rule in _RULES if evidence.covering else _WITHOUT_PHRASES:
        finding = rule(evidence)
        if finding is not None:
            return finding
    return Finding(Intent.CHATTER, "words")


def _spam(evidence: Evidence) -> Finding | None:
    if any(token.kind is Kind.LINK for token in evidence.tokens):
        return Finding(Intent.SPAM, "link")
    if evidence.has("spam") and not evidence.of("claim", "bid", "checkout"):
        return Finding(Intent.SPAM, "spam", evidence.of("spam")[0])
    return None


def _quoted(evidence: Evidence) -> Finding | None:
    for hit in evidence.of("shop"):
        if not evidence.of("claim", "bid", "backup"):
            return Finding(Intent.CHATTER, "quoted_shop", hit)
    return None


def _joke(evidence: Evidence) -> Finding | None:
    taken = evidence.of("claim", "claim_word", "claim_soft", "bid")
    if evidence.has("joke") and taken:
        joke = evidence.of("joke")[-1]
        if joke.start >= taken[0].start:
            return Finding(Intent.CHATTER, "joke", joke)
    return None


def _backup(evidence: Evidence) -> Finding | None:
    for hit in evidence.of("backup"):
        if is_about_others(evidence, hit) or evidence.is_negated(hit):
            continue
        if evidence.is_asked(hit) and evidence.rest([hit]) > LOOSE:
            continue
        return Finding(Intent.BACKUP, _void(evidence, "backup", hit), hit)
    return None


def _as_asked(evidence: Evidence) -> Finding | None:
    """What the show asks for was typed: its claim word, and right behind it an item's number.

    Whatever else the message says is said beside it ("not blinking this time SOLD 13").
    """
    if evidence.has("past") or evidence.has("retraction"):
        return None
    for hit in evidence.own:
        item = evidence.tokens[hit.end] if hit.end < len(evidence.tokens) else None
        if item is None or item.kind not in (Kind.NUMBER, Kind.CODE):
            continue
        scene = evidence.scene
        if not (scene.knows_code(item.text) or scene.rules.number_is == "item"):
            continue
        denied = evidence.is_asked(hit) or evidence.is_negated(hit)
        if not denied and not is_about_others(evidence, hit):
            return Finding(Intent.CLAIM, "own_word", hit)
    return None


def _given_up(evidence: Evidence) -> Finding | None:
    """Retraction, refusal and things already bought, unless a later word takes it all."""
    ends = evidence.of("retraction", "decline", "post")
    if not ends:
        return None
    first = min(ends, key=lambda hit: (hit.start - hit.end, hit.start))
    if any(_takes_after(evidence, hit, first) for hit in evidence.of("claim", "bid", "checkout")):
        return None
    if first.label == "retraction":
        return Finding(Intent.RETRACTION, "retraction", first)
    if first.label == "post":
        return Finding(Intent.POST_PURCHASE, "post", first)
    if first.label == "decline" and _is_release(evidence):
        return Finding(Intent.RETRACTION, "released", first)
    return Finding(Intent.DECLINED, "decline", first)


def _takes_after(evidence: Evidence, taking: Hit, given: Hit) -> bool:
    if taking.label == "bid" and not is_offer(evidence):
        return False
    if taking.start < given.end or evidence.is_negated(taking):
        return False
    return evidence.turns(given.end - 1, taking.start)


def _is_release(evidence: Evidence) -> bool:
    """A bare "pass" by somebody who claimed or bid before gives it back."""
    said = " ".join(evidence.context.history[-3:]).lower()
    words = frozenset(said.replace("!", " ").replace("#", " ").split())
    return evidence.words <= 2 and bool(words & (STRONG_WORDS | {"take", "backup", "next"}))


def _claim(evidence: Evidence) -> Finding | None:
    for hit in evidence.of("claim"):
        if is_about_others(evidence, hit):
            continue
        if evidence.is_negated(hit):
            return settle_negated(hit)
        if is_conditional_on_seller(evidence, hit):
            return Finding(Intent.DEMAND, "conditional", hit)
        if is_offer(evidence) and _undercuts(evidence):
            return Finding(Intent.BID, "claim_at_price", hit)
        long = evidence.rest([hit]) > 2 * LOOSE
        asked = "asked" if evidence.is_asked(hit) else "long" if long else "short"
        return Finding(Intent.CLAIM, _void(evidence, f"claim_{asked}", hit), hit)
    return None


def _undercuts(evidence: Evidence) -> bool:
    """A price beside a claim is an offer when it is not the lot's own."""
    price = evidence.scene.price
    amounts = [token.value for token in evidence.tokens if token.kind is Kind.MONEY]
    amounts = amounts or _after_at(evidence)
    if not amounts or price is None:
        return False
    return all(value is not None and value != price for value in amounts)


def _names_own_price(evidence: Evidence) -> bool:
    price = evidence.scene.price
    return price is not None and all(token.value == price for token in evidence.amounts)


def _after_at(evidence: Evidence) -> list[float | None]:
    """Bare numbers that follow "for" or "at" name a price."""
    found: list[float | None] = []
    for at in range(1, len(evidence.tokens)):
        token = evidence.tokens[at]
        if token.kind is Kind.NUMBER and evidence.tokens[at - 1].text in ("for", "at", "por", "@"):
            found.append(token.value)
    return found


def _offer(evidence: Evidence) -> Finding | None:
    if not is_offer(evidence):
        return None
    taken = next((hit for hit in evidence.covering if hit.label == "claim"), None)
    if taken is not None and _names_own_price(evidence):
        return Finding(Intent.CLAIM, _void(evidence, "claim_short", taken), taken)
    for hit in evidence.of("bid"):
        if is_about_others(evidence, hit):
            continue
        tier = "bid_money" if any(t.kind is Kind.MONEY for t in evidence.tokens) else "bid_number"
        return Finding(Intent.BID, _void(evidence, tier, hit), hit)
    return None


def _claim_word(evidence: Evidence) -> Finding | None:
    best: Finding | None = None
    for hit in evidence.of("claim_word"):
        finding = _one_word(evidence, hit)
        if finding is not None and finding.intent is Intent.CLAIM:
            return finding
        best = best or finding
    return best


def _one_word(evidence: Evidence, hit: Hit) -> Finding | None:
    word = evidence.tokens[hit.start].text
    rest = evidence.rest(evidence.of("claim_word"), evidence.clause(hit.start))
    own = hit in evidence.own
    strong = own or word in STRONG_WORDS
    if evidence.is_asked(hit):
        return settle_asked(evidence, hit, rest)
    if is_about_others(evidence, hit):
        return Finding(Intent.CHATTER, "others_claim", hit)
    if evidence.is_negated(hit):
        return settle_negated(hit)
    opens = hit.start == 0 or evidence.opens(hit.start)
    if own and (rest == 0 or (rest <= LOOSE and opens and not evidence.has("past"))):
        return Finding(Intent.CLAIM, "own_word", hit)
    if rest == 0 and (strong or opens):
        tier = "word_item" if evidence.ids else "word_bare"
        return Finding(Intent.CLAIM, _void(evidence, tier, hit), hit)
    if not strong:
        return None
    if evidence.has("past"):
        return Finding(Intent.CHATTER, "word_past", hit)
    if rest <= LOOSE and opens:
        return Finding(Intent.CLAIM, _void(evidence, "word_near", hit), hit)
    return None


def _checkout(evidence: Evidence) -> Finding | None:
    for hit in evidence.of("checkout"):
        if not is_about_others(evidence, hit) and not evidence.is_negated(hit):
            return Finding(Intent.CHECKOUT, "checkout", hit)
    return None


def _bare(evidence: Evidence) -> Finding | None:
    return read_bare(evidence)


def _spoken_number(evidence: Evidence) -> Finding | None:
    if evidence.of("product", "demand", "shipping", "decline", "idiom", "past"):
        return None
    return read_spoken_number(evidence)


def _question(evidence: Evidence) -> Finding | None:
    hits = evidence.of(*QUESTIONS)
    if not hits:
        return None
    order = list(QUESTIONS)
    hit = min(hits, key=lambda hit: (hit.start - hit.end, order.index(hit.label)))
    if hit.label == "price" and evidence.has("shipping"):
        hit = evidence.of("shipping")[0]
    soft = evidence.of("claim_soft")
    if soft and soft[0].end - soft[0].start > hit.end - hit.start:
        return None
    admired = evidence.of("interest")
    if admired and hit.label != "shipping" and not evidence.asks:
        longest = min(admired, key=lambda hit: hit.start - hit.end)
        if longest.end - longest.start > hit.end - hit.start:
            return Finding(Intent.INTEREST, "interest", longest)
    return Finding(QUESTIONS[hit.label], _void(evidence, hit.label, hit), hit)


def _claim_soft(evidence: Evidence) -> Finding | None:
    for hit in evidence.of("claim_soft"):
        if is_about_others(evidence, hit) or evidence.is_negated(hit):
            continue
        if evidence.rest([hit]) > LOOSE:
            return Finding(Intent.INTEREST, "soft_long", hit)
        emoji = evidence.tokens[hit.start].kind is Kind.EMOJI
        if emoji and evidence.scene.mode is not SaleMode.CLAIM:
            return Finding(Intent.CHATTER, "hand_elsewhere", hit)
        return Finding(Intent.CLAIM, _void(evidence, "hand" if emoji else "soft", hit), hit)
    return None


def _interest(evidence: Evidence) -> Finding | None:
    for hit in evidence.of("interest"):
        if not evidence.is_negated(hit):
            return Finding(Intent.INTEREST, _void(evidence, "interest", hit), hit)
        return Finding(Intent.DECLINED, "negated_interest", hit)
    return None


def _asked(evidence: Evidence) -> Finding | None:
    """A question that no phrase explains is about the lot on screen."""
    if not evidence.asks or evidence.scene.lot is None or evidence.has("idiom"):
        return None
    if evidence.rest() == 0 or evidence.has("others"):
        return None
    return Finding(Intent.PRODUCT_QUESTION, "asked")


def _void(evidence: Evidence, tier: str, hit: Hit) -> str:
    """Mark a tier when no lot is known: the same words then mean less.

    A claim word of the show means what it says even then, and so does a plain one beside a number
    or a code ("sold 45"). Where not even the mode is known, the reader cannot see the screen, as
    without a login; then a message is believed that is a commitment, or a question, and little
    else ("mine!", "how much?").
    """
    if evidence.scene.lot is not None or evidence.own:
        return tier
    named = any(token.kind in (Kind.NUMBER, Kind.CODE) for token in evidence.tokens)
    strong = any(
        hit.label == "claim_word" and evidence.tokens[hit.start].text in STRONG_WORDS
        for hit in evidence.covering
    )
    if named and strong and evidence.words <= NAMED_WORDS:
        return "named"
    return "firm" if _is_firm(evidence, tier, hit) else f"{tier}@void"


def _is_firm(evidence: Evidence, tier: str, hit: Hit) -> bool:
    """Say whether a message commits, or asks, in so many words."""
    if evidence.scene.mode is not None:
        return False
    if tier in QUESTIONS:
        return evidence.rest([hit]) <= LOOSE
    if tier not in FIRM_TIERS:
        return False
    if evidence.asks or evidence.rest([hit]) > 0:
        return False
    tokens = evidence.tokens[hit.start : hit.end]
    if tier == "bid_money":
        return True
    if any(token.kind is not Kind.WORD for token in tokens):
        return False
    if len(tokens) > 1:
        return True
    word = tokens[0].text
    return word not in ("next", "meme") and (len(word) >= FIRM_LETTERS or ord(word[0]) > 0xE00)


_RULES: tuple[Rule, ...] = (
    _spam,
    _quoted,
    _joke,
    _backup,
    _as_asked,
    _given_up,
    _offer,
    _claim,
    _claim_word,
    _checkout,
    _bare,
    _spoken_number,
    _question,
    _claim_soft,
    _interest,
    _asked,
)

_WITHOUT_PHRASES: tuple[Rule, ...] = (_spam, _bare, _spoken_number, _asked)
"""Those of them that find something in a message in which no phrase stands."""

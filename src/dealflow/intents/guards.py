"""What makes a claim word no claim: questions, negation, other people, conditions."""

from __future__ import annotations

from dealflow.intents.evidence import Evidence
from dealflow.intents.finding import Finding
from dealflow.intents.lexicon.reader import Hit
from dealflow.intents.tokens import Kind
from dealflow.model.intent import Intent

_REACH = 3
"""Tokens before a phrase in which another person can be its subject."""


def is_about_others(evidence: Evidence, hit: Hit) -> bool:
    """Say whether somebody else is the subject of the phrase ("she said mine", "@amy mine?")."""
    for other in evidence.of("others"):
        same = evidence.clause(other.start) == evidence.clause(hit.start)
        if not same or not 0 <= hit.start - other.end < _REACH:
            continue
        if evidence.tokens[other.start].kind is Kind.MENTION:
            if evidence.is_asked(hit) or hit.label == "claim_word":
                return True
            continue
        return True
    return False


def is_conditional_on_seller(evidence: Evidence, hit: Hit) -> bool:
    """Say whether the claim waits for something that the seller has yet to bring up."""
    inside = range(hit.start, hit.end)
    return any(
        evidence.clause(condition.start) == evidence.clause(hit.start)
        and condition.start not in inside
        for condition in evidence.of("condition")
    )


def is_offer(evidence: Evidence) -> bool:
    """Say whether the message names an amount."""
    return bool(evidence.amounts)


def settle_negated(hit: Hit) -> Finding:
    """A negated claim is a refusal."""
    return Finding(Intent.DECLINED, "negated", hit)


def settle_asked(evidence: Evidence, hit: Hit, rest: float) -> Finding:
    """A claim word in a question: "sold?" asks, "mine?" hopes."""
    word = evidence.tokens[hit.start].text
    if rest == 0 and not evidence.has("ask") and not word.startswith(("sold", "taken", "claimed")):
        if evidence.has("others"):
            return Finding(Intent.CHATTER, "others_claim", hit)
        return Finding(Intent.CLAIM, "word_asked", hit)
    if any(token.text in _SPEAKERS for token in evidence.tokens[: hit.start]):
        return Finding(Intent.CHATTER, "others_claim", hit)
    return Finding(Intent.PRODUCT_QUESTION, "word_in_question", hit)


_SPEAKERS = frozenset({"who", "whos", "did", "anyone", "someone", "he", "she", "they", "was", "am"})

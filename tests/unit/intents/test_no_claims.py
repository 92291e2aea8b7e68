"""Claim words that claim nothing, and everything else that chat says."""

from __future__ import annotations

import pytest

from dealflow.intents.grammar import GrammarClassifier
from dealflow.model.intent import BUYER_INTENTS, Intent, Role
from dealflow.model.show import SaleMode
from tests.unit.intents.saying import CARD, said


@pytest.mark.parametrize(
    "text",
    [
        *("is it sold already?", "did the slides sell", "sold out?", "anyone claim 22 yet"),
        *("gold mine", "I determined it was fake", "i was taking a nap", "what's mine is yours"),
        *("mine came broken", "I sold mine last week", "mine chipped last year"),
        *("that would look great on me please no", "I'd take it but I'm broke", "not for me"),
        *("mine lol jk", "type SOLD to claim", "@amy mine?", "who said mine first"),
        *("claiming the 990s if theyre up", "can you hold it til friday", "she said mine"),
        *("+1 agreed", "pass", "W", "how much for the pandas", "do you ship international"),
        *("any red sox", "too rich for me", "sold to @amy", "congrats amy", "mine field"),
        *("i need 5 more minutes", "add me to the group chat", "it's 10pm here"),
    ],
)
def test_hard_negatives_are_no_buyers(classifier: GrammarClassifier, text: str) -> None:
    (verdict,) = classifier.judge([said(text)])
    assert verdict.intent not in BUYER_INTENTS
    assert verdict.confidence < 0.7


@pytest.mark.parametrize("role", [Role.HOST, Role.MOD, Role.BOT])
def test_the_shop_never_claims(classifier: GrammarClassifier, role: Role) -> None:
    for text in ("SOLD!", "mine", "I'll take it", "$40"):
        (verdict,) = classifier.judge([said(text, role=role)])
        assert verdict.intent is Intent.SELLER
        assert verdict.confidence < 0.1


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("any iPads?", Intent.DEMAND),
        ("run the Jordans", Intent.DEMAND),
        ("got this in a 10?", Intent.DEMAND),
        ("how much?", Intent.PRICE_QUESTION),
        ("price on the red one", Intent.PRICE_QUESTION),
        ("whats bin", Intent.PRICE_QUESTION),
        ("does it run small?", Intent.PRODUCT_QUESTION),
        ("is it real leather", Intent.PRODUCT_QUESTION),
        ("still available?", Intent.PRODUCT_QUESTION),
        ("ship to Canada?", Intent.SHIPPING_QUESTION),
        ("do you combine shipping", Intent.SHIPPING_QUESTION),
        ("take afterpay?", Intent.SHIPPING_QUESTION),
        ("I need this in my life", Intent.INTEREST),
        ("love those", Intent.INTEREST),
        ("so tempted", Intent.INTEREST),
        ("nvm pass on mine", Intent.RETRACTION),
        ("cancel my 43", Intent.RETRACTION),
        ("changed my mind", Intent.RETRACTION),
        ("maybe next time", Intent.DECLINED),
        ("wish I had money", Intent.DECLINED),
        ("not buying that", Intent.DECLINED),
        ("just paid", Intent.POST_PURCHASE),
        ("did mine ship?", Intent.POST_PURCHASE),
        ("mine came yesterday, love it", Intent.POST_PURCHASE),
        ("cheap followers https://bit.example/x", Intent.SPAM),
        ("check my page", Intent.SPAM),
        ("lol", Intent.CHATTER),
        ("hi from Ohio", Intent.CHATTER),
        ("gold mine of a show", Intent.CHATTER),
    ],
)
def test_the_examples_of_the_guide(
    classifier: GrammarClassifier, text: str, intent: Intent
) -> None:
    (verdict,) = classifier.judge([said(text)])
    assert verdict.intent is intent


def test_a_bare_pass_gives_back_only_what_was_claimed(classifier: GrammarClassifier) -> None:
    with_claim, without = classifier.judge([said("pass", history=("SOLD 22",)), said("pass")])
    assert with_claim.intent is Intent.RETRACTION
    assert without.intent is Intent.DECLINED


@pytest.mark.parametrize("text", ["mine", "me", "next", "i'll take it", "100", "send it to me"])
def test_with_nothing_on_screen_words_mean_less(classifier: GrammarClassifier, text: str) -> None:
    (verdict,) = classifier.judge([said(text, lot=None, mode=SaleMode.CLAIM)])
    assert verdict.confidence < 0.7


@pytest.mark.parametrize(
    "text", ["mine!", "MINE", "sold", "I'll take it", "dibs", "lo quiero", "I want to buy this"]
)
def test_a_plain_commitment_is_believed_when_the_screen_cannot_be_seen(
    classifier: GrammarClassifier, text: str
) -> None:
    """A reader without a login, and the original's callers, know neither lot nor mode."""
    (verdict,) = classifier.judge([said(text, lot=None, mode=None)])
    assert verdict.intent is Intent.CLAIM
    assert verdict.confidence >= 0.7


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("how much?", Intent.PRICE_QUESTION),
        ("do you ship to Canada?", Intent.SHIPPING_QUESTION),
        ("what size is it?", Intent.PRODUCT_QUESTION),
    ],
)
def test_a_question_is_a_question_when_the_screen_cannot_be_seen(
    classifier: GrammarClassifier, text: str, intent: Intent
) -> None:
    (verdict,) = classifier.judge([said(text, lot=None, mode=None)])
    assert verdict.intent is intent
    assert verdict.confidence < 0.7


@pytest.mark.parametrize("text", ["me", "next", "100", "is it mine?", "gold mine", "F"])
def test_without_a_screen_less_than_a_commitment_is_not_enough(
    classifier: GrammarClassifier, text: str
) -> None:
    (verdict,) = classifier.judge([said(text, lot=None, mode=None)])
    assert verdict.confidence < 0.7


def test_a_named_item_claims_with_nothing_on_screen(classifier: GrammarClassifier) -> None:
    (verdict,) = classifier.judge([said("sold 45", lot=None)])
    assert verdict.intent is Intent.CLAIM
    assert verdict.confidence >= 0.7


@pytest.mark.parametrize(
    ("text", "mode", "intent"),
    [
        ("44", SaleMode.AUCTION, Intent.BID),
        ("3", SaleMode.AUCTION, Intent.CHATTER),
        ("1889", SaleMode.AUCTION, Intent.CHATTER),
        ("36", SaleMode.FIXED, Intent.BID),
        ("40", SaleMode.FIXED, Intent.CLAIM),
        ("4000", SaleMode.CLAIM, Intent.CHATTER),
        ("B7", SaleMode.AUCTION, Intent.CHATTER),
        ("555555", SaleMode.CLAIM, Intent.CHATTER),
    ],
)
def test_a_bare_number_is_read_through_the_context(
    classifier: GrammarClassifier, text: str, mode: SaleMode, intent: Intent
) -> None:
    (verdict,) = classifier.judge([said(text, lot=CARD, mode=mode)])
    assert verdict.intent is intent

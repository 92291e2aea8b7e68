"""A show's rules decide what bare numbers, sizes, +N and its own words mean, and say so."""

from __future__ import annotations

import pytest

from dealflow.intents.grammar import GrammarClassifier
from dealflow.model.intent import Intent, Verdict
from dealflow.model.show import Lot, SaleMode, ShowRules
from tests.unit.intents.saying import CUFF, said


def judged(
    classifier: GrammarClassifier,
    text: str,
    rules: ShowRules,
    *,
    lot: Lot | None = CUFF,
    mode: SaleMode | None = SaleMode.CLAIM,
) -> Verdict:
    (verdict,) = classifier.judge([said(text, rules=rules, lot=lot, mode=mode)])
    return verdict


@pytest.mark.parametrize("lot", [CUFF, None])
@pytest.mark.parametrize("text", ["26 38 74", "26, 38 and 74 please"])
def test_bare_numbers_are_items_each(
    classifier: GrammarClassifier, text: str, lot: Lot | None
) -> None:
    verdict = judged(classifier, text, ShowRules(number_is="item"), lot=lot)
    assert verdict.intent is Intent.CLAIM
    assert [claim.item for claim in verdict.claims] == ["26", "38", "74"]
    assert verdict.reason == "a bare number is an item here"


@pytest.mark.parametrize("number", ["5", "48", "7"])
def test_a_small_number_and_the_lots_price_are_items_too(
    classifier: GrammarClassifier, number: str
) -> None:
    verdict = judged(classifier, number, ShowRules(number_is="item"))
    assert (verdict.intent, verdict.slots.item) == (Intent.CLAIM, number)


def test_the_next_bid_in_an_auction_stays_one(classifier: GrammarClassifier) -> None:
    rules = ShowRules(number_is="item")
    verdict = judged(classifier, "50", rules, mode=SaleMode.AUCTION)
    assert (verdict.intent, verdict.slots.price) == (Intent.BID, 50)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("LOCK", "lock"),
        ("LOCK", "Lock!!"),
        ("LOCK", "lock 5"),
        ("lock", "LOCK it please"),
        ("want this", "want this"),
        ("🙋‍♀️", "🙋🏽‍♂️"),
        ("1", "1"),
        ("1", "1111"),
        ("ฉันเอา", "ฉันเอาค่ะ"),
    ],
)
@pytest.mark.parametrize("lot", [CUFF, None])
def test_a_word_of_the_show_claims(
    classifier: GrammarClassifier, word: str, text: str, lot: Lot | None
) -> None:
    verdict = judged(classifier, text, ShowRules(claim_words=(word,)), lot=lot)
    assert verdict.intent is Intent.CLAIM
    assert verdict.confidence >= 0.9
    assert "claims with" in verdict.reason


def test_a_digit_to_type_is_neither_item_nor_quantity(classifier: GrammarClassifier) -> None:
    verdict = judged(classifier, "1", ShowRules(claim_words=("1",)))
    assert (verdict.slots.item, verdict.slots.quantity) == (None, None)


@pytest.mark.parametrize("text", ["is the lock broken?", "i lost the key of my lock yesterday"])
def test_a_word_of_the_show_in_other_talk_claims_nothing(
    classifier: GrammarClassifier, text: str
) -> None:
    verdict = judged(classifier, text, ShowRules(claim_words=("lock",)))
    assert not verdict.intent.is_buyer


def test_plus_n_by_rule(classifier: GrammarClassifier) -> None:
    yes = judged(classifier, "+2", ShowRules(plus_n=True), mode=SaleMode.AUCTION)
    assert (yes.intent, yes.slots.quantity, yes.reason) == (Intent.CLAIM, 2, "+N claims here")
    no = judged(classifier, "+2", ShowRules(plus_n=False))
    assert (no.intent, no.reason) == (Intent.CHATTER, "+N claims nothing here")


def test_a_size_by_rule(classifier: GrammarClassifier) -> None:
    yes = judged(classifier, "L please", ShowRules(size_claims=True), mode=SaleMode.FIXED)
    assert (yes.intent, yes.slots.size, yes.reason) == (Intent.CLAIM, "L", "a size claims here")
    no = judged(classifier, "L please", ShowRules(size_claims=False))
    assert (no.intent, no.reason) == (Intent.DEMAND, "a size claims nothing here")


SOLD_AND_NUMBER = ShowRules(claim_words=("sold",), number_is="item")


@pytest.mark.parametrize(
    "text",
    [
        "not blinking this time SOLD 13",
        "my streak continues sold 16",
        "sold 12, succulents are cat proof right?",
        "sold 10 so my girlfriend stops saying im indecisive",
    ],
)
def test_what_the_show_asks_for_claims_whatever_is_said_beside_it(
    classifier: GrammarClassifier, text: str
) -> None:
    verdict = judged(classifier, text, SOLD_AND_NUMBER)
    assert verdict.intent is Intent.CLAIM
    assert verdict.confidence > 0.7


@pytest.mark.parametrize(
    "text",
    ["is sold 13 still there?", "she said sold 13", "i typed sold 13 last time", "not sold 13"],
)
def test_what_only_speaks_of_a_claim_is_none(classifier: GrammarClassifier, text: str) -> None:
    assert judged(classifier, text, SOLD_AND_NUMBER).confidence < 0.7

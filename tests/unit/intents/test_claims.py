"""Every form of claim in the field notes, and the other ways to be a buyer."""

from __future__ import annotations

import pytest

from dealflow.intents.grammar import GrammarClassifier
from dealflow.model.intent import Intent
from dealflow.model.show import Lot, SaleMode, ShowRules
from tests.unit.intents.saying import CARD, CUFF, said

THRESHOLD = 0.7


@pytest.mark.parametrize(
    "text",
    [
        # bare word
        *("mine", "sold", "dibs", "claim", "MINEEE 🙋‍♀️", "sold!", "Mine pls", "omg mine sis"),
        # word and item, either order, glued
        *("sold 22", "SOLD #22", "Claim 22", "22 sold", "sold22", "mine 22 💎"),
        # item and size, id and variants
        *("sold 43 L", "SOLD AA 10 blue small", "sold 22 blue small", "sold 100-110"),
        # word and price, price and letter
        *("Sold $48", "C 48", "48B", "Me23C"),
        # code only, several, with noise against the spam filter
        *("22", "22 =^..^=", "22 ❤️"),
        # plus
        *("+1", "22+1", "22 +1"),
        # inside a sentence
        *("I want 22", "I'd like that one please", "can you put me down for the cuff"),
        # prose
        *(
            "I'll take it",
            "put me down",
            "gimme that one",
            "me me me",
            "I want it!",
            "add it to my pile",
        ),
        *("that's coming home with me", "wrap it up for me", "if it's adjustable I'll take it"),
        *("how much? actually mine!", "I'll take the cuff", "the cuff is mine"),
    ],
)
def test_claims(classifier: GrammarClassifier, text: str) -> None:
    (verdict,) = classifier.judge([said(text)])
    assert verdict.intent is Intent.CLAIM
    assert verdict.confidence >= THRESHOLD


@pytest.mark.parametrize(
    "text",
    [
        *("next", "backup pls", "waitlist me", "if she passes I'll take it", "sold next"),
        *("2nd in line", "next if he doesn't pay", "put me on the waitlist"),
    ],
)
def test_backups(classifier: GrammarClassifier, text: str) -> None:
    (verdict,) = classifier.judge([said(text)])
    assert verdict.intent is Intent.BACKUP
    assert verdict.confidence >= THRESHOLD


@pytest.mark.parametrize(
    "text",
    [
        *("$40", "42!", "45", "would you take 40?", "45 shipped?", "I can do 50", "forty five"),
        *("my max is 60", "can you do $35 on it", "50 and it's mine", "thinking 42"),
    ],
)
def test_bids_in_an_auction(classifier: GrammarClassifier, text: str) -> None:
    (verdict,) = classifier.judge([said(text, lot=CARD, mode=SaleMode.AUCTION)])
    assert verdict.intent is Intent.BID
    assert verdict.confidence >= THRESHOLD
    assert verdict.slots.price is not None


@pytest.mark.parametrize(
    "text",
    [
        *("invoice me", "how do I pay", "send the link", "hold it for me, paying now"),
        *("what do I owe you", "whats your venmo", "ready to check out"),
    ],
)
@pytest.mark.parametrize("lot", [CUFF, None])
def test_ready_to_pay(classifier: GrammarClassifier, text: str, lot: Lot | None) -> None:
    """Who wants to pay needs no lot on screen."""
    (verdict,) = classifier.judge([said(text, lot=lot)])
    assert verdict.intent is Intent.CHECKOUT
    assert verdict.confidence >= THRESHOLD


def test_a_price_below_the_lots_own_is_an_offer(classifier: GrammarClassifier) -> None:
    offer, claim = classifier.judge([said("I'll take it for $40"), said("I'll take it for $48")])
    assert offer.intent is Intent.BID
    assert claim.intent is Intent.CLAIM


def test_the_rules_of_a_show_add_words_and_codes(classifier: GrammarClassifier) -> None:
    rules = ShowRules(claim_words=("gaia",), codes=("A1-A99",), number_is="price")
    for text in ("gaia", "GAIA 22", "gaia7", "A45", "a45 please"):
        (verdict,) = classifier.judge([said(text, rules=rules)])
        assert verdict.intent is Intent.CLAIM, text
    (verdict,) = classifier.judge([said("A450", rules=rules)])
    assert verdict.intent is not Intent.CLAIM
    (verdict,) = classifier.judge([said("gaia")])
    assert verdict.intent is Intent.CHATTER

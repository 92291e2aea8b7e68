from __future__ import annotations

import pytest

from dealflow.intents.grammar import GrammarClassifier
from dealflow.model.intent import Slots
from dealflow.model.show import Lot, SaleMode, ShowRules
from tests.unit.intents.saying import CARD, said

DRESS = Lot(title="M4 Floral dress blue S-M-L", price=25, currency="CAD")


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("mine", Slots()),
        ("SOLD #22", Slots(item="#22")),
        ("sold 22", Slots(item="22")),
        ("sold A12 L", Slots(item="A12", size="L")),
        ("A1 +2", Slots(item="A1", quantity=2)),
        ("A1 x2", Slots(item="A1", quantity=2)),
        ("I'll take two", Slots(quantity=2)),
        ("claim the Cuff", Slots(item="Cuff")),
        ("mine blue", Slots(color="blue")),
        ("sold size 10", Slots(size="10")),
        ("Sold $48", Slots(price=48, currency="USD")),
        ("٢٢ لي", Slots(item="22")),
    ],
)
def test_slots_of_a_claim(classifier: GrammarClassifier, text: str, slots: Slots) -> None:
    (verdict,) = classifier.judge([said(text)])
    found = verdict.slots
    if found.item is not None and slots.item is not None:
        assert found.item.lstrip("#") == slots.item.lstrip("#")
    assert (found.quantity, found.size, found.color, found.price, found.currency) == (
        slots.quantity,
        slots.size,
        slots.color,
        slots.price,
        slots.currency,
    )
    assert (found.item is None) == (slots.item is None)


@pytest.mark.parametrize(
    ("text", "price", "currency"),
    [
        ("would you take 35?", 35, None),
        ("$35", 35, "USD"),
        ("35 euros", 35, "EUR"),
        ("£35 shipped?", 35, "GBP"),
        ("1.200,50 €", 1200.5, "EUR"),
    ],
)
def test_the_price_of_a_bid(
    classifier: GrammarClassifier, text: str, price: float, currency: str | None
) -> None:
    lot = Lot(title="Ring", price=1000 if price > 1000 else 40, currency="USD")
    (verdict,) = classifier.judge([said(text, lot=lot, mode=SaleMode.AUCTION)])
    assert (verdict.slots.price, verdict.slots.currency) == (price, currency)


def test_a_dollar_is_the_lots_own_dollar(classifier: GrammarClassifier) -> None:
    (verdict,) = classifier.judge([said("$20?", lot=DRESS)])
    assert verdict.slots.currency == "CAD"


def test_several_claims_in_one_message(classifier: GrammarClassifier) -> None:
    codes = ShowRules(codes=("1-99",))
    (verdict,) = classifier.judge([said("26 38 74", rules=codes)])
    assert [claim.item for claim in verdict.claims] == ["26", "38", "74"]
    assert verdict.slots == verdict.claims[0]
    (verdict,) = classifier.judge([said("sold 100-110")])
    assert [claim.item for claim in verdict.claims] == [str(n) for n in range(100, 111)]
    (verdict,) = classifier.judge([said("sold A1 and A2")])
    assert [claim.item for claim in verdict.claims] == ["A1", "A2"]
    (verdict,) = classifier.judge([said("SOLD 43 L and 44 XL")])
    assert [(claim.item, claim.size) for claim in verdict.claims] == [("43", "L"), ("44", "XL")]


def test_a_single_claim_has_no_list(classifier: GrammarClassifier) -> None:
    (verdict,) = classifier.judge([said("sold 22")])
    assert verdict.claims == ()


def test_a_flood_of_claims_is_capped(classifier: GrammarClassifier) -> None:
    text = "sold " + " ".join(f"a{n}" for n in range(300))
    (verdict,) = classifier.judge([said(text)])
    assert len(verdict.claims) <= 50
    (verdict,) = classifier.judge([said("sold 1-999999999")])
    assert len(verdict.claims) <= 50


def test_what_a_rule_makes_of_a_number(classifier: GrammarClassifier) -> None:
    plain = Lot(title="Mystery dress", price=25, currency="USD")
    (size,) = classifier.judge([said("12", lot=plain, rules=ShowRules(number_is="size"))])
    (count,) = classifier.judge([said("12", lot=plain, rules=ShowRules(number_is="quantity"))])
    (price,) = classifier.judge([said("12", lot=plain, rules=ShowRules(number_is="price"))])
    assert size.slots == Slots(size="12")
    assert count.slots == Slots(quantity=12)
    assert price.slots == Slots(price=12)


def test_chatter_has_no_slots(classifier: GrammarClassifier) -> None:
    (verdict,) = classifier.judge([said("born in 84 lol", lot=CARD)])
    assert verdict.slots == Slots()

"""The shipped model reads a message beside what was said around it."""

from __future__ import annotations

import pytest

from dealflow.intents.ensemble import EnsembleClassifier
from dealflow.model.show import Lot, SaleMode, ShowRules
from tests.unit.intents.saying import said

DRESS = Lot(title="Linen dress", price=40)


@pytest.fixture(scope="module")
def shipped() -> EnsembleClassifier:
    return EnsembleClassifier.load()


@pytest.mark.parametrize(
    ("shop", "is_buyer"),
    [("last one, who wants it?", True), ("who is new here tonight?", False)],
)
def test_me_takes_what_was_offered_and_nothing_else(
    shipped: EnsembleClassifier, shop: str, is_buyer: bool
) -> None:
    (verdict,) = shipped.judge([said("me", lot=DRESS, mode=SaleMode.CLAIM, shop=shop)])
    assert (verdict.confidence >= 0.7) is is_buyer


@pytest.mark.parametrize(
    ("shop", "is_buyer"),
    [("", True), ("guess how many buttons are in this jar, closest wins it", False)],
)
def test_a_number_that_answers_a_riddle_claims_nothing_though_numbers_are_items(
    shipped: EnsembleClassifier, shop: str, is_buyer: bool
) -> None:
    rules = ShowRules(number_is="item")
    others = ("88", "120 maybe") if shop else ()
    asked = said(
        "43", lot=None, mode=SaleMode.CLAIM, rules=rules, shop=shop, others=others, numbers=others
    )
    (verdict,) = shipped.judge([asked])
    assert (verdict.confidence >= 0.7) is is_buyer

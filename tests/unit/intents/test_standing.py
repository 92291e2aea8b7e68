"""How an amount stands to what was said last."""

from __future__ import annotations

import pytest

from dealflow.intents.grammar import GrammarClassifier
from dealflow.model.intent import Intent
from dealflow.model.show import Lot, SaleMode
from tests.unit.intents.saying import said

GRAMMAR = GrammarClassifier()
CARD = Lot(title="Wembanyama Prizm Silver", price=1, currency="USD")


def step(text: str, *numbers: str) -> str | None:
    utterance = said(text, lot=CARD, mode=SaleMode.AUCTION, numbers=numbers)
    return GRAMMAR.read(utterance)[0].step


@pytest.mark.parametrize(
    ("text", "numbers", "name"),
    [
        ("325", ("300", "310"), "step"),
        ("310", ("300", "310"), "same"),
        ("400", ("300", "310"), "over"),
        ("80", ("40",), "high"),
        ("500", ("40",), "far"),
        ("38", ("40",), "under"),
        ("7", ("40",), "low"),
        ("4", ("40",), "short"),
        ("2.10", ("190", "200"), "short"),
        ("31", ("300",), "short"),
        ("2.3", ("230",), "short"),
        ("1.2", ("1,000",), "short"),
        ("90", ("1,000",), "low"),
        ("$45", ("40 here",), "step"),
        ("1,100", ("1,000",), "step"),
        ("45", ("٤٠",), "step"),
        ("45", ("40", "2 for 1 lol", "9/10", "0"), "step"),
        ("45", (), "first"),
        ("45", ("hm", "2 or 3"), "first"),
        ("nice", ("40",), None),
    ],
)
def test_an_amount_is_a_step_from_the_last(
    text: str, numbers: tuple[str, ...], name: str | None
) -> None:
    assert step(text, *numbers) == name


@pytest.mark.parametrize(
    ("text", "numbers", "intent"),
    [
        ("750", ("700",), Intent.BID),
        ("$750", ("700",), Intent.BID),
        ("750 here", ("700",), Intent.BID),
        ("750", (), Intent.CHATTER),
        ("$750", (), Intent.CHATTER),
        ("750 here", (), Intent.CHATTER),
        ("4000", ("700",), Intent.CHATTER),
    ],
)
def test_in_an_auction_the_next_step_is_a_bid_however_far_the_price_is(
    text: str, numbers: tuple[str, ...], intent: Intent
) -> None:
    utterance = said(text, lot=CARD, mode=SaleMode.AUCTION, numbers=numbers)
    assert GRAMMAR.find(utterance).intent is intent


def test_a_flood_of_lines_costs_no_more_than_the_newest() -> None:
    assert step("45", "40", *["no number"] * 1_000) == "first"

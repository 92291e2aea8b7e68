"""The colour that a message names, in many scripts, and what only looks like one."""

from __future__ import annotations

import pytest

from dealflow.intents.grammar import GrammarClassifier
from dealflow.intents.slots.colors import listed_colors
from dealflow.intents.slots.reader import read_slots
from dealflow.model.intent import Intent
from dealflow.model.show import Lot
from tests.unit.intents.saying import said


def color(classifier: GrammarClassifier, text: str, title: str) -> str | None:
    evidence, _ = classifier.read(said(text, lot=Lot(title=title, price=40)))
    return read_slots(evidence, Intent.CLAIM, text)[0].color


@pytest.mark.parametrize(
    ("text", "title", "expected"),
    [
        ("好 绿的我收", "手帐本", "绿"),
        ("那就白色", "手帳本", "白色"),
        ("いま送金するから", "カセット", None),
        ("金魚ちゃん連れて帰ります", "帯留め 金魚", None),
        ("孩子的奶粉錢豁出去", "鋼筆", None),
        ("thỏ hồng nha", "Dép", "hồng"),
        ("có về em hông", "Dép", None),
        ("chở tận vườn nghen", "Mai", None),
        ("the tan one", "Bag", "tan"),
        ("gas warna army", "Gamis", "army"),
        ("mint for me", "Tudung, pilih: mint, nude, maroon", "mint"),
        ("15 taba bana", "Deri defter taba/siyah", "taba"),
        ("dört petrol", "Kılıf hardal-petrol-bordo", "petrol"),
        ("xs me", "Jogger, khaki, XS", None),
        ("add it to the green cart", "Jogger", None),
    ],
)
def test_what_is_a_colour(
    classifier: GrammarClassifier, text: str, title: str, expected: str | None
) -> None:
    assert color(classifier, text, title) == expected


@pytest.mark.parametrize(
    ("title", "colors"),
    [
        ("Leash teal/coral", {"teal", "coral"}),
        ("Tote olive/taupe", {"olive", "taupe"}),
        ("Vase, white, medium", set()),
        ("Scarf: black, white, sand", {"black", "white", "sand"}),
        ("Shirt S/M, red", set()),
        ("", set()),
        ("/" * 300, set()),
    ],
)
def test_what_a_title_lists(title: str, colors: set[str]) -> None:
    assert listed_colors(title) == colors

"""What the encoder marked completes what the rules read, and never replaces a code."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from dealflow.intents.encoder.inputs import plain
from dealflow.intents.encoder.spans import Tag, cut
from dealflow.intents.grammar import GrammarClassifier
from dealflow.intents.slots.marked import Marks, completed, with_marks
from dealflow.intents.slots.reader import read_slots
from dealflow.model.intent import Intent, Slots
from dealflow.model.show import Lot, SaleMode, ShowRules
from tests.unit.intents.saying import CUFF, said
from tests.unit.intents.test_spans import Words

NONE, ITEM, COLOR, SIZE = Tag.NONE, Tag.ITEM, Tag.COLOR, Tag.SIZE
QUANTITY, PRICE = Tag.QUANTITY, Tag.PRICE


def marks(text: str, tags: Sequence[Tag], sure: float = 9) -> Marks:
    scores = np.eye(len(Tag), dtype=np.float32)[list(tags)] * sure
    return Marks(lambda one: cut(Words(), plain(one)), text, scores)


def slots(
    classifier: GrammarClassifier,
    text: str,
    *tags: Tag,
    intent: Intent = Intent.CLAIM,
    lot: Lot = CUFF,
    sure: float = 9,
) -> Slots:
    evidence, _ = classifier.read(said(text, lot=lot, mode=SaleMode.CLAIM))
    rules, _ = read_slots(evidence, intent, text)
    return with_marks(rules, marks(text, tags, sure), evidence)


@pytest.mark.parametrize(
    ("text", "tags", "expected"),
    [
        ("that Makita thing goes home", (NONE, ITEM, NONE, NONE, NONE), Slots(item="Makita")),
        ("teal for my sister", (COLOR, NONE, NONE, NONE), Slots(color="teal")),
        ("una roja porfa", (QUANTITY, COLOR, NONE), Slots(quantity=1, color="roja")),
        ("XLT one", (SIZE, NONE), Slots(size="XLT")),
    ],
)
def test_words_that_no_rule_knows_fill_a_slot(
    classifier: GrammarClassifier, text: str, tags: tuple[Tag, ...], expected: Slots
) -> None:
    found = slots(classifier, text, *tags)
    for name in ("item", "quantity", "size", "color"):
        if getattr(expected, name) is not None:
            assert getattr(found, name) == getattr(expected, name)


def test_a_code_of_the_show_stays_what_the_rules_read(classifier: GrammarClassifier) -> None:
    assert slots(classifier, "22 bowl", NONE, ITEM).item == "22"


def test_a_number_that_is_no_code_here_may_be_denied(classifier: GrammarClassifier) -> None:
    assert slots(classifier, "replace my 96 model", NONE, NONE, NONE, NONE).item is None
    assert slots(classifier, "replace my 96 model", NONE, NONE, ITEM, NONE).item == "96"


def test_where_the_encoder_is_not_sure_the_rules_count(classifier: GrammarClassifier) -> None:
    read = slots(classifier, "two please size 7", NONE, NONE, NONE, NONE, sure=0.5)
    assert (read.quantity, read.size) == (2, "7")


def test_what_the_encoder_denies_is_no_slot(classifier: GrammarClassifier) -> None:
    read = slots(classifier, "two please size 7", NONE, NONE, NONE, NONE)
    assert (read.quantity, read.size) == (None, None)


def test_a_price_keeps_the_currency_that_was_written(classifier: GrammarClassifier) -> None:
    offer = slots(
        classifier, "would you do 20 euros", NONE, NONE, NONE, PRICE, NONE, intent=Intent.BID
    )
    assert (offer.price, offer.currency) == (20, "EUR")


def test_a_mark_that_is_no_number_counts_nothing(classifier: GrammarClassifier) -> None:
    assert slots(classifier, "loads please", QUANTITY, NONE).quantity is None
    assert slots(classifier, "cheap please", PRICE, NONE, intent=Intent.BID).price is None


def test_what_a_rule_of_the_seller_read_stands_and_marks_complete_it(
    classifier: GrammarClassifier,
) -> None:
    text = "sold M teal"
    evidence, _ = classifier.read(said(text))
    rules = Slots(size="M")
    found = completed(rules, marks(text, (NONE, NONE, SIZE)), evidence)
    assert found.size == "M"
    found = completed(rules, marks(text, (NONE, NONE, COLOR)), evidence)
    assert (found.size, found.color) == ("M", "teal")


def test_a_mark_ends_where_its_word_ends(classifier: GrammarClassifier) -> None:
    assert slots(classifier, "tan, 7, mine", NONE, SIZE, NONE).size == "7"


def test_one_word_is_a_size_or_an_item(classifier: GrammarClassifier) -> None:
    jeans = Lot(title="Levi's 501, 30-36", price=40, currency="USD")
    assert slots(classifier, "XLT one", ITEM, NONE).item == "XLT"
    read = slots(classifier, "32 mine", SIZE, NONE, lot=jeans)
    assert (read.item, read.size) == (None, "32")
    read = slots(classifier, "22 mine", SIZE, NONE)
    assert (read.item, read.size) == ("22", None)


def test_what_cannot_be_a_size_is_none(classifier: GrammarClassifier) -> None:
    assert slots(classifier, "m e", SIZE, SIZE).size == "m"
    text = "sold 14E"
    rules = ShowRules(number_is="price")
    evidence, _ = classifier.read(said(text, rules=rules))
    assert with_marks(Slots(), marks(text, (NONE, SIZE)), evidence).size is None


def test_a_part_of_what_the_rules_read_is_not_all_of_it(classifier: GrammarClassifier) -> None:
    jumper = Lot(title="Poppy jumper, S/M and L/XL", price=40, currency="USD")
    evidence, _ = classifier.read(said("L/XL here", lot=jumper))
    found = with_marks(Slots(size="L/XL"), marks("xl here", (SIZE, NONE)), evidence)
    assert found.size == "L/XL"

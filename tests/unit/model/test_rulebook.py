"""What the seller set wins over what was announced; of two announcements the later wins."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dealflow.model.rulebook import MAX_LEARNED, Rulebook
from dealflow.model.show import RulesPatch, ShowRules

PATCHES = st.builds(
    RulesPatch,
    claim_words=st.lists(st.sampled_from(["sold", "mine", "cf"]), max_size=2).map(tuple),
    number_is=st.sampled_from([None, "item", "price"]),
    retract=st.sampled_from([None, True, False]),
    plus_n=st.sampled_from([None, True, False]),
)


def test_nothing_is_known_before_anything_was_said() -> None:
    assert Rulebook(None).rules is None


def test_an_announcement_changes_the_rules_and_the_later_one_wins() -> None:
    book = Rulebook(None)
    assert book.hear(RulesPatch(number_is="item"), "m1", "a bare number is an item")
    assert book.hear(RulesPatch(number_is="price"), "m2", "a bare number is a price")
    assert book.rules == ShowRules(number_is="price")
    assert [entry.source for entry in book.learned] == ["m2"]


def test_what_changes_nothing_is_not_learned() -> None:
    book = Rulebook(None)
    book.hear(RulesPatch(number_is="item"), "m1", "")
    assert not book.hear(RulesPatch(number_is="item"), "m2", "")
    assert [entry.source for entry in book.learned] == ["m1"]


def test_the_seller_wins() -> None:
    own = ShowRules(number_is="price", retract=False, claim_words=("dibs",))
    book = Rulebook(own)
    assert not book.hear(RulesPatch(number_is="item", retract=True), "m1", "")
    assert book.hear(RulesPatch(claim_words=("sold",)), "m2", "")
    assert book.rules is not None
    assert book.rules.claim_words == ("dibs", "sold")
    assert (book.rules.number_is, book.rules.retract) == ("price", False)


def test_a_seller_can_forbid_learning() -> None:
    book = Rulebook(ShowRules(learn=False))
    assert not book.hear(RulesPatch(number_is="item"), "m1", "")


def test_what_was_not_stored_is_forgotten() -> None:
    book = Rulebook(None)
    book.hear(RulesPatch(number_is="item"), "m1", "")
    book.forget(["m1"])
    assert book.rules is None
    assert book.hear(RulesPatch(number_is="item"), "m3", "")


@given(st.lists(PATCHES, max_size=60), st.none() | st.builds(ShowRules, number_is=st.just("size")))
def test_the_rules_are_those_of_a_book_opened_again(
    patches: list[RulesPatch], own: ShowRules | None
) -> None:
    book = Rulebook(own)
    for place, patch in enumerate(patches):
        book.hear(patch, f"m{place}", "")
    assert Rulebook(own, book.learned).rules == book.rules
    assert len(book.learned) <= MAX_LEARNED
    if own is not None and book.rules is not None:
        assert book.rules.number_is == "size"

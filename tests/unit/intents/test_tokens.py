from __future__ import annotations

import pytest

from dealflow.intents import tokens
from dealflow.intents.normalise import normalise
from dealflow.intents.numbers import amount, spelled
from dealflow.intents.tokens import Kind, tokenise

WORDS = frozenset({"mine", "sold"})


def cut(text: str) -> list[tuple[str, Kind]]:
    return [(token.text, token.kind) for token in tokenise(normalise(text), WORDS, WORDS)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("20", 20),
        ("1,200", 1200),
        ("1.200", 1200),
        ("1.200,50", 1200.5),
        ("1,200.50", 1200.5),
        ("20,50", 20.5),
        ("7.5", 7.5),
        ("0.125", 0.125),
        ("12:30", None),
        ("1/2", None),
        ("1" * 30, None),
    ],
)
def test_amounts_in_local_forms(text: str, value: float | None) -> None:
    assert amount(text) == value


@pytest.mark.parametrize(
    ("first", "second", "number"),
    [
        ("seventy", "five", (75, 2)),
        ("seven", "fifty", (750, 2)),
        ("two", "hundred", (200, 2)),
        ("twenty", "", (20, 1)),
        ("hundred", "", (100, 1)),
        ("ten", "dollars", (10, 1)),
        ("two", "please", None),
        ("mine", "", None),
    ],
)
def test_numbers_spelled_out(first: str, second: str, number: tuple[float, int] | None) -> None:
    assert spelled(first, second) == number


@pytest.mark.parametrize(
    ("text", "kind", "value", "currency"),
    [
        ("$20", Kind.MONEY, 20, "$"),
        ("20$", Kind.MONEY, 20, "$"),
        ("€ 1.200,50", Kind.MONEY, 1200.5, "EUR"),
        ("20 euros", Kind.MONEY, 20, "EUR"),
        ("50rb", Kind.MONEY, 50_000, None),
        ("150k", Kind.MONEY, 150_000, None),
        ("Rp 50", Kind.MONEY, 50, "IDR"),
        ("3000円", Kind.MONEY, 3000, "JPY"),
        ("fifty bucks", Kind.MONEY, 50, "USD"),
        ("x2", Kind.COUNT, 2, None),
        ("2 pcs", Kind.COUNT, 2, None),
        ("x 3", Kind.COUNT, 3, None),
        ("43", Kind.NUMBER, 43, None),
        ("#43", Kind.CODE, None, None),
        ("a12", Kind.CODE, None, None),
        ("23C", Kind.CODE, None, None),
        ("12:30", Kind.WORD, None, None),
    ],
)
def test_numbers_become_what_they_are(
    text: str, kind: Kind, value: float | None, currency: str | None
) -> None:
    (token,) = tokenise(normalise(text), WORDS, WORDS)
    assert (token.kind, token.value, token.currency) == (kind, value, currency)


def test_a_claim_word_glued_to_a_number_is_two() -> None:
    assert cut("sold123") == [("sold", Kind.WORD), ("123", Kind.NUMBER)]
    assert cut("Mine23C") == [("mine", Kind.WORD), ("23c", Kind.CODE)]


def test_what_was_cut_before_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of letters is cut once; what a show's own words cut apart is cut each time anew."""
    first = cut("mineeee!! 🙋 sold12 twenty")
    assert cut("mineeee!! 🙋 sold12 twenty") == first
    assert tokenise("sold12", WORDS, frozenset())[0].kind is Kind.CODE
    assert [token.text for token in tokenise("sold12", WORDS, WORDS)] == ["sold", "12"]
    assert tokenise("mineeee", frozenset(), WORDS)[0].text == "minee"
    monkeypatch.setattr(tokens, "MAX_RUNS", 0)
    assert cut("mineeee!! 🙋 sold12 twenty") == first


def test_unspaced_scripts_are_cut_to_characters() -> None:
    assert [text for text, _ in cut("我要了")] == ["我", "要", "了"]
    assert [text for text, _ in cut("저요")] == ["저", "요"]
    assert [text for text, _ in cut("मेरा है")] == ["मेरा", "है"]


def test_links_mentions_marks_and_emoji() -> None:
    kinds = [kind for _, kind in cut("@amy look www.shop.example/x ! 🔥")]
    assert kinds == [Kind.MENTION, Kind.WORD, Kind.LINK, Kind.BREAK, Kind.EMOJI]

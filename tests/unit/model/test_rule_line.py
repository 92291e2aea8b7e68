"""A seller's one line of rules is understood in many wordings, and said back in one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealflow.errors import InputInvalid
from dealflow.model.rule_line import MAX_LINE, USUAL, describe, parse_rules
from dealflow.model.show import ShowRules


@pytest.mark.parametrize(
    ("line", "rules"),
    [
        (
            "number = price; codes A1-A99; claim words: sold, mine, got it; +N; size means claim;"
            " one per buyer; no retract",
            ShowRules(
                number_is="price",
                codes=("A1-A99",),
                claim_words=("sold", "mine", "got it"),
                plus_n=True,
                size_claims=True,
                one_per_buyer=True,
                retract=False,
            ),
        ),
        ("numbers are items", ShowRules(number_is="item")),
        ("a bare number is the price", ShowRules(number_is="price")),
        ("claim by number", ShowRules(number_is="item")),
        ("NUMBERS = SIZES", ShowRules(number_is="size")),
        ("number means quantity", ShowRules(number_is="quantity")),
        ("max 1 per person", ShowRules(one_per_buyer=True)),
        ("limit one per customer", ShowRules(one_per_buyer=True)),
        ("no put-backs", ShowRules(retract=False)),
        ("all claims are final", ShowRules(retract=False)),
        ("item number required", ShowRules(require_item=True)),
        ("don't jump ahead", ShowRules(early=False)),
        ("no +1", ShowRules(plus_n=False)),
        ("no size claims", ShowRules(size_claims=False)),
        ("only these rules", ShowRules(learn=False)),
        ("type SOLD", ShowRules(claim_words=("SOLD",))),
        ("claim with: dibs", ShowRules(claim_words=("dibs",))),
        ("codes A1 to A99, b7", ShowRules(codes=("A1-A99", "b7"))),
        ("claim words: 🙋 / yes please", ShowRules(claim_words=("🙋", "yes please"))),
        (
            "numbers are prices, claim words: sold, mine, one per buyer, no cancelling",
            ShowRules(
                number_is="price", claim_words=("sold", "mine"), one_per_buyer=True, retract=False
            ),
        ),
        (
            "números = precio; palabras: mío y quiero; uno por persona; sin cancelaciones",
            ShowRules(
                number_is="price", claim_words=("mío", "quiero"), one_per_buyer=True, retract=False
            ),
        ),
        (
            "Nummer = Artikel; Wörter: meins, nehm ich; einer pro Person; keine Stornierung",
            ShowRules(
                number_is="item",
                claim_words=("meins", "nehm ich"),
                one_per_buyer=True,
                retract=False,
            ),
        ),
        (
            "numéro = article; mots: je prends, pour moi; un par personne; sans annulation",
            ShowRules(
                number_is="item",
                claim_words=("je prends", "pour moi"),
                one_per_buyer=True,
                retract=False,
            ),
        ),
        (
            "numero = prezzo; parole: mio; uno a persona",
            ShowRules(number_is="price", claim_words=("mio",), one_per_buyer=True),
        ),
        (
            "números = tamanho; palavras: quero; um por pessoa",
            ShowRules(number_is="size", claim_words=("quero",), one_per_buyer=True),
        ),
        (
            "nomor = barang; ketik KEEP; satu per orang; tidak bisa cancel",
            ShowRules(
                number_is="item", claim_words=("KEEP",), one_per_buyer=True, retract=False
            ),
        ),
        (
            "รหัส A1-A50; พิมพ์ CF; คนละชิ้น; ห้ามยกเลิก",
            ShowRules(
                codes=("A1-A50",), claim_words=("CF",), one_per_buyer=True, retract=False
            ),
        ),
        (
            "số = giá; từ khóa: chốt; không hủy",
            ShowRules(number_is="price", claim_words=("chốt",), retract=False),
        ),
        (
            "数字=价格；关键词：要；每人限购一件；不可取消",
            ShowRules(
                number_is="price", claim_words=("要",), one_per_buyer=True, retract=False
            ),
        ),
        (
            "番号=商品；お一人様1点；キャンセル不可",
            ShowRules(number_is="item", one_per_buyer=True, retract=False),
        ),
        ("", ShowRules()),
        (USUAL, ShowRules()),
    ],
)  # fmt: skip
def test_a_line_as_people_type_it(line: str, rules: ShowRules) -> None:
    assert parse_rules(line) == rules


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("number = price; blah blah", "blah blah"),
        ("codes banana", "codes banana"),
        ("first come", "first come"),
        ("number = banana", "number = banana"),
        ("one per buyer, whatever", "whatever"),
    ],
)
def test_what_was_not_understood_is_named_and_what_is_possible_is_said(
    line: str, part: str
) -> None:
    with pytest.raises(InputInvalid, match=part) as caught:
        parse_rules(line)
    assert "number = item" in caught.value.advice


@pytest.mark.parametrize("word", ["ßz", "sz", "size"])
def test_a_claim_word_may_look_like_a_size(word: str) -> None:
    assert parse_rules(f"claim words: {word}") == ShowRules(claim_words=(word,))


def test_a_line_is_bounded() -> None:
    with pytest.raises(InputInvalid):
        parse_rules("a" * (MAX_LINE + 1))
    with pytest.raises(InputInvalid):
        parse_rules("claim words: " + ", ".join(f"w{n}" for n in range(150)))


_WORD = st.text("abcdefgxyzäñßคจ要🙋", min_size=1, max_size=8)
_CODE = st.from_regex(r"[A-Z]{0,2}[1-9][0-9]{0,3}(-[A-Z]{0,2}[1-9][0-9]{0,3})?", fullmatch=True)


@given(
    st.builds(
        ShowRules,
        claim_words=st.lists(_WORD, max_size=4, unique=True).map(tuple),
        number_is=st.sampled_from([None, "item", "price", "size", "quantity"]),
        codes=st.lists(_CODE, max_size=4, unique=True).map(tuple),
        require_item=st.booleans(),
        retract=st.booleans(),
        one_per_buyer=st.booleans(),
        early=st.booleans(),
        plus_n=st.sampled_from([None, True, False]),
        size_claims=st.sampled_from([None, True, False]),
        learn=st.booleans(),
    )
)
def test_what_is_described_is_read_back(rules: ShowRules) -> None:
    assert parse_rules(describe(rules)) == rules


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(line: str) -> None:
    try:
        rules = parse_rules(line)
    except InputInvalid:
        return
    assert parse_rules(describe(rules)) == rules

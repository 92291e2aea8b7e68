"""A claim, a price question and a refusal in every language, with the noise of chat."""

from __future__ import annotations

import pytest

from dealflow.intents.grammar import GrammarClassifier
from dealflow.model.intent import Intent
from tests.unit.intents.saying import said

CLAIMS = {
    "en": ("mine", "I'll take it"),
    "es": ("yo lo quiero", "me lo llevo", "apártamelo porfa"),
    "pt": ("eu quero", "é meu", "separa pra mim"),
    "fr": ("c'est pour moi", "je le prends"),
    "de": ("meins!", "nehme ich"),
    "it": ("lo prendo io", "mia!"),
    "fil": ("akin na po", "kunin ko na"),
    "id": ("keep kak", "saya ambil"),
    "th": ("มายค่ะ", "cf ค่ะ", "เอาตัวนี้ค่ะ"),
    "vi": ("chốt đơn", "em lấy cái này"),
    "zh": ("我要了", "拍了"),
    "ja": ("買います", "これください"),
    "ko": ("저요", "제가 살게요"),
    "ar": ("احجزيها لي", "ابيها"),
    "hi": ("ye mujhe chahiye", "मैं लूंगी"),
    "tr": ("alıyorum", "bana ayırın"),
    "pl": ("biorę", "poproszę tę"),
    "nl": ("ik neem hem", "voor mij"),
}
PRICES = {
    "en": "how much", "es": "cuánto cuesta", "pt": "quanto custa", "fr": "c'est combien",
    "de": "was kostet das", "it": "quanto costa", "fil": "magkano po", "id": "berapa harganya",
    "th": "ราคาเท่าไหร่คะ", "vi": "giá bao nhiêu", "zh": "多少钱", "ja": "いくらですか",
    "ko": "얼마예요", "ar": "بكم", "hi": "kitne ka hai", "tr": "ne kadar", "pl": "ile kosztuje",
    "nl": "hoeveel kost het",
}  # fmt: skip
REFUSALS = {
    "en": "too expensive for me", "es": "está muy caro para mí", "pt": "tá caro pra mim",
    "fr": "trop cher pour moi", "de": "zu teuer für mich", "it": "troppo caro per me",
    "fil": "wala na akong budget", "id": "belum gajian", "th": "แพงไปค่ะ", "vi": "hết tiền rồi",
    "zh": "太贵了", "ja": "高すぎます", "ko": "너무 비싸요", "ar": "غالية",
    "hi": "bahut mehnga hai",
    "tr": "çok pahalı", "pl": "za drogo dla mnie", "nl": "te duur",
}  # fmt: skip
NOISE = ("{}", "{} 🙋🏽‍♀️", "{}!!!", "{} ❤️❤️", "  {}  ", "{}\u200b")


@pytest.mark.parametrize("lang", CLAIMS)
@pytest.mark.parametrize("noise", NOISE)
def test_claims_in_every_language(classifier: GrammarClassifier, lang: str, noise: str) -> None:
    for claim in CLAIMS[lang]:
        for text in (noise.format(claim), noise.format(claim).upper()):
            (verdict,) = classifier.judge([said(text)])
            assert verdict.intent is Intent.CLAIM, text
            assert verdict.confidence >= 0.7, text


@pytest.mark.parametrize("lang", PRICES)
def test_price_questions_in_every_language(classifier: GrammarClassifier, lang: str) -> None:
    for text in (PRICES[lang], PRICES[lang] + "?"):
        (verdict,) = classifier.judge([said(text)])
        assert verdict.intent is Intent.PRICE_QUESTION, text


@pytest.mark.parametrize("lang", REFUSALS)
def test_refusals_in_every_language(classifier: GrammarClassifier, lang: str) -> None:
    (verdict,) = classifier.judge([said(REFUSALS[lang])])
    assert verdict.intent is Intent.DECLINED


@pytest.mark.parametrize("hint", ["es", "es-MX", "xx", "", "tlh-Latn", "de"])
def test_a_wrong_hint_does_no_harm(classifier: GrammarClassifier, hint: str) -> None:
    (verdict,) = classifier.judge([said("me lo llevo", lang=hint)])
    assert verdict.intent is Intent.CLAIM

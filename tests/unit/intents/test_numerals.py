from __future__ import annotations

import time
import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealflow.intents.grammar import GrammarClassifier
from dealflow.intents.normalise import normalise
from dealflow.intents.slots.numerals import said_in_words
from dealflow.intents.slots.reader import read_slots
from dealflow.intents.slots.speech import LANGUAGES, SPEECHES
from dealflow.intents.slots.spoken import Amount
from dealflow.intents.tokens import Token, tokenise
from dealflow.model.intent import Intent
from dealflow.model.show import Lot, SaleMode
from tests.unit.intents.saying import said


def _tokens(classifier: GrammarClassifier, text: str) -> list[Token]:
    return tokenise(normalise(text), classifier.lexicon.vocabulary, frozenset())


def _read(
    classifier: GrammarClassifier,
    text: str,
    lang: str | None = None,
    *,
    lone: bool = False,
    price: float | None = None,
) -> list[Amount]:
    tokens = _tokens(classifier, text)
    mask = classifier.lexicon.languages(tokens, classifier.lexicon.look_up(tokens), lang)
    return said_in_words(tokens, mask, text, lone=lone, price=price)


NUMBERS: dict[str, dict[str, float]] = {
    "es": {
        "cuatro cincuenta": 450, "mil quinientos": 1500, "cien mil": 100_000, "treinta y cinco": 35,
        "dos mil trescientos cincuenta": 2350, "2 mil 500 pesos": 2500, "veintiocho": 28,
        "dieciséis y medio": 16.5,
    },
    "fr": {
        "vingt-huit": 28, "quatre-vingts": 80, "quatre-vingt-dix-sept": 97, "douze cinquante": 12.5,
        "soixante et onze": 71, "septante-deux": 72, "huitante": 80, "nonante-neuf": 99,
        "deux cent cinquante": 250, "mille deux cents": 1200, "douze euros cinquante": 12.5,
    },
    "de": {
        "neunzehn": 19, "fünfundneunzig": 95, "zweihundertfünfundzwanzig": 225, "einundzwanzig": 21,
        "hundertfünfzig": 150, "tausendzweihundert": 1200, "fünf und neunzig": 95,
        "vier fünfzig": 4.5,
    },
    "it": {
        "settantadue": 72, "ventotto": 28, "centocinquanta": 150, "millecinquecento": 1500,
        "tremila": 3000, "diciassette euro e cinquanta": 17.5,
    },
    "nl": {
        "achttien": 18, "vijfentwintig": 25, "tweeëntwintig": 22, "honderdvijftig": 150,
        "duizend": 1000,
    },
    "pl": {
        "stówa": 100, "czterysta dwadzieścia pięć": 425, "dwie stówy": 200, "pięć dych": 50,
        "tysiąc dwieście": 1200, "półtora tysiąca": 1500, "dwieście pięćdziesiąt złotych": 250,
    },
    "pt": {
        "cinquenta": 50, "mil": 1000, "cem": 100, "mil e duzentos": 1200,
        "duzentos e trinta e cinco": 235, "doze e cinquenta": 12.5,
    },
    "fil": {
        "isang libo": 1000, "kwatro syentos": 400, "apat na raan": 400, "dalawampu't lima": 25,
        "bente singko": 25, "limang libo": 5000, "dos syentos singkwenta": 250, "labing-isa": 11,
    },
    "id": {
        "tiga juta seratus": 3_100_000, "dua tujuh lima": 275, "dua ratus ribu": 200_000,
        "tiga ratus lima puluh ribu": 350_000, "dua belas": 12, "setengah juta": 500_000,
        "satu setengah juta": 1_500_000, "25 ribu 500": 25_500, "sejuta dua": 1_200_000,
    },
    "vi": {
        "một triệu hai": 1_200_000, "1tr6": 1_600_000, "1tr65": 1_650_000, "1k1": 1100,
        "hai trăm rưỡi": 250, "ba mươi lăm": 35, "một trăm linh năm": 105, "1 củ 8": 1_800_000,
        "năm trăm nghìn": 500_000, "hai triệu rưỡi": 2_500_000,
    },
    "th": {
        "พันเจ็ด": 1700, "ห้าร้อย": 500, "สองพันห้าร้อย": 2500, "ยี่สิบเอ็ด": 21, "พันครึ่ง": 1500,
        "สามร้อยห้าสิบบาท": 350, "หมื่นห้า": 15_000, "พันนึงค่ะ": 1000,
    },
    "zh": {
        "五百五": 550, "四千五": 4500, "一百二十": 120, "两万五": 25_000, "一千零五十": 1050,
        "二百零五": 205, "十五块": 15, "3万5": 35_000,
    },
    "ja": {"三千五百円": 3500, "三十五円": 35, "2万5千円": 25_000},
    "ko": {
        "3만3천": 33_000, "삼만오천원": 35_000, "삼만팔": 38_000, "이백오십만": 2_500_000,
        "2만5천이면": 25_000,
    },
    "ar": {
        "خمسين": 50, "ثلاثمية وخمسين": 350, "الفين وستمية": 2600, "خمسة وعشرين": 25,
        "ثلاث الاف": 3000, "ثلاثمئة": 300, "خمسطعش": 15, "بمية دينار": 100,
    },
    "hi": {
        "पचपन सौ": 5500, "baarah": 12, "साढ़े अठारह हज़ार": 18_500, "डेढ़ सौ": 150, "ढाई हज़ार": 2500,
        "सवा लाख": 125_000, "पौने दो सौ": 175, "do hazaar paanch sau": 2500,
    },
    "tr": {
        "altı bin": 6000, "yüz elli": 150, "bin beş yüz": 1500, "yirmibeş": 25, "on beş": 15,
        "bir buçuk bin": 1500, "sekiz bine": 8000,
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("lang", "text", "value"),
    [(lang, text, value) for lang, table in NUMBERS.items() for text, value in table.items()],
)
def test_numbers_in_the_words_of_a_language(
    classifier: GrammarClassifier, lang: str, text: str, value: float
) -> None:
    assert [one.value for one in _read(classifier, text, lang)] == [value]


def test_two_numbers_in_a_row(classifier: GrammarClassifier) -> None:
    assert [one.value for one in _read(classifier, "加一百 六百五")] == [100, 650]
    assert [one.value for one in _read(classifier, "treinta o cuarenta")] == [30, 40]


@pytest.mark.parametrize(
    "text",
    [
        "once upon a time", "that one is to die for", "I have six kids", "come on guys",
        "ich bin dabei", "ich bin raus", "the bus is on time", "do it so well", "sat on the char",
        "un ragazzo", "das ist so schön", "k 221", "1k 1", "tu le fais à 30 ?", "sei super",
        "รับสามารถ", "ไปห้างสรรพสินค้า", "万一没有", "千万别", "추천해요", "이것만 주세요", "我一个人",
        "-", "puluh", "2 - 3", "",
    ],
)  # fmt: skip
def test_words_that_are_no_numbers(classifier: GrammarClassifier, text: str) -> None:
    assert _read(classifier, text) == []


def test_a_shared_word_needs_its_language(classifier: GrammarClassifier) -> None:
    tokens = _tokens(classifier, "once")
    assert said_in_words(tokens, None) == []
    assert [one.value for one in _read(classifier, "once", "es")] == [11]
    assert [one.value for one in said_in_words(_tokens(classifier, "mil cien"), None)] == [1100]


def test_a_small_number_counts_only_where_it_is_asked_for(classifier: GrammarClassifier) -> None:
    assert _read(classifier, "fünf") == []
    assert [one.value for one in _read(classifier, "fünf", lone=True)] == [5]
    assert _read(classifier, "ein", "de", lone=True) == []


@pytest.mark.parametrize(
    ("text", "price", "value"),
    [
        ("cuatro cincuenta", 5, 4.5),
        ("cuatro cincuenta", 400, 450),
        ("vier fünfzig", 400, 450),
        ("bốn rưỡi", 4_600_000, 4_500_000),
        ("bảy tám nhé", 700_000, 780_000),
        ("yedi beş yüz", 6_500, 7_500),
        ("iki buçuk", 2_000, 2_500),
    ],
)
def test_the_price_of_the_lot_decides(
    classifier: GrammarClassifier, text: str, price: float, value: float
) -> None:
    assert [one.value for one in _read(classifier, text, price=price)] == [value]


def test_money_belongs_to_the_number(classifier: GrammarClassifier) -> None:
    (one,) = _read(classifier, "doy treinta y cinco euros")
    assert one == Amount(35, 1, 5, spoken=True, money=True)


def test_the_languages_are_those_of_the_lexicon(classifier: GrammarClassifier) -> None:
    lexicon = classifier.lexicon
    bits = {lang: 1 << at for at, lang in enumerate(LANGUAGES)}
    words = {"en": "please", "de": "ich", "es": "gracias", "tr": "lütfen", "zh": "谢"}
    for lang, word in words.items():
        tokens = _tokens(classifier, word)
        assert lexicon.languages(tokens, lexicon.look_up(tokens), None) & bits[lang]
    shipped = files("dealflow.intents.lexicon").iterdir()
    names = {entry.name.removesuffix(".toml") for entry in shipped if entry.name.endswith(".toml")}
    assert set(LANGUAGES) == names - {"colors"}
    assert list(LANGUAGES) == ["en", *sorted(set(LANGUAGES) - {"en"})]


def test_words_are_spelled_as_the_message_is() -> None:
    raw = files("dealflow.intents.slots").joinpath("numerals.toml").read_text("utf-8")
    for table in tomllib.loads(raw).values():
        words = " ".join(text for text in table.values() if isinstance(text, str)).split()
        assert [word for word in words if normalise(word) != word] == []
    for speech in SPEECHES:
        assert speech.shared <= set(speech.parts)


_WORDS = sorted({word for speech in SPEECHES for word in speech.parts} | {"-", "3만", "1tr", "7"})


@given(
    st.lists(st.sampled_from(_WORDS) | st.text(max_size=8), max_size=40),
    st.sampled_from(["", " "]),
    st.none() | st.integers(-1, (1 << len(LANGUAGES)) - 1),
    st.none() | st.floats(allow_nan=True),
)
def test_anything_can_be_read(
    words: list[str], between: str, languages: int | None, price: float | None
) -> None:
    text = between.join(words)
    tokens = tokenise(normalise(text), frozenset(), frozenset())
    end = 0
    for one in said_in_words(tokens, languages, text, lone=True, price=price):
        assert end <= one.start < one.end <= len(tokens)
        assert one.value > 0
        end = one.end


@pytest.mark.parametrize("word", ["一", "百", "mil ", "二百", "tiga ", "und", "cinquanta"])
def test_a_flood_is_read_in_time(classifier: GrammarClassifier, word: str) -> None:
    tokens = _tokens(classifier, word * 2_000)
    start = time.perf_counter()
    said_in_words(tokens, -1, word, lone=True)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    ("text", "price", "lot", "currency"),
    [
        ("vingt-huit", 28, Lot(title="Jupe", price=25, currency="EUR"), None),
        ("je monte à quatre-vingts euros", 80, Lot(title="Sac", price=70, currency="EUR"), "EUR"),
        ("cuatro cincuenta", 450, Lot(title="Falda", price=400, currency="MXN"), None),
        ("mil", 1000, Lot(title="Bolsa", price=900, currency="BRL"), None),
        ("fünfundneunzig", 95, Lot(title="Kleid", price=90, currency="EUR"), None),
        ("1tr6", 1_600_000, Lot(title="Túi", price=1_500_000, currency="VND"), None),
        ("dua tujuh lima", 275_000, Lot(title="Tas", price=250_000, currency="IDR"), None),
        ("พันเจ็ดค่ะ", 1700, Lot(title="พระ", price=1500, currency="THB"), None),
        ("三千五百円", 3500, Lot(title="本", price=3000, currency="JPY"), "JPY"),
        ("पचपन सौ", 5500, Lot(title="Saree", price=5000, currency="INR"), None),
        ("ميتين ريال", 200, Lot(title="عطر", price=150, currency="SAR"), "SAR"),
        ("once more, 30", 30, Lot(title="Ring", price=25, currency="USD"), None),
    ],
)
def test_a_bid_in_words(
    classifier: GrammarClassifier, text: str, price: float, lot: Lot, currency: str | None
) -> None:
    utterance = said(text, lot=lot, mode=SaleMode.AUCTION)
    slots, _ = read_slots(classifier.read(utterance)[0], Intent.BID, text)
    assert (slots.price, slots.currency) == (price, currency)


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("lo quiero por treinta", 30),
        ("je le prends à trente euros", 30),
        ("nehme zwei", None),
        ("la treinta y ocho", None),
    ],
)
def test_a_claim_names_a_price_only_where_it_says_so(
    classifier: GrammarClassifier, text: str, price: float | None
) -> None:
    lot = Lot(title="Kleid", price=30, currency="EUR")
    slots, _ = read_slots(classifier.read(said(text, lot=lot))[0], Intent.CLAIM, text)
    assert slots.price == price

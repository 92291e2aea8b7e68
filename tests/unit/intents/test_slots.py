from __future__ import annotations

import pytest

from dealflow.intents.grammar import GrammarClassifier
from dealflow.intents.slots.reader import read_slots
from dealflow.model.intent import Intent, Slots
from dealflow.model.show import Lot, SaleMode, ShowRules
from tests.unit.intents.saying import CARD, CUFF, said

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
        ("٢٢ لي", Slots(item="٢٢")),
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


PERFUME = Lot(title="Copper pour candle", price=30, currency="USD")
WATCH = Lot(code="12", title="12 Seiko automatic, running", price=150, currency="USD")


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("I'll take one", 1),
        ("one please", 1),
        ("gimme 3", 3),
        ("3 candles for me", 3),
        ("me pongo dos", 2),
        ("je prends deux", 2),
        ("nehme zwei", 2),
        ("aku ambil dua", 2),
        ("ambil satu", 1),
        ("cho em 1 cái", 1),
        ("cho em hai cái", 2),
        ("我要两个", 2),
        ("要3件", 3),
        ("2個ください", 2),
        ("저 하나 주세요", 1),
        ("두 개 주세요", 2),
        ("เอา 2 ตัวค่ะ", 2),
        ("รับสองชิ้นค่ะ", 2),
        ("ابغى حبتين", 2),
        ("२ पीस चाहिए", 2),
        ("ขอสองม้วนนะครับ", 2),
        ("เอาลังนึงค่ะ", 1),
        ("还要一罐", 1),
        ("vijf keer graag", 5),
        ("davon sechs", 6),
        ("bi tane ekle", 1),
        ("half a dozen ta", 6),
        ("a dozen ta", 12),
        ("２つください", 2),
        ("mine x2", 2),
    ],
)
def test_pieces_in_many_languages(classifier: GrammarClassifier, text: str, quantity: int) -> None:
    utterance = said(text, lot=PERFUME, mode=SaleMode.FIXED)
    slots, _ = read_slots(classifier.read(utterance)[0], Intent.CLAIM, text)
    assert slots.quantity == quantity


@pytest.mark.parametrize(
    "text",
    ["that one", "this one is mine", "mine, paying in five minutes", "sold it 2 weeks ago", "both"],
)
def test_what_counts_no_pieces(classifier: GrammarClassifier, text: str) -> None:
    utterance = said(text, lot=PERFUME, mode=SaleMode.FIXED)
    slots, _ = read_slots(classifier.read(utterance)[0], Intent.CLAIM, text)
    assert slots.quantity is None


@pytest.mark.parametrize(
    ("text", "price", "quantity"),
    [
        ("one fifty-three", 153, None),
        ("one sixty", 160, None),
        ("a hundred forty eight", 148, None),
        ("Ninety-five pounds", 95, None),
        ("you said no to 90, ok 120", 120, None),
        ("2 for 250", 250, 2),
        ("3 watches for 400", 400, 3),
        ("120 for both", 120, None),
        ("40 years of service says 140", 140, None),
        ("one three oh", 130, None),
        ("1-4-5 from me", 145, None),
        ("hunnid ten", 110, None),
        ("two pieces 150", 150, 2),
    ],
)
def test_the_price_of_a_spoken_bid(
    classifier: GrammarClassifier, text: str, price: float, quantity: int | None
) -> None:
    utterance = said(text, lot=WATCH, mode=SaleMode.AUCTION)
    slots, _ = read_slots(classifier.read(utterance)[0], Intent.BID, text)
    assert (slots.price, slots.quantity) == (price, quantity)


@pytest.mark.parametrize(
    ("text", "price", "mode"),
    [
        ("1.500", 1500, SaleMode.AUCTION),
        ("1,5jt", 1_500_000, SaleMode.AUCTION),
        ("150rb", 150_000, SaleMode.AUCTION),
        ("35k", 35_000, SaleMode.AUCTION),
        ("35 nghìn", 35_000, SaleMode.AUCTION),
        ("5百", 500, SaleMode.AUCTION),
        ("2 mil pesos", 2_000, SaleMode.AUCTION),
    ],
)
def test_prices_as_they_are_written_there(
    classifier: GrammarClassifier, text: str, price: float, mode: SaleMode
) -> None:
    lot = Lot(title="Bag", price=price, currency="IDR")
    utterance = said(text, lot=lot, mode=mode)
    slots, _ = read_slots(classifier.read(utterance)[0], Intent.BID, text)
    assert slots.price == price


@pytest.mark.parametrize(
    ("text", "on_screen", "currency", "price"),
    [
        ("120", 139_000, "IDR", 120_000),
        ("2.55", 2_600_000, "IDR", 2_550_000),
        ("45", 440_000, "KRW", 450_000),
        ("60", 10_000, "VND", 60_000),  # bid up from where it began
        ("7", 690, "USD", 700),
        ("60", 10_000, None, 60_000),
        ("12", 440_000, "KRW", 12),
    ],
)
def test_zeros_that_are_left_out(
    classifier: GrammarClassifier, text: str, on_screen: float, currency: str | None, price: float
) -> None:
    lot = Lot(title="Bag", price=on_screen, currency=currency)
    utterance = said(text, lot=lot, mode=SaleMode.AUCTION)
    slots, _ = read_slots(classifier.read(utterance)[0], Intent.BID, text)
    assert slots.price == price


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("the seiko please", "seiko"),
        ("Copper pour", None),
        ("my seiko died so mine", None),
        ("slot 7", "7"),
        ("12's mine", "12"),
    ],
)
def test_items_by_name(classifier: GrammarClassifier, text: str, item: str | None) -> None:
    utterance = said(text, lot=WATCH)
    slots, _ = read_slots(classifier.read(utterance)[0], Intent.CLAIM, text)
    assert slots.item == item


RACK = Lot(title="Purse rack B: hooks 9-14, $10", price=10, currency="USD")


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("17 and 19 please", ["17", "19"]),
        ("slots 2, 5, 9", ["2", "5", "9"]),
        ("sold 91 92, skip 93", ["91", "92"]),
        ("2-4-6 mine", ["2", "4", "6"]),
        ("9 & 12", ["9", "12"]),
        ("sold A1 and B3", ["A1", "B3"]),
    ],
)
def test_numbers_that_are_claimed_together(
    classifier: GrammarClassifier, text: str, items: list[str]
) -> None:
    utterance = said(text, lot=RACK)
    slots, claims = read_slots(classifier.read(utterance)[0], Intent.CLAIM, text)
    assert [claim.item for claim in claims] == items
    assert slots == claims[0]


@pytest.mark.parametrize(
    ("text", "lot", "currency"),
    [
        ("90 pesos", Lot(title="Falda", price=100, currency="MXN"), "MXN"),
        ("90 pesos", Lot(title="Palda", price=100, currency="PHP"), "PHP"),
        ("90 pesos", Lot(title="Skirt", price=100), None),
        ("90 kr", Lot(title="Kjole", price=100, currency="DKK"), "DKK"),
        ("P90", Lot(title="Palda", price=100, currency="PHP"), "PHP"),
        ("90e", Lot(title="Jupe", price=100, currency="EUR"), "EUR"),
    ],
)
def test_a_shared_currency_is_the_lots_own(
    classifier: GrammarClassifier, text: str, lot: Lot, currency: str | None
) -> None:
    utterance = said(text, lot=lot, mode=SaleMode.AUCTION)
    slots, _ = read_slots(classifier.read(utterance)[0], Intent.BID, text)
    assert (slots.price, slots.currency) == (90, currency)


@pytest.mark.parametrize(
    ("text", "color"),
    [
        ("lấy màu trắng nha", "trắng"),
        ("nehme das in Größe M, weiß", "weiß"),
        ("je prends la dorée", "dorée"),
        ("จองสีฟ้าค่ะ", "ฟ้า"),
    ],
)
def test_a_colour_stands_as_it_was_written(
    classifier: GrammarClassifier, text: str, color: str
) -> None:
    utterance = said(text, lot=PERFUME)
    slots, _ = read_slots(classifier.read(utterance)[0], Intent.CLAIM, text)
    assert slots.color == color


@pytest.mark.parametrize(
    ("text", "title", "size"),
    [
        ("6c", "Toddler Vans, 5c 6c 7c", "6c"),
        ("9m pls", "Smocked bubble, 3m 6m 9m 12m", "9m"),
        ("40 thx", "Wool clogs, felted, EU 38-42", "40"),
        ("6c", "Vans 6c", None),
        ("40", "Clogs 38-42", "40"),
        ("40", "Hooks 38-42", None),
        ("40", "Batteries 38-42 g", None),
        ("7", "Brushes 5-9", None),
        ("xs", "Cargo jogger, XS only", "xs"),
        ("ruby 10 pls", "Denim Ruby jacket, 8-14", "10"),
        ("need 10 pls", "Denim Ruby jacket, 8-14", None),
        ("rust in L/XL", "Poppy jumper, S/M and L/XL", "L/XL"),
        ("me 32x30", "Levi's 501, W32 L30", "32x30"),
        ("32/30 mine", "Levi's 501", "32/30"),
        ("W32 mine", "Levi's 501 W30 W32 W34", "W32"),
        ("36 waist mine", "Dickies 874", "36"),
        ("4x6 mine", "Wool rug 2x3 or 4x6", "4x6"),
        ("4x6 mine", "Wool rug", None),
        ("2x bitte", "Trafo 60VA Märklin", None),
        ("2x please", "Torrid top 1X-4X", "2x"),
        ("3kg please", "Crab, 3 a kg", None),
        ("50ml please", "Serum 30ml or 50ml", "50ml"),
        ("womens 8.5 here", "Uggs", "8.5"),
        ("mine 9 1/2", "Frye boots", "9 1/2"),
        ("9 1/2 inch mine", "Skillet", None),
    ],
)
def test_what_the_title_lists_as_sizes_is_one(
    classifier: GrammarClassifier, text: str, title: str, size: str | None
) -> None:
    lot = Lot(title=title, price=30, currency="USD")
    slots, _ = read_slots(classifier.read(said(text, lot=lot))[0], Intent.CLAIM, text)
    assert slots.size == size


def test_the_number_of_a_size_keeps_its_sign(classifier: GrammarClassifier) -> None:
    lot = Lot(title="シルバーリング 9号〜17号", price=3_000, currency="JPY")
    utterance = said("13号", lot=lot, rules=ShowRules(number_is="size"))
    slots, _ = read_slots(classifier.read(utterance)[0], Intent.CLAIM, "13号")
    assert slots.size == "13号"


def test_a_number_behind_the_lots_code_is_a_size(classifier: GrammarClassifier) -> None:
    lot = Lot(title="K12 Flats with a ribbon 36-40 nude", price=20, currency="USD", code="K12")
    utterance = said("K12 37", lot=lot, rules=ShowRules(number_is="item"))
    slots, _ = read_slots(classifier.read(utterance)[0], Intent.CLAIM, "K12 37")
    assert (slots.item, slots.size) == ("K12", "37")


STEREO = Lot(title="Leak Stereo 20, EL84", price=60, currency="GBP", code="9")


@pytest.mark.parametrize(
    ("text", "history", "slots"),
    [
        ("55 fine", ("would you do 50?",), Slots(price=55)),
        ("ok 55, mine", ("50?", "hmm"), Slots(price=55)),
        ("55 fine", (), Slots(item="55")),
        ("sold 9", ("would you do 50?",), Slots(item="9")),
        ("20 mine", ("would you do 50?",), Slots(item="20")),
        ("47 mine", ("sold 43",), Slots(item="47")),
        ("47 mine", ("43",), Slots(item="47")),
        ("47 mine", ("mine 43 thank you so much",), Slots(item="47")),
        ("55 then", ("could you maybe do 50 for me",), Slots(price=55)),
        ("lot 55 mine", ("would you do 50?",), Slots(item="55")),
        ("mine 43 and 45", ("would you do 50?",), Slots(item="43")),
        ("43 for $50 sold", ("would you do 50?",), Slots(item="43", price=50)),
    ],
)
def test_after_haggling_a_number_near_the_price_is_the_price(
    classifier: GrammarClassifier, text: str, history: tuple[str, ...], slots: Slots
) -> None:
    rules = ShowRules(number_is="item")
    evidence, _ = classifier.read(said(text, lot=STEREO, history=history, rules=rules))
    found, _ = read_slots(evidence, Intent.CLAIM, text)
    assert (found.item, found.price) == (slots.item, slots.price)


@pytest.mark.parametrize(
    ("title", "text", "price"),
    [
        ("Leather bag", "55 works", 55),
        ("Leather bag", "40, deal", 40),
        ("Leather bag", "20 please", None),
        ("Jeans 54 TO 58", "55 works", None),
        ("Leather bag", "mine, back in 55 mins", None),
        ("Leather bag", "55 pieces please", None),
        ("1955 tin, 55 pieces", "55 please", None),
    ],
)
def test_where_things_are_bought_at_a_price_a_number_near_the_price_is_one(
    classifier: GrammarClassifier, title: str, text: str, price: float | None
) -> None:
    lot = Lot(title=title, price=60)
    evidence, _ = classifier.read(said(text, lot=lot, mode=SaleMode.FIXED))
    found, _ = read_slots(evidence, Intent.CLAIM, text)
    assert found.price == price


@pytest.mark.parametrize(
    ("text", "quantity"), [("2 boxes please", 2), ("3 bags here", 3), ("7 thanks", None)]
)
def test_what_is_counted_is_no_item_even_where_numbers_are(
    classifier: GrammarClassifier, text: str, quantity: int
) -> None:
    rules = ShowRules(number_is="item")
    lot = Lot(title="Pine shavings, compressed bale", price=9)
    evidence, _ = classifier.read(said(text, lot=lot, rules=rules))
    found, _ = read_slots(evidence, Intent.CLAIM, text)
    assert (found.quantity, found.item) == (quantity, None if quantity else "7")


@pytest.mark.parametrize("intent", [Intent.RETRACTION, Intent.BACKUP])
def test_who_takes_back_or_waits_names_the_lot_and_no_price(
    classifier: GrammarClassifier, intent: Intent
) -> None:
    text = "43 please"
    evidence, _ = classifier.read(
        said(text, lot=STEREO, history=("would you do 50?",), rules=ShowRules(number_is="item"))
    )
    found, _ = read_slots(evidence, intent, text)
    assert (found.item, found.price) == ("43", None)


@pytest.mark.parametrize(
    ("text", "item", "price"),
    [
        ("at 48 I'd be silly not to, mine", None, 48),
        ("ill take it, 48 no problem", None, 48),
        ("mine 49", "49", None),
        ("sold 22", "22", None),
    ],
)
def test_the_price_of_a_lot_with_another_code_is_no_item(
    classifier: GrammarClassifier, text: str, item: str | None, price: float | None
) -> None:
    (verdict,) = classifier.judge([said(text, rules=ShowRules(number_is="item"))])
    assert (verdict.slots.item, verdict.slots.price) == (item, price)


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("sold 22 b4 somebody else does", "22"),
        ("mine, my 3amo wants it", None),
        ("16gb for me please, sold", None),
        ("sold B4", "B4"),
        ("mine GS7", "GS7"),
    ],
)
def test_digits_within_a_word_are_no_code(
    classifier: GrammarClassifier, text: str, item: str | None
) -> None:
    lot = Lot(code="B3", title="B3 Laptop", price=300) if item == "B4" else CUFF
    slots, _ = read_slots(classifier.read(said(text, lot=lot))[0], Intent.CLAIM, text)
    assert slots.item == item

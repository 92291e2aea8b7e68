from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealflow.model.facts import (
    ChatDropped,
    ChatSeen,
    DropReason,
    LotClosed,
    LotShown,
    Oddity,
    SaleSeen,
    ShowSeen,
    ViewersSeen,
)
from dealflow.model.intent import Role
from dealflow.model.message import Channel
from dealflow.model.text import MAX_TEXT
from dealflow.sources.whatnot.dom import (
    MAX_BATCH,
    Match,
    PageParser,
    Row,
    Seen,
    Sign,
    Tick,
    name_of,
    price_of,
    role_of,
    viewers_of,
    winner_of,
)

AT = 1_795_513_496_000


def read(*records: Any) -> list[Seen]:
    return PageParser().feed(json.dumps(records), AT)


def row(**fields: Any) -> dict[str, Any]:
    return {"k": "row", "v": 7, "u": "/user/alice_k", "t": "mine", "b": [], **fields}


def card(**fields: Any) -> dict[str, Any]:
    return {"k": "card", "title": "Tee #348", "price": "$18", "status": "", **fields}


def test_a_row_is_a_message() -> None:
    (seen,) = read(row(t="  I'll take 2 ", b=["Mod"], skip=3))
    assert seen == Row(
        fact=ChatSeen(
            username="alice_k",
            text="I'll take 2",
            at=AT,
            role=Role.MOD,
            badges=("Mod",),
            channel=Channel.DOM,
            index=7,
        ),
        skipped=3,
    )


def test_old_and_late_rows_are_marked() -> None:
    (old, late) = read(row(back=True), row(late=True))
    assert isinstance(old, Row)
    assert isinstance(late, Row)
    assert old.fact.backlog
    assert late.late


def test_join_notices_are_no_messages() -> None:
    assert read(row(t="joined 👋"), row(t="joined")) == []


def test_a_sentence_that_begins_like_a_notice_is_a_message() -> None:
    assert len(read(row(t="joined late, is it gone?"))) == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"t": "  "}, DropReason.EMPTY),
        ({"u": "  "}, DropReason.NAMELESS),
        ({"u": None}, DropReason.NAMELESS),
        ({"t": "x" * (MAX_TEXT + 1)}, DropReason.OVERSIZE),
    ],
)
def test_what_cannot_be_kept_is_dropped_by_name(fields: dict[str, Any], reason: DropReason) -> None:
    (seen,) = read(row(**fields))
    assert isinstance(seen, ChatDropped)
    assert seen.reason is reason


def test_a_row_that_stayed_empty_is_a_drop() -> None:
    assert read({"k": "lost", "v": 3}) == [ChatDropped(reason=DropReason.EMPTY, at=AT)]


def test_nul_and_lone_surrogates_are_replaced() -> None:
    (seen,) = read(row(t="mi\x00ne \ud800"))
    assert isinstance(seen, Row)
    assert seen.fact.text == "mi�ne �"


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("/user/alice_k", "alice_k"),
        ("https://www.whatnot.com/user/alice_k?ref=chat", "alice_k"),
        ("/user/caf%C3%A9/reviews", "café"),
        ("alice_k profile image", "alice_k"),
        ("@alice_k", "alice_k"),
        ("alice_k", "alice_k"),
        ("/user/", ""),
    ],
)
def test_names(raw: str, name: str) -> None:
    assert name_of(raw) == name


def test_roles() -> None:
    assert role_of(("Host",)) is Role.HOST
    assert role_of(("Verified Creator",)) is Role.HOST
    assert role_of(("Mod", "Booster")) is Role.MOD
    assert role_of(("Booster", "modest")) is Role.VIEWER


@pytest.mark.parametrize(
    ("raw", "price"),
    [
        ("$18", (18.0, "USD")),
        ("£3.27", (3.27, "GBP")),
        ("€1,234.50", (1234.5, "EUR")),
        ("CA$5", (5.0, "CAD")),
        ("18", (18.0, None)),
        ("free", (None, None)),
        ("$1e9", (None, "USD")),
        ("$٣", (None, "USD")),
        ("", (None, None)),
    ],
)
def test_prices(raw: str, price: tuple[float | None, str | None]) -> None:
    assert price_of(raw) == price


@pytest.mark.parametrize(
    ("raw", "viewers"),
    [("1,284", 1284), ("1.2K", 1200), ("3m", 3_000_000), ("", None), ("—", None)],
)
def test_viewers(raw: str, viewers: int | None) -> None:
    assert viewers_of(raw) == viewers


def test_no_viewers_are_not_nought_viewers() -> None:
    assert read({"k": "viewers", "t": ""}) == []
    assert read({"k": "viewers", "t": "0"}) == [ViewersSeen(viewers=0, at=AT)]


def test_winners() -> None:
    assert winner_of("dommy31 won!") == "dommy31"
    assert winner_of("dommy31 is Winning!") == ""
    assert winner_of("You won!") == ""


def test_a_card_is_a_lot_and_its_end_closes_it() -> None:
    parser = PageParser()

    def feed(record: dict[str, Any]) -> list[Seen]:
        return parser.feed(json.dumps([record]), AT)

    (shown,) = feed(card())
    assert isinstance(shown, LotShown)
    assert (shown.lot.title, shown.lot.price, shown.lot.currency) == ("Tee #348", 18.0, "USD")
    assert feed(card(settled=True)) == []
    assert [type(seen) for seen in feed(card(price="$19"))] == [LotShown]
    assert feed(card(idle=True)) == [LotClosed(at=AT)]
    assert feed(card(idle=True)) == []


def test_a_sale_is_told_once_it_has_settled() -> None:
    parser = PageParser()

    def feed(**fields: Any) -> list[SaleSeen]:
        seen = parser.feed(json.dumps([card(**fields)]), AT)
        return [fact for fact in seen if isinstance(fact, SaleSeen)]

    assert feed(status="ann is Winning!") == []
    assert feed(status="ann won!", sold=True) == []
    assert feed(status="ann won!", settled=True) == []
    (sale,) = feed(status="ann won!", sold=True, settled=True)
    assert (sale.sale.lot, sale.sale.username, sale.sale.price) == ("Tee #348", "ann", 18.0)
    assert feed(status="ann won!", sold=True, settled=True) == []


def test_a_giveaway_is_neither_lot_nor_sale() -> None:
    assert read(card(give=True, status="tina won!", sold=True, settled=True)) == []


def test_the_rest() -> None:
    assert read(
        {"k": "tick", "on": True, "rows": 20},
        {"k": "sign", "w": "ended", "player": True},
        {"k": "match", "f": "chat_row", "n": 1},
        {"k": "seller", "t": "/user/seller"},
        {"k": "odd", "t": "English: British English"},
    ) == [
        Tick(attached=True, rows=20),
        Sign(kind="ended", player=True),
        Match("chat_row", 1),
        ShowSeen(at=AT, seller="seller"),
        Oddity(kind="page_row", at=AT, sample="English: British English"),
    ]


@pytest.mark.parametrize(
    "batch",
    [None, 7, b"[]", [], "", "{}", "[", "null", '"x"', "[" * 100_000, "x" * (MAX_BATCH + 1)],
)
def test_what_is_no_batch_is_an_oddity(batch: object) -> None:
    (seen,) = PageParser().feed(batch, AT)
    assert isinstance(seen, Oddity)


def test_too_many_records_are_refused_as_a_whole() -> None:
    (seen,) = read(*[row()] * 1_001)
    assert isinstance(seen, Oddity)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
KINDS = ("row", "odd", "lost", "tick", "card", "viewers", "seller", "sign", "match", "?")
FIELDS = ("v", "u", "t", "b", "skip", "back", "title", "price", "status", "sold", "n", "f", "w")
records = st.fixed_dictionaries(
    {"k": st.sampled_from(KINDS)}, optional={field: anything for field in FIELDS}
)


@given(st.lists(records | anything, max_size=5))
def test_hostile_records_raise_nothing_and_can_be_stored(hostile: list[Any]) -> None:
    for seen in PageParser().feed(json.dumps(hostile), AT):
        if isinstance(seen, Row):
            seen.fact.text.encode()
            seen.fact.username.encode()
            assert seen.fact.text
            assert seen.fact.username

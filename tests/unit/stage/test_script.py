"""The demo show is a lively one, and auctions get the bids that a recording lacks."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import pytest

from dealflow.errors import FileUnreadable, InputInvalid
from dealflow.model.intent import Role
from dealflow.model.recording import (
    ChatLine,
    EndLine,
    Line,
    LotLine,
    SaleLine,
    ShowLine,
    ViewersLine,
)
from dealflow.model.show import Lot, SaleMode
from dealflow.stage.script import bids, load_show, sale_of

T = TypeVar("T")


def of(lines: list[Line], kind: type[T]) -> list[T]:
    return [line for line in lines if isinstance(line, kind)]


def auction(*, sale: bool = True) -> list[Line]:
    lot = Lot(code="6", title="Tour tee", price=40.0)
    lines: list[Line] = [
        LotLine(t=10, lot=lot, mode=SaleMode.AUCTION),
        ChatLine(t=11, user="kay", text="45"),
        ChatLine(t=12, user="grail", text="want"),
        ChatLine(t=12, user="nia", role=Role.HOST, text="going once"),
    ]
    sold = SaleLine(t=20, code="6", user="grail", price=90.0)
    return [*lines, sold] if sale else lines


def test_the_demo_is_a_whole_show_in_time_order() -> None:
    lines = load_show()
    assert isinstance(lines[0], ShowLine)
    assert isinstance(lines[-1], EndLine)
    assert [line.t for line in lines] == sorted(line.t for line in lines)
    assert 85 <= lines[-1].t <= 95
    assert len(of(lines, SaleLine)) == 2
    assert len({line.count for line in of(lines, ViewersLine)}) > 5
    assert {line.role for line in of(lines, ChatLine)} == {Role.HOST, Role.MOD, Role.VIEWER}


def test_the_demo_has_claims_within_its_first_five_seconds() -> None:
    early = [line.text for line in of(load_show(), ChatLine) if line.t < 5]
    assert {"sold 1", "mine!!"} <= set(early)


def test_every_sale_of_the_demo_is_of_a_lot_that_was_shown() -> None:
    lines = load_show()
    shown = {line.lot.code: line.t for line in of(lines, LotLine) if line.lot is not None}
    for sale in of(lines, SaleLine):
        assert sale.t > shown[sale.code]


def test_bids_rise_to_the_sale_and_end_with_its_buyer() -> None:
    made = bids(auction())
    prices = [bid.price for bid in made]
    assert prices == sorted(set(prices))
    assert (made[-1].user, made[-1].price) == ("grail", 90.0)
    assert {bid.user for bid in made} == {"kay", "grail"}
    assert all(10 < bid.t < 19 for bid in made)


def test_without_a_sale_or_an_auction_nobody_bids() -> None:
    assert bids(auction(sale=False)) == []
    claims = [LotLine(t=0, lot=Lot(code="6"), mode=SaleMode.CLAIM), *auction()[1:]]
    assert bids(claims) == []


def test_a_sale_after_the_next_lot_is_of_no_auction() -> None:
    lines = auction()
    lines.insert(2, LotLine(t=11, lot=Lot(code="7")))
    assert sale_of(lines, 0) is None


def test_a_show_can_be_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "show.jsonl"
    path.write_text('{"t":0,"kind":"viewers","count":3}\n\n{"t":1,"kind":"end"}\n')
    assert load_show(path) == [ViewersLine(t=0, count=3), EndLine(t=1)]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable):
        load_show(tmp_path / "none.jsonl")
    path = tmp_path / "show.jsonl"
    path.write_text('{"t":0,"kind":"viewers","count":3}\nnonsense\n')
    with pytest.raises(InputInvalid, match="Line 2"):
        load_show(path)

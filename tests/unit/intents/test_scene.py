from __future__ import annotations

from dealflow.intents.scene import Scenes
from dealflow.model.intent import Context
from dealflow.model.show import Lot, SaleMode, ShowRules

LOT = Lot(title="A12 Garnet ring, size 7", price=40.0)


def test_the_messages_of_a_lot_share_a_scene_and_the_next_lot_has_its_own() -> None:
    scenes = Scenes()
    first = scenes.read(Context(lot=LOT))
    assert scenes.read(Context(lot=LOT, history=("hi",))) is first
    assert (first.code, first.price) == ("a12", 40.0)
    assert {"garnet", "ring"} <= first.words
    assert scenes.read(Context(lot=Lot(title="B3 Coin"))).code == "b3"
    assert scenes.read(Context(lot=LOT)).code == "a12"


def test_a_change_of_mode_or_rules_or_price_is_another_scene() -> None:
    scenes = Scenes()
    scenes.read(Context(lot=LOT, mode=SaleMode.CLAIM))
    assert scenes.read(Context(lot=LOT, mode=SaleMode.AUCTION)).mode is SaleMode.AUCTION
    ruled = scenes.read(Context(lot=LOT, rules=ShowRules(codes=("C1-C9",), claim_words=("Hai!",))))
    assert ruled.knows_code("c4")
    assert ruled.claim_words == {"hai!"}
    assert not scenes.read(Context(lot=LOT)).knows_code("c4")
    cheaper = Lot(title=LOT.title, price=25.0)
    assert scenes.read(Context(lot=cheaper)).price == 25.0
    nothing = scenes.read(Context())
    assert (nothing.lot, nothing.code, nothing.words, nothing.price) == (
        None,
        None,
        frozenset(),
        None,
    )

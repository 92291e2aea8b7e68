from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from dealflow.errors import FileUnreadable, InputInvalid
from dealflow.intents.training.dataset import HISTORY, Example, is_show, read_examples, read_file
from dealflow.model.intent import Context, Intent, Role, Room, Slots
from dealflow.model.show import Lot, SaleMode

HAT = {"code": "7", "title": "Hat", "price": 9, "currency": "USD"}
CLAIM_SHOW = {
    "t": 0,
    "kind": "show",
    "show": {"mode": "claim", "platform": "whatnot", "world": "hats", "lang": "de"},
}


def lines(*entries: Mapping[str, object]) -> list[bytes]:
    return [json.dumps(entry).encode() for entry in entries]


def chat(text: str, *, t: float = 1, user: str = "amy", role: str = "viewer") -> dict[str, object]:
    intent = "chatter" if role == "viewer" else "seller"
    return {"t": t, "kind": "chat", "user": user, "role": role, "text": text, "intent": intent}


def show(*entries: Mapping[str, object]) -> dict[str, Example]:
    """Return the messages of a show by their texts."""
    read = read_examples(lines(CLAIM_SHOW, *entries))
    return {example.utterance.text: example for example in read}


def context(example: Example) -> Context:
    return example.utterance.context


def test_a_show_gives_each_message_its_context() -> None:
    found = show(
        chat("hi"),
        {"t": 5, "kind": "lot", "lot": HAT},
        chat("mine", t=9),
        chat("sold!", t=9.5, user="host", role="host"),
        {"t": 10, "kind": "sold", "lot": "7", "user": "amy"},
        {"t": 13, "kind": "end"},
    )
    assert context(found["hi"]) == Context(mode=SaleMode.CLAIM)
    assert context(found["mine"]) == Context(
        mode=SaleMode.CLAIM,
        lot=Lot(code="7", title="Hat", price=9, currency="USD"),
        history=("hi",),
        lot_age=4.0,
    )
    assert context(found["sold!"]).author_role is Role.HOST
    assert context(found["sold!"]).history == ()
    assert context(found["sold!"]).room == Room(others=("hi", "mine"))


def test_a_message_has_what_was_said_around_it() -> None:
    found = show(
        {"t": 1, "kind": "lot", "lot": HAT},
        chat("who wants it?", t=2, user="host", role="host"),
        chat("10", t=3, user="bo"),
        chat("11", t=4),
    )
    assert context(found["11"]).room == Room(shop="who wants it?", others=("10",), numbers=("10",))


def test_a_history_is_ones_own_and_holds_the_newest() -> None:
    mine = [chat(f"a{n}", user="amy") for n in range(HISTORY + 3)]
    found = show(chat("b0", user="bo"), *mine, chat("b1", user="bo"))
    last = context(found[f"a{HISTORY + 2}"]).history
    assert last == tuple(f"a{n}" for n in range(2, HISTORY + 2))
    assert context(found["b1"]).history == ("b0",)


def test_a_lot_stays_until_the_next_and_its_age_grows() -> None:
    found = show(
        {"t": 10, "kind": "lot", "lot": HAT},
        chat("one", t=12),
        {"t": 20, "kind": "sold", "lot": "7", "user": "bo"},
        chat("two", t=40),
        {"t": 50, "kind": "lot", "lot": {"title": "Bag"}},
        chat("three", t=50.5),
    )
    assert [context(found[text]).lot_age for text in ("one", "two", "three")] == [2, 30, 0.5]
    lot = context(found["three"]).lot
    assert lot is not None
    assert lot.title == "Bag"


def test_a_lot_may_be_sold_in_another_way() -> None:
    found = show(
        chat("one"),
        {"t": 5, "kind": "lot", "lot": HAT, "mode": "auction"},
        chat("two", t=6),
        {"t": 7, "kind": "lot", "lot": {"title": "Bag"}, "mode": "claim"},
        chat("three", t=8),
    )
    modes = [context(found[text]).mode for text in ("one", "two", "three")]
    assert modes == [SaleMode.CLAIM, SaleMode.AUCTION, SaleMode.CLAIM]


def test_rules_are_learned_from_the_host_alone() -> None:
    announcement = "type MARBLES to claim tonight"
    found = show(
        chat("before"),
        chat(announcement, user="troll"),
        chat("still"),
        chat(announcement + "!", user="shop", role="host"),
        chat("after"),
    )
    assert context(found["before"]).rules is None
    assert context(found["still"]).rules is None
    rules = context(found["after"]).rules
    assert rules is not None
    assert "marbles" in [word.lower() for word in rules.claim_words]


def test_the_sellers_own_rules_hold_from_the_start() -> None:
    head = {"t": 0, "kind": "show", "show": {"rules": {"claimWords": ["yay"], "learn": False}}}
    (first, *_, last) = read_examples(
        lines(
            head,
            chat("one"),
            chat("type MARBLES to claim", user="shop", role="host"),
            chat("two"),
        )
    )
    for example in (first, last):
        rules = context(example).rules
        assert rules is not None
        assert rules.claim_words == ("yay",)


def test_a_message_without_a_label_is_heard_but_is_no_example() -> None:
    silent = chat("unlabelled")
    del silent["intent"]
    found = show(silent, chat("then"))
    assert set(found) == {"then"}
    assert context(found["then"]).history == ("unlabelled",)


def test_world_platform_and_language_are_the_shows_unless_a_line_has_its_own() -> None:
    found = show(chat("one"), chat("two") | {"lang": "fr", "id": "own"})
    one, two = found["one"], found["two"]
    assert (one.world, one.platform, one.lang) == ("hats", "whatnot", "de")
    assert (two.lang, two.id) == ("fr", "own")
    assert one.id == "line-2"
    assert one.utterance.lang is None, "the language is not given away"


def test_single_lines_carry_their_own_context() -> None:
    entry = {
        "id": "D-1",
        "text": "mine",
        "context": {"mode": "claim", "lot": None, "author_role": "mod", "history": ["a"],
                    "rules": {"numberIs": "size"}, "lot_age": 3},
        "lang": "es",
        "world": "hats",
        "platform": "tiktok",
        "intent": "seller",
        "slots": {"quantity": 2},
    }  # fmt: skip
    (example,) = read_examples([*lines(entry), b"  "])
    assert context(example).history == ("a",)
    assert context(example).lot_age == 3
    assert context(example).rules is not None
    assert example.slots == Slots(quantity=2)
    assert (example.id, example.lang, example.world) == ("D-1", "es", "hats")
    assert example.intent is Intent.SELLER


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b'{"text":"x"}',
        b'{"text":"x","intent":"buy"}',
        b'{"text":"x","intent":"claim","slots":{"quantity":"two"}}',
        b'{"text":"x","intent":"claim","context":{"mode":"barter"}}',
        b'{"kind":"dance"}',
        b"\xff",
    ],
)
def test_other_lines_are_refused_by_their_number(line: bytes) -> None:
    good = lines({"text": "x", "intent": "claim"})
    with pytest.raises(InputInvalid, match="Line 2"):
        list(read_examples([*good, line]))


def test_a_bad_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "friday.jsonl"
    with pytest.raises(FileUnreadable, match=r"friday\.jsonl"):
        read_file(path)
    with pytest.raises(FileUnreadable):
        read_file(tmp_path)
    path.write_bytes(b"nonsense\n")
    with pytest.raises(InputInvalid, match=r"friday\.jsonl: Line 1"):
        read_file(path)


def test_a_show_is_told_from_single_lines(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    path.write_bytes(b"\n".join(lines(CLAIM_SHOW, chat("hi"))))
    assert is_show(path)
    path.write_bytes(b"\n".join(lines({"text": 'the "kind" of thing', "intent": "chatter"})))
    assert not is_show(path)
    path.write_bytes(b"")
    assert not is_show(path)
    assert read_file(path) == []

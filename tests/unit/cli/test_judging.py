"""Lines in, lines out, whatever the lines hold."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealflow.cli.judging import MAX_BATCH, MAX_LINE, Judging
from dealflow.model.intent import Intent, Room, Slots, Utterance, Verdict


class Parrot:
    """Judges by the text's first word, and remembers what it was asked."""

    name = "parrot-1"

    def __init__(self) -> None:
        self.batches: list[list[Utterance]] = []

    async def judge_live(self, batch: Sequence[Utterance]) -> list[Verdict]:
        return self.judge(batch)

    def judge(self, batch: Sequence[Utterance]) -> list[Verdict]:
        self.batches.append(list(batch))
        return [self._verdict(one.text) for one in batch]

    def _verdict(self, text: str) -> Verdict:
        buys = text.startswith("mine")
        claims = (Slots(item="A1"), Slots(item="A2", quantity=2)) if "both" in text else ()
        return Verdict(
            intent=Intent.CLAIM if buys else Intent.CHATTER,
            confidence=0.9 if buys else 0.1,
            scores={Intent.CLAIM: 0.9, Intent.CHATTER: 0.1},
            slots=claims[0] if claims else Slots(),
            claims=claims,
        )


@pytest.fixture
def parrot() -> Parrot:
    return Parrot()


@pytest.fixture
def judging(parrot: Parrot) -> Judging:
    return Judging(parrot, threshold=0.7)


def ask(judging: Judging, *lines: object) -> list[dict[str, Any]]:
    encoded = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    return [json.loads(line) for line in judging.answer(encoded).splitlines()]


def test_a_verdict_has_the_promised_names(judging: Judging) -> None:
    (answer,) = ask(judging, {"id": "m1", "text": "mine"})
    assert answer == {
        "id": "m1",
        "intent": "claim",
        "confidence": 0.9,
        "isBuyer": True,
        "slots": {},
        "scores": {"claim": 0.9, "chatter": 0.1},
    }


def test_several_claims_stand_beside_the_slots_of_the_first(judging: Judging) -> None:
    (answer,) = ask(judging, {"id": 1, "text": "mine both"})
    assert answer["slots"] == {"item": "A1"}
    assert answer["claims"] == [{"item": "A1"}, {"item": "A2", "quantity": 2}]


def test_the_threshold_decides_who_is_a_buyer(parrot: Parrot) -> None:
    (answer,) = ask(Judging(parrot, threshold=0.95), {"id": "a", "text": "mine"})
    assert answer["isBuyer"] is False


def test_context_reaches_the_classifier(judging: Judging, parrot: Parrot) -> None:
    context = {
        "mode": "auction",
        "lot": {"title": "Jordan 4", "price": 145, "currency": "USD"},
        "author_role": "host",
        "history": ["hi", "\x00"],
        "room": {"shop": "who\x00?", "others": ["me"], "numbers": ["\x0012"]},
    }
    ask(judging, {"id": "a", "text": "x", "context": context, "lang": "es", "more": 1})
    ((asked,),) = parrot.batches
    assert asked.lang == "es"
    assert asked.context.mode == "auction"
    assert asked.context.lot is not None
    assert asked.context.lot.price == 145
    assert asked.context.author_role == "host"
    assert asked.context.history == ("hi", "\N{REPLACEMENT CHARACTER}")
    assert asked.context.room == Room(
        shop="who\N{REPLACEMENT CHARACTER}?",
        others=("me",),
        numbers=("\N{REPLACEMENT CHARACTER}12",),
    )


def test_a_bad_line_is_answered_in_its_place_and_spoils_no_other(judging: Judging) -> None:
    bad = [
        b"not json",
        b"[1,2]",
        b'{"id":"no-text"}',
        b'{"id":"wrong","text":5}',
        b'{"id":"role","text":"x","context":{"author_role":"king"}}',
        b'{"id":"nan","text":"x","context":{"lot":{"price":NaN}}}',
        b'{"id":"big","text":"x","context":{"lot":{"price":1e999}}}',
        b'{"id":"\xff","text":"x"}',
        b'{"id":"deep","text":"x","more":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"id":"long","text":"' + b"x" * MAX_LINE + b'"}',
        b'{"id":{},"text":"x"}',
    ]
    good = [json.dumps({"id": f"g{n}", "text": "mine"}).encode() for n in range(len(bad))]
    answers = ask(judging, *(line for pair in zip(bad, good, strict=True) for line in pair))
    assert [answer.get("line") for answer in answers[::2]] == list(range(1, 2 * len(bad), 2))
    assert all(answer["error"] and "intent" not in answer for answer in answers[::2])
    assert [answer["id"] for answer in answers[1::2]] == [f"g{n}" for n in range(len(bad))]


def test_a_bad_line_keeps_its_id_where_it_can_be_told(judging: Judging) -> None:
    answers = ask(judging, {"id": "a", "text": 5}, {"id": 7}, b"{", {"id": [], "text": 1})
    assert [answer.get("id") for answer in answers] == ["a", 7, None, None]


@pytest.mark.parametrize(
    "text",
    ["\x00mine", "\ud800 mine", "m\u202eine", "\u200b", "🙋‍♀️" * 10, "x" * 65_536, ""],
    ids=["nul", "surrogate", "bidi", "zero-width", "emoji", "64 KB", "empty"],
)
def test_hostile_text_is_judged(judging: Judging, parrot: Parrot, text: str) -> None:
    (answer,) = ask(judging, {"id": "h", "text": text})
    assert answer["id"] == "h"
    assert "intent" in answer
    parrot.batches[0][0].text.encode()


def test_blank_lines_are_no_messages_but_count(judging: Judging) -> None:
    answers = ask(judging, b"", b"  ", b"{", b"\r")
    assert [answer["line"] for answer in answers] == [3]


def test_many_lines_are_judged_in_bounded_batches(judging: Judging, parrot: Parrot) -> None:
    answers = ask(judging, *({"id": n, "text": "hi"} for n in range(MAX_BATCH + 5)))
    assert [answer["id"] for answer in answers] == list(range(MAX_BATCH + 5))
    assert [len(batch) for batch in parrot.batches] == [MAX_BATCH, 5]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(
        st.binary(max_size=60).map(lambda data: data.replace(b"\n", b""))
        | st.fixed_dictionaries({"id": ANYTHING, "text": ANYTHING, "context": ANYTHING}).map(
            lambda value: json.dumps(value).encode()
        ),
        max_size=20,
    )
)
def test_every_line_gets_exactly_one_answer(lines: list[bytes]) -> None:
    answers = Judging(Parrot(), threshold=0.7).answer(lines).splitlines()
    assert len(answers) == sum(1 for line in lines if line.strip())
    assert all(isinstance(json.loads(answer), dict) for answer in answers)

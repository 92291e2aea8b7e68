"""What is read of a model's answer, whatever it says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealflow.intents.base import Answers, Question, Trouble
from dealflow.intents.llm.answer import read
from dealflow.intents.llm.prompt import INSTRUCTIONS, PROMPT, SCHEMA, data, estimated_tokens
from dealflow.model.intent import Intent, Utterance, Verdict
from dealflow.model.text import clean
from tests.fakes.endpoint import completion

LOCAL = Verdict(intent=Intent.CHATTER, confidence=0.4, scores={})
BATCH = [Question(id=id, utterance=Utterance(text=id), verdict=LOCAL) for id in ("a", "b")]


def said(*labels: Any, **message: Any) -> Answers:
    content = json.dumps({"verdicts": labels})
    choice = {"message": {"content": content} | message, "finish_reason": "stop"}
    return read(completion([choice]), BATCH, model="m")


def label(id: str, intent: str = "claim", buyer: Any = 0.9) -> dict[str, Any]:
    return {"id": id, "intent": intent, "buyer": buyer}


def test_each_question_gets_its_own_label_in_any_order() -> None:
    answers = said(label("b", "chatter", 0), label("a"))
    assert {id: verdict.intent for id, verdict in answers.verdicts.items()} == {
        "a": Intent.CLAIM,
        "b": Intent.CHATTER,
    }


@pytest.mark.parametrize(
    ("labels", "trouble"),
    [
        ([label("a")], Trouble.UNANSWERED),
        ([label("a"), label("b"), label("b", "chatter", 0)], Trouble.UNANSWERED),
        ([label("a"), label("b", "chatter", 0.9)], Trouble.CONTRADICTORY),
        ([label("a"), label("b", "claim", 0.2)], Trouble.CONTRADICTORY),
        ([label("a"), label("b", "claim", 1.5)], Trouble.CONTRADICTORY),
        ([label("a"), label("b", "claim", -1)], Trouble.CONTRADICTORY),
    ],
)
def test_one_bad_label_spoils_no_other(labels: list[Any], trouble: Trouble) -> None:
    answers = said(*labels)
    assert answers.trouble is None
    assert answers.troubles == {"b": trouble}
    assert list(answers.verdicts) == ["a"]


def test_ids_that_nobody_asked_about_change_nothing() -> None:
    answers = said(label("a"), label("b"), label("c"), label(""))
    assert sorted(answers.verdicts) == ["a", "b"]


@pytest.mark.parametrize(
    "labels",
    [
        [label("a", "vip"), label("b")],
        [label("a", buyer="0.9"), label("b")],
        [label("a", buyer=None), label("b")],
        [label("a") | {"reason": "see http://evil.example"}, label("b")],
        [{"id": "a"}],
        ["a"],
    ],
)
def test_another_form_is_no_answer(labels: list[Any]) -> None:
    assert said(*labels).trouble is Trouble.UNREADABLE


@given(st.binary(max_size=200) | st.text().map(lambda text: completion([text])))
def test_any_bytes_are_read(body: bytes) -> None:
    answers = read(body, BATCH, model="m")
    assert answers.trouble is not None
    assert answers.verdicts == {}


@given(st.text(max_size=300))
def test_data_is_one_json_object_whatever_is_said(text: str) -> None:
    question = Question(id="a", utterance=Utterance(text=text), verdict=LOCAL)
    [line] = json.loads(data([question]))["lines"]
    assert line["id"] == "a"
    assert text.count("@") or line["text"] == clean(text)


def test_the_instructions_know_every_intent_and_have_a_name() -> None:
    assert all(f"\n{intent}: " in INSTRUCTIONS for intent in Intent)
    assert SCHEMA["properties"]["verdicts"]["items"]["properties"]["intent"]["enum"] == list(Intent)
    assert PROMPT.startswith("1-")
    assert estimated_tokens(INSTRUCTIONS) < 1_200

"""What everybody who gives second opinions must do, over every one there is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from dealflow.clock import SystemClock
from dealflow.intents.base import Question, SecondOpinion
from dealflow.intents.llm.openai import OpenAIOpinion
from dealflow.model.intent import Context, Intent, Slots, Utterance, Verdict
from dealflow.model.show import Lot, ShowRules
from dealflow.settings import LlmSettings
from dealflow.stage.hostile import NAMES, TEXTS
from tests.fakes.endpoint import open_endpoint
from tests.fakes.opinion import WordOpinion

pytestmark = pytest.mark.asyncio

LOCAL = Verdict(intent=Intent.CHATTER, confidence=0.5, scores={}, slots=Slots(item="A1"))


@pytest_asyncio.fixture(params=["words", "openai"])
async def opinion(request: pytest.FixtureRequest) -> AsyncIterator[SecondOpinion]:
    async with open_endpoint() as endpoint:
        known: dict[str, SecondOpinion] = {
            "words": WordOpinion(),
            "openai": OpenAIOpinion(
                LlmSettings(base_url=endpoint.url, model="m"), clock=SystemClock()
            ),
        }
        yield known[request.param]
        await known[request.param].aclose()


def question(id: str, text: str, **context: Any) -> Question:
    return Question(
        id=id, utterance=Utterance(text=text, context=Context(**context)), verdict=LOCAL
    )


async def test_it_signs_its_verdicts(opinion: SecondOpinion) -> None:
    answers = await opinion.judge([question("a", "I buy")])
    assert opinion.name
    assert opinion.prompt
    assert answers.verdicts["a"].model == opinion.name
    assert answers.verdicts["a"].reason


async def test_nothing_is_answered_with_nothing(opinion: SecondOpinion) -> None:
    answers = await opinion.judge([])
    assert (answers.verdicts, answers.troubles, answers.trouble) == ({}, {}, None)
    assert answers.spent.calls == 0


async def test_each_question_has_a_verdict_or_a_trouble(opinion: SecondOpinion) -> None:
    batch = [question(str(n), f"{'buy' if n % 2 else 'see'} {n}") for n in range(16)]
    answers = await opinion.judge(batch)
    assert sorted(answers.verdicts | answers.troubles) == sorted(one.id for one in batch)
    assert all(answers.verdicts[str(n)].intent.is_buyer == bool(n % 2) for n in range(16))


async def test_slots_are_those_that_were_read_here(opinion: SecondOpinion) -> None:
    answers = await opinion.judge([question("a", "buy 43 in red")])
    assert answers.verdicts["a"].slots == LOCAL.slots


async def test_what_it_uses_is_within_its_estimate(opinion: SecondOpinion) -> None:
    batch = [question("a", "I buy " + "x" * 1_000, history=("one", "two"))]
    worst, spent = opinion.estimate(batch), (await opinion.judge(batch)).spent
    assert 1 <= spent.calls <= worst.calls
    assert 0 < spent.tokens_in <= worst.tokens_in
    assert spent.tokens_out <= worst.tokens_out


@pytest.mark.parametrize("text", [*TEXTS, *NAMES, "buy " * 5_000, "\ud800 buy"])
async def test_any_text_is_asked_about(opinion: SecondOpinion, text: str) -> None:
    lot = Lot(code=text, title=text)
    rules = ShowRules(claim_words=(text,), codes=(text,))
    answers = await opinion.judge([question("a", text, history=(text,), lot=lot, rules=rules)])
    assert answers.verdicts["a"].confidence >= 0

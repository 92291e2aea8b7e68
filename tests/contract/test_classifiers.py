"""What every classifier must do, over every classifier there is."""

from __future__ import annotations

import functools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dealflow.intents.base import Classifier
from dealflow.intents.grammar import GrammarClassifier
from dealflow.model.intent import Context, Intent, Role, Utterance, Verdict
from dealflow.model.show import Lot, SaleMode, ShowRules
from dealflow.stage.hostile import NAMES, TEXTS
from tests.fakes.classifier import WordClassifier

CLASSIFIERS = [GrammarClassifier, WordClassifier]
EVERY = pytest.mark.parametrize("kind", CLASSIFIERS)

LOT = Lot(code="A1", title="Vintage tee", price=10.0, currency="USD")
CONTEXTS = st.builds(
    Context,
    mode=st.sampled_from([None, *SaleMode]),
    lot=st.sampled_from([None, LOT]),
    author_role=st.sampled_from(list(Role)),
    history=st.lists(st.text(max_size=20), max_size=3).map(tuple),
    rules=st.sampled_from([None, ShowRules(claim_words=("meins",), codes=("A1-A99",))]),
    lot_age=st.sampled_from([None, 0.0, 45.0]),
)
WORDS = st.lists(
    st.sampled_from(
        ["mine", "next", "pass", "sold", "A1", "2", "$5", "?", "size", "M", "🔥", "bid"]
    ),
    max_size=8,
).map(" ".join)
UTTERANCES = st.builds(
    Utterance,
    text=st.one_of(st.text(), WORDS),
    context=CONTEXTS,
    lang=st.sampled_from([None, "en", "de", "not a language"]),
)

SOME = [
    Utterance(text=text)
    for text in (
        "mine",
        "next",
        "how much?",
        "pass",
        "A1 x2",
        "",
        "nice 🔥",
        "mine",
        "$20 shipped?",
    )
]


@functools.cache
def ready(kind: type[Classifier]) -> Classifier:
    """Return one classifier of a kind; loading a lexicon for each example would take long."""
    return kind()


def assert_sound(verdict: Verdict) -> None:
    assert verdict.intent in Intent
    assert 0.0 <= verdict.confidence <= 1.0
    assert set(verdict.scores) <= set(Intent)
    assert all(0.0 <= score <= 1.0 for score in verdict.scores.values())
    assert math.isclose(sum(verdict.scores.values()), 1.0, abs_tol=1e-6)
    assert verdict.reason


@EVERY
def test_it_signs_its_verdicts(kind: type[Classifier]) -> None:
    classifier = ready(kind)
    assert classifier.name
    assert {verdict.model for verdict in classifier.judge(SOME)} == {classifier.name}


@EVERY
def test_nothing_gets_nothing(kind: type[Classifier]) -> None:
    assert ready(kind).judge([]) == []


@EVERY
def test_one_verdict_for_each_in_the_same_order(kind: type[Classifier]) -> None:
    classifier = ready(kind)
    verdicts = classifier.judge(SOME)
    assert len(verdicts) == len(SOME)
    assert verdicts[0] == verdicts[7]
    assert verdicts[0].intent is not verdicts[2].intent
    assert classifier.judge(SOME[::-1]) == verdicts[::-1]


@EVERY
@settings(max_examples=60, deadline=None)
@given(batch=st.lists(UTTERANCES, max_size=6))
def test_a_batch_is_judged_as_its_members_are(
    kind: type[Classifier], batch: list[Utterance]
) -> None:
    classifier = ready(kind)
    together = classifier.judge(batch)
    assert together == [classifier.judge([one])[0] for one in batch]
    for verdict in together:
        assert_sound(verdict)


@EVERY
@pytest.mark.parametrize("text", [*TEXTS, *NAMES, "mine " * 4_000, "9" * 20_000, "?" * 20_000])
def test_any_text_gets_a_verdict(kind: type[Classifier], text: str) -> None:
    (verdict,) = ready(kind).judge([Utterance(text=text)])
    assert_sound(verdict)


@EVERY
def test_the_same_words_get_the_same_verdict_from_another_one(kind: type[Classifier]) -> None:
    used = ready(kind)
    used.judge([Utterance(text=f"{n} please", context=Context(lot=LOT)) for n in range(200)])
    assert kind().judge(SOME) == used.judge(SOME)

"""What holds for every message, whatever it says."""

from __future__ import annotations

import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dealflow.intents.grammar import NAME, GrammarClassifier
from dealflow.model.intent import BUYER_INTENTS, Context, Intent, Role, Utterance, Verdict
from dealflow.model.show import Lot, SaleMode, ShowRules
from tests.unit.intents.saying import CARD, CUFF, said

PIECES = (
    *("mine", "sold", "dibs", "i'll take it", "not", "no", "if she passes", "22", "$40", "+1"),
    *("A1", "how much", "?", "!", ".", ",", "@amy", "🙋", "me", "mío", "我要", "มาย", "chốt"),
    *("लेना", "لي", "저요", "買います", "x2", "-", "#", "L", "jk", "next", "backup", "nvm"),
    "https://x.example",
)
WORDS = st.sampled_from(PIECES)
TEXTS = st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=12).map(" ".join))
LOTS = st.one_of(
    st.none(),
    st.builds(
        Lot,
        code=st.one_of(st.none(), st.text(max_size=6)),
        title=st.text(max_size=30),
        price=st.one_of(st.none(), st.floats(allow_nan=True), st.integers(-5, 500)),
        currency=st.one_of(st.none(), st.sampled_from(["USD", "CAD", "EUR", ""])),
    ),
)
RULES = st.one_of(
    st.none(),
    st.builds(
        ShowRules,
        claim_words=st.lists(st.text(max_size=6), max_size=3).map(tuple),
        number_is=st.sampled_from([None, "item", "price", "size", "quantity"]),
        codes=st.lists(st.text(max_size=8), max_size=3).map(tuple),
    ),
)
UTTERANCES = st.builds(
    Utterance,
    text=TEXTS,
    context=st.builds(
        Context,
        mode=st.sampled_from([None, *SaleMode]),
        lot=LOTS,
        author_role=st.sampled_from(Role),
        history=st.lists(TEXTS, max_size=2).map(tuple),
        rules=RULES,
    ),
    lang=st.sampled_from([None, "en", "es", "zz", ""]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(utterances=st.lists(UTTERANCES, max_size=5))
def test_every_message_gets_a_sound_verdict(
    classifier: GrammarClassifier, utterances: list[Utterance]
) -> None:
    verdicts = classifier.judge(utterances)
    assert len(verdicts) == len(utterances)
    for verdict in verdicts:
        assert set(verdict.scores) == set(Intent)
        assert sum(verdict.scores.values()) == pytest.approx(1.0)
        assert all(0.0 <= score <= 1.0 for score in verdict.scores.values())
        buyers = sum(verdict.scores[intent] for intent in BUYER_INTENTS)
        assert verdict.confidence == pytest.approx(buyers)
        assert verdict.reason
        assert len(verdict.reason) <= 160
        assert verdict.model == NAME == classifier.name
    assert verdicts == [classifier.judge([utterance])[0] for utterance in utterances]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    word=st.sampled_from(["mine", "sold", "dibs", "I'll take it", "SOLD 22", "yo lo quiero"]),
    tail=st.text(st.sampled_from("!. ❤🔥🙌😍✨"), max_size=6),
    loud=st.booleans(),
)
def test_noise_never_changes_a_claim(
    classifier: GrammarClassifier, word: str, tail: str, loud: bool
) -> None:
    (verdict,) = classifier.judge([said((word.upper() if loud else word) + tail)])
    assert verdict.intent is Intent.CLAIM


def test_memory_changes_no_verdict(classifier: GrammarClassifier) -> None:
    fresh = GrammarClassifier()
    lines = [said("mine"), said("how much"), said("$40", lot=CARD, mode=SaleMode.AUCTION)]
    assert fresh.judge(lines) == classifier.judge(lines)
    assert fresh.judge(lines[::-1]) == classifier.judge(lines)[::-1]


def test_an_empty_batch_is_empty(classifier: GrammarClassifier) -> None:
    assert classifier.judge([]) == []


@pytest.mark.parametrize(
    "text", ["", " ", "\x00", "\ud800", "🙂" * 500, "a" * 64_000, "\u202emine", "?" * 3000]
)
def test_odd_texts(classifier: GrammarClassifier, text: str) -> None:
    (verdict,) = classifier.judge([said(text)])
    assert isinstance(verdict, Verdict)


def test_only_the_first_two_thousand_characters_are_judged(classifier: GrammarClassifier) -> None:
    (verdict,) = classifier.judge([said("lol " * 600 + " mine")])
    assert verdict.intent is not Intent.CLAIM


def _steps(classifier: GrammarClassifier, text: str) -> int:
    """Return how many lines of Python one verdict takes, once its words are known."""
    utterance = said(text, lot=CUFF)
    classifier.judge([utterance])
    steps = 0

    def count(*_: object) -> object:
        nonlocal steps
        steps += 1
        return count

    sys.settrace(count)  # type: ignore[arg-type]  # the protocol is looser than its stub
    try:
        classifier.judge([utterance])
    finally:
        sys.settrace(None)
    return steps


@pytest.mark.parametrize(
    "piece",
    [
        *("mine ", "if she ", "she said mine ", "not ", "take the ", "i'll take ", "? ", "$5 "),
        *("a1 ", "+1 ", "@a ", "我要", "ha", "1.", "how much is ", "if you have any ", "cuff "),
    ],
)
def test_work_grows_with_the_text_and_not_its_square(
    classifier: GrammarClassifier, piece: str
) -> None:
    short = _steps(classifier, (piece * 1000)[:400])
    long = _steps(classifier, (piece * 1000)[:1600])
    assert long <= 6 * short + 2000


def test_a_history_in_a_list_is_read_as_one_in_a_tuple(classifier: GrammarClassifier) -> None:
    said_before = ["would you do 30?", "mine"]
    listed = Context(lot=CUFF, history=said_before)  # type: ignore[arg-type]
    told = Context(lot=CUFF, history=tuple(said_before))
    assert listed == told
    verdicts = classifier.judge([Utterance(text="pass", context=one) for one in (listed, told)])
    assert verdicts[0] == verdicts[1]

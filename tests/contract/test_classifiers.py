"""What every classifier must do, over every classifier there is."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dealflow.intents import artefacts
from dealflow.intents.base import Classifier
from dealflow.intents.encoder.runtime import Encoder
from dealflow.intents.ensemble import LINEAR, EnsembleClassifier
from dealflow.intents.grammar import GrammarClassifier
from dealflow.intents.judge_settings import read_settings
from dealflow.intents.linear.table import LinearTable
from dealflow.model.intent import Context, Intent, Role, Utterance, Verdict
from dealflow.model.show import Lot, SaleMode, ShowRules
from dealflow.stage.hostile import NAMES, TEXTS
from tests.fakes.allowance import Purse
from tests.fakes.classifier import WordClassifier

Kind = Callable[[], Classifier]


def linear_1() -> Classifier:
    """The model that is shipped, without its encoder."""
    return EnsembleClassifier.load(encoder=False)


def ensemble_1() -> Classifier:
    """The model that is shipped, with all the time that it wants."""
    settings = read_settings()
    return EnsembleClassifier(
        grammar=GrammarClassifier(),
        table=LinearTable.from_bytes(artefacts.read(LINEAR)),
        encoder=Encoder.load(settings.marks),
        settings=settings,
        allowance=Purse(1_000_000),
    )


REAL: list[Kind] = [GrammarClassifier, linear_1, ensemble_1]
EVERY = pytest.mark.parametrize(
    "kind", [*REAL, WordClassifier], ids=lambda kind: kind.__name__.lower()
)
EVERY_REAL = pytest.mark.parametrize("kind", REAL, ids=lambda kind: kind.__name__.lower())

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
    Utterance(text=text, context=Context(mode=SaleMode.CLAIM, lot=LOT))
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


HOSTILE = (
    *TEXTS,
    *NAMES,
    *("mine " * 4_000, "9" * 20_000, "?" * 20_000, "mine\x00sold", "\ud800mine\udfff"),
    *("aaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "mine sold claim " * 700 + "!", "(" * 10_240),
    *("$1," * 3_500, "@a" * 5_000, "A1 " * 3_500, "मे" * 5_000, "\u202e" * 10_240),
)
"""Texts that break careless programs: ten kilobytes for patterns, NUL, lone surrogates."""


@functools.cache
def ready(kind: Kind) -> Classifier:
    """Return one classifier of a kind; loading a lexicon for each example would take long."""
    return kind()


def assert_sound(verdict: Verdict) -> None:
    assert verdict.intent in Intent
    assert 0.0 <= verdict.confidence <= 1.0
    assert set(verdict.scores) <= set(Intent)
    assert all(0.0 <= score <= 1.0 for score in verdict.scores.values())
    assert math.isclose(sum(verdict.scores.values()), 1.0, abs_tol=1e-6)
    assert verdict.reason
    assert verdict.model


def assert_alike(some: Sequence[Verdict], others: Sequence[Verdict]) -> None:
    """Compare verdicts on the same messages that were judged in other company.

    Sums of weights may be added in another order, and nothing else may differ.
    """
    assert len(some) == len(others)
    for one, other in zip(some, others, strict=True):
        if one != other:
            assert one.model == other.model
            assert one.confidence == pytest.approx(other.confidence, abs=NOISE)
            assert [one.scores[intent] for intent in Intent] == pytest.approx(
                [other.scores[intent] for intent in Intent], abs=NOISE
            )


NOISE = 0.002


@EVERY
def test_it_signs_its_verdicts(kind: Kind) -> None:
    classifier = ready(kind)
    assert classifier.name.rpartition("-")[2].isdecimal()
    parts = {classifier.name, GrammarClassifier.name, classifier.name.replace("ensemble", "linear")}
    assert {verdict.model for verdict in classifier.judge(SOME)} <= parts


@EVERY
def test_nothing_gets_nothing(kind: Kind) -> None:
    assert ready(kind).judge([]) == []


@EVERY
@pytest.mark.asyncio
async def test_nothing_gets_nothing_in_a_running_show(kind: Kind) -> None:
    assert await ready(kind).judge_live([]) == []


@EVERY
def test_one_verdict_for_each_in_the_same_order(kind: Kind) -> None:
    classifier = ready(kind)
    verdicts = classifier.judge(SOME)
    assert len(verdicts) == len(SOME)
    assert_alike([verdicts[0]], [verdicts[7]])
    assert verdicts[0].intent is not verdicts[2].intent
    assert_alike(classifier.judge(SOME[::-1]), verdicts[::-1])


@EVERY
@settings(max_examples=40, deadline=None)
@given(batch=st.lists(UTTERANCES, max_size=6))
def test_a_batch_is_judged_as_its_members_are(kind: Kind, batch: list[Utterance]) -> None:
    classifier = ready(kind)
    together = classifier.judge(batch)
    assert_alike(together, [classifier.judge([one])[0] for one in batch])
    for verdict in together:
        assert_sound(verdict)


@EVERY
@pytest.mark.asyncio
async def test_a_running_show_with_time_enough_is_judged_as_at_leisure(kind: Kind) -> None:
    classifier = ready(kind)
    assert await classifier.judge_live(SOME) == classifier.judge(SOME)


@EVERY
def test_a_large_batch_keeps_its_order(kind: Kind) -> None:
    batch = [said for said in SOME for _ in range(60)]
    verdicts = ready(kind).judge(batch)
    assert_alike(verdicts[::60], ready(kind).judge(SOME))
    for at in range(len(SOME)):
        same = verdicts[60 * at : 60 * at + 60]
        assert_alike(same, [same[0]] * 60)


@EVERY
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_any_text_gets_a_verdict(kind: Kind, text: str) -> None:
    loaded = Context(
        lot=Lot(code=text[:50], title=text[:2_000], price=10.0, currency="USD"),
        history=(text, text),
        rules=ShowRules(claim_words=(text[:100],), codes=(text[:40],)),
    )
    plain, in_context = ready(kind).judge(
        [Utterance(text=text), Utterance(text=text, context=loaded)]
    )
    assert_sound(plain)
    assert_sound(in_context)


@EVERY
@pytest.mark.asyncio
async def test_hostile_texts_harm_no_others(kind: Kind) -> None:
    classifier = ready(kind)
    batch = [Utterance(text=text) for text in HOSTILE]
    mixed = [one for pair in zip(batch, SOME * len(batch), strict=False) for one in pair]
    for verdicts in (classifier.judge(mixed), await classifier.judge_live(mixed)):
        assert len(verdicts) == len(mixed)
        usual = classifier.judge(SOME)
        assert_alike(verdicts[1::2][: len(SOME)], usual[: len(verdicts[1::2])])


@EVERY_REAL
@settings(max_examples=40, deadline=None)
@given(batch=st.lists(UTTERANCES, max_size=6))
def test_confidence_is_the_buyers_share(kind: Kind, batch: list[Utterance]) -> None:
    for verdict in ready(kind).judge(batch):
        buyers = sum(score for intent, score in verdict.scores.items() if intent.is_buyer)
        assert verdict.confidence == pytest.approx(buyers, abs=1e-4)
        if abs(verdict.confidence - 0.5) > 1e-3 and verdict.model != GrammarClassifier.name:
            assert verdict.intent.is_buyer is (verdict.confidence > 0.5)


@EVERY_REAL
@pytest.mark.parametrize("role", [Role.HOST, Role.MOD, Role.BOT])
def test_the_shop_is_no_buyer(kind: Kind, role: Role) -> None:
    batch = [
        Utterance(text=text, context=Context(mode=mode, lot=LOT, author_role=role))
        for text in ("mine", "SOLD to @amy", "A1 mine!", "$20", "", "\ud800")
        for mode in (None, *SaleMode)
    ]
    for verdict in ready(kind).judge(batch):
        assert verdict.intent is Intent.SELLER
        assert verdict.confidence < 0.1
        assert_sound(verdict)


@EVERY_REAL
def test_plain_words_are_understood(kind: Kind) -> None:
    told = {
        "mine!": Intent.CLAIM,
        "I'll take it": Intent.CLAIM,
        "how much is shipping to canada?": Intent.SHIPPING_QUESTION,
        "hello from ohio 👋": Intent.CHATTER,
    }
    context = Context(mode=SaleMode.CLAIM, lot=LOT)
    verdicts = ready(kind).judge([Utterance(text=text, context=context) for text in told])
    assert [verdict.intent for verdict in verdicts] == list(told.values())


@EVERY_REAL
def test_what_a_show_says_of_its_rules_is_obeyed(kind: Kind) -> None:
    context = Context(
        mode=SaleMode.CLAIM, lot=LOT, rules=ShowRules(claim_words=("marbles",), number_is="item")
    )
    own, plain = ready(kind).judge(
        [
            Utterance(text="marbles", context=context),
            Utterance(text="marbles", context=msgspec.structs.replace(context, rules=None)),
        ]
    )
    assert own.intent is Intent.CLAIM
    assert own.confidence > 0.7 > plain.confidence


@EVERY
def test_the_same_words_get_the_same_verdict_from_another_one(kind: Kind) -> None:
    used = ready(kind)
    used.judge([Utterance(text=f"{n} please", context=Context(lot=LOT)) for n in range(200)])
    assert kind().judge(SOME) == used.judge(SOME)

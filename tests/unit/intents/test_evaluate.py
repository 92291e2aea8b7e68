from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealflow.intents.training import evaluate
from dealflow.intents.training.dataset import Example
from dealflow.intents.training.evaluate import BATCH, Goal, Rate, at_prevalence, curve, measure
from dealflow.model.intent import Intent, Slots, Utterance, Verdict
from tests.fakes.classifier import WordClassifier

RATES = st.builds(Rate, st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))


def judged(
    intent: Intent,
    confidence: float,
    truth: Intent,
    *,
    lang: str = "en",
    said: Slots | None = None,
    found: Slots | None = None,
) -> evaluate.Pair:
    verdict = Verdict(intent=intent, confidence=confidence, scores={}, slots=found or Slots())
    example = Example(
        id="x",
        utterance=Utterance(text="x"),
        intent=truth,
        slots=said or Slots(),
        lang=lang,
    )
    return example, verdict


FOUR = [
    judged(Intent.CLAIM, 0.95, Intent.CLAIM),
    judged(Intent.CLAIM, 0.95, Intent.CHATTER),
    judged(Intent.CHATTER, 0.05, Intent.BID, lang="es"),
    judged(Intent.CHATTER, 0.05, Intent.CHATTER, lang="es"),
]


def test_the_figures_of_a_small_set() -> None:
    report = measure(FOUR)
    assert report.messages == 4
    assert report.buyers == Rate(1, 1, 1)
    assert (report.buyers.precision, report.buyers.recall, report.buyers.f1) == (0.5, 0.5, 0.5)
    assert report.accuracy == 0.5
    assert report.calibration_error == pytest.approx(0.45)
    assert report.languages == {"en": Rate(1, 1, 0), "es": Rate(0, 0, 1)}
    assert report.intents[Intent.CLAIM] == Rate(1, 1, 0)
    assert report.intents[Intent.CHATTER] == Rate(1, 1, 1)
    assert set(report.intents) == set(Intent)
    assert evaluate.headline(report) == {
        "precision": 0.5,
        "recall": 0.5,
        "F1": 0.5,
        "intent accuracy": 0.5,
        "calibration error": pytest.approx(0.45),
        "slot F1 of buyers": 0.0,
    }


def test_figures_of_nothing_are_nothing() -> None:
    report = measure([])
    assert (report.accuracy, report.calibration_error, report.buyers) == (0.0, 0.0, Rate())
    assert report.languages == {}
    assert Rate().precision == Rate().recall == Rate().f1 == 0.0


def test_a_rate_by_hand() -> None:
    rate = Rate(right=6, extra=2, missed=3)
    assert rate.precision == pytest.approx(6 / 8)
    assert rate.recall == pytest.approx(6 / 9)
    assert rate.f1 == pytest.approx(12 / 17)


@given(rate=RATES)
def test_f1_lies_between_precision_and_recall(rate: Rate) -> None:
    low, high = sorted((rate.precision, rate.recall))
    assert low - 1e-9 <= rate.f1 <= high + 1e-9


def test_what_counts_as_a_buyer_is_the_confidence_not_the_intent() -> None:
    pairs = [judged(Intent.CHATTER, 0.9, Intent.CLAIM), judged(Intent.CLAIM, 0.6, Intent.CLAIM)]
    assert evaluate.buyer_rate(pairs) == Rate(1, 0, 1)
    assert evaluate.buyer_rate(pairs, 0.6) == Rate(2, 0, 0)
    assert evaluate.buyer_rate(pairs, 0.95) == Rate(0, 0, 2)


def test_slots_count_with_their_values_and_for_true_buyers_only() -> None:
    pairs = [
        judged(
            Intent.CLAIM, 1, Intent.CLAIM,
            said=Slots(item="#A7", quantity=2, size="M"), found=Slots(item="a7", quantity=3),
        ),
        judged(Intent.CLAIM, 1, Intent.CLAIM, found=Slots(color="red")),
        judged(Intent.CLAIM, 1, Intent.CHATTER, found=Slots(item="9")),
    ]  # fmt: skip
    assert evaluate.slot_rate(pairs) == Rate(right=1, extra=2, missed=2)


def test_the_reliability_table_by_hand() -> None:
    pairs = [
        judged(Intent.CLAIM, 1.0, Intent.CLAIM),
        judged(Intent.CLAIM, 0.92, Intent.CHATTER),
        judged(Intent.CHATTER, 0.0, Intent.CHATTER),
        judged(Intent.CHATTER, 0.1, Intent.CLAIM),
    ]
    bins = evaluate.reliability(pairs)
    assert len(bins) == evaluate.BINS
    assert [row.count for row in bins] == [1, 1, 0, 0, 0, 0, 0, 0, 0, 2]
    assert bins[9].confidence == pytest.approx(0.96)
    assert bins[9].buyers == 0.5
    gap = (0.0 + 0.9 + 2 * 0.46) / 4
    assert measure(pairs).calibration_error == pytest.approx(gap)


def test_the_curve_tells_what_each_threshold_costs() -> None:
    pairs = [judged(Intent.CLAIM, sure, Intent.CLAIM) for sure in (0.15, 0.55, 0.85, 0.97)]
    pairs += [judged(Intent.CLAIM, 0.65, Intent.CHATTER)]
    points = {point.threshold: point.buyers for point in curve(pairs)}
    assert list(points) == list(evaluate.THRESHOLDS)
    assert points[0.1] == Rate(4, 1, 0)
    assert points[0.6] == Rate(2, 1, 2)
    assert points[0.7] == Rate(2, 0, 2)
    assert points[0.95] == Rate(1, 0, 3)
    assert curve(pairs, [0.3])[0].buyers == Rate(3, 1, 1)


@given(
    sure=st.lists(st.tuples(st.floats(0, 1), st.sampled_from(list(Intent))), max_size=30),
)
def test_a_higher_threshold_finds_no_more_and_alarms_no_more(
    sure: Sequence[tuple[float, Intent]],
) -> None:
    points = curve([judged(Intent.CLAIM, one, truth) for one, truth in sure])
    for low, high in pairwise(points):
        assert high.buyers.right <= low.buyers.right
        assert high.buyers.extra <= low.buyers.extra
        assert high.buyers.missed >= low.buyers.missed


def test_precision_at_another_prevalence_by_hand() -> None:
    rate = Rate(right=80, extra=10, missed=20)
    assert at_prevalence(rate, 100, 0.5) == pytest.approx(0.8 / 0.9)
    assert at_prevalence(rate, 100, 0.08) == pytest.approx(0.064 / (0.064 + 0.1 * 0.92))
    assert at_prevalence(Rate(0, 3, 4), 100, 0.08) == 0.0
    assert at_prevalence(Rate(4, 0, 0), 0, 0.08) == 1.0


@given(rate=RATES, more=st.integers(0, 100))
def test_at_its_own_prevalence_precision_is_as_counted(rate: Rate, more: int) -> None:
    others, buyers = rate.extra + more, rate.right + rate.missed
    if others and buyers:
        share = buyers / (buyers + others)
        assert at_prevalence(rate, others, share) == pytest.approx(rate.precision)


def test_goals_are_at_least_or_at_most() -> None:
    assert Goal(0.9, 0.95).is_met(0.9)
    assert not Goal(0.9, 0.95).is_met(0.89)
    assert Goal(0.04, 0.02, least=False).is_met(0.03)
    assert not Goal(0.04, 0.02, least=False).is_met(0.05)
    named = {*evaluate.GOALS_OF_LINES, *evaluate.GOALS_OF_SHOWS}
    assert named <= set(evaluate.headline(measure([])))


class Counting(WordClassifier):
    """Remembers how many messages came at once."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def judge(self, batch: Sequence[Utterance]) -> list[Verdict]:
        self.sizes.append(len(batch))
        return super().judge(batch)


def test_examples_are_judged_in_batches_and_in_order() -> None:
    examples = [
        Example(id=str(n), utterance=Utterance(text=f"mine {n}"), intent=Intent.CLAIM)
        for n in range(2 * BATCH + 3)
    ]
    classifier = Counting()
    pairs = evaluate.judge_all(classifier, examples)
    assert [example for example, _ in pairs] == examples
    assert classifier.sizes == [BATCH, BATCH, 3]

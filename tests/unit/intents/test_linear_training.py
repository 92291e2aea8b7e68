from __future__ import annotations

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from dealflow.intents.blend import BUYERS, Blend, Mixture
from dealflow.intents.ensemble import EnsembleClassifier
from dealflow.intents.grammar import GrammarClassifier
from dealflow.intents.judge_settings import JudgeSettings
from dealflow.intents.linear.features import SIZE
from dealflow.intents.linear.table import INTENTS, LinearTable
from dealflow.intents.training import fit, linear
from dealflow.intents.training.corpus import Entry, Part
from dealflow.intents.training.train import settled
from dealflow.model.intent import Intent, Role, Slots
from tests.unit.intents.lessons import lessons
from tests.unit.intents.saying import said

LESSONS = lessons()


def trained(grammar: GrammarClassifier, chosen: range = range(len(LESSONS))) -> LinearTable:
    rows, starts = linear.read(LESSONS, grammar)
    return linear.train(rows, starts, linear.targets(LESSONS), np.array(chosen, np.intp))


@pytest.fixture(scope="module")
def table(classifier: GrammarClassifier) -> LinearTable:
    """What sixty lines taught."""
    return trained(classifier)


@pytest.fixture(scope="module")
def judge(classifier: GrammarClassifier, table: LinearTable) -> EnsembleClassifier:
    """A classifier without an encoder, from sixty lines."""
    scores = table.logits(*linear.read(LESSONS, classifier))
    mixture = fit.mixture(scores, None, linear.targets(LESSONS))
    blend = Blend(quick=mixture, full=Mixture(linear=1.0))
    settings = JudgeSettings(version="9", blend=blend, marks={"?": 0})
    return EnsembleClassifier(grammar=classifier, table=table, encoder=None, settings=settings)


def test_targets_are_the_columns_of_the_intents() -> None:
    columns = linear.targets(LESSONS)
    assert [INTENTS[at] for at in columns] == [example.intent for example in LESSONS]


def test_sixty_lines_are_learned(classifier: GrammarClassifier, table: LinearTable) -> None:
    scores = table.logits(*linear.read(LESSONS, classifier))
    right = scores.argmax(axis=1) == linear.targets(LESSONS)
    assert right.mean() >= 0.95


def test_the_same_lines_give_the_same_weights_bit_for_bit(table: LinearTable) -> None:
    again = trained(GrammarClassifier())
    assert again.weights.tobytes() == table.weights.tobytes()
    assert again.to_bytes() == table.to_bytes()


def test_lines_that_are_not_chosen_teach_nothing(
    classifier: GrammarClassifier, table: LinearTable
) -> None:
    half = trained(classifier, range(30))
    rows, starts = linear.read(LESSONS, classifier)
    own = set(rows[: starts[30]].tolist())
    others = [row for row in range(SIZE) if row not in own]
    assert not half.weights[others].any()
    assert half.weights.tobytes() != table.weights.tobytes()


def test_progress_is_told(classifier: GrammarClassifier) -> None:
    rows, starts = linear.read(LESSONS, classifier)
    told: list[tuple[str, int, int]] = []
    linear.train(
        rows,
        starts,
        linear.targets(LESSONS),
        np.arange(6),
        lambda part, done, total: told.append((part, done, total)),
    )
    assert told == [("linear", done, linear.EPOCHS) for done in range(1, linear.EPOCHS + 1)]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("mine please", Intent.CLAIM),
        ("dibs on that", Intent.CLAIM),
        ("is it real silver?", Intent.PRODUCT_QUESTION),
        ("good evening from ohio", Intent.CHATTER),
    ],
)
def test_a_classifier_without_an_encoder_judges(
    judge: EnsembleClassifier, text: str, intent: Intent
) -> None:
    (verdict,) = judge.judge([said(text)])
    assert verdict.intent is intent
    assert (verdict.confidence >= 0.5) is intent.is_buyer
    assert verdict.model == judge.name == "linear-9"
    assert verdict.reason


def test_the_shop_is_known_by_who_speaks(judge: EnsembleClassifier) -> None:
    for role in (Role.HOST, Role.MOD, Role.BOT):
        (verdict,) = judge.judge([said("mine", role=role)])
        assert (verdict.intent, verdict.confidence) == (Intent.SELLER, 0.0)
        assert verdict.scores[Intent.SELLER] == 1.0


def test_slots_are_read_under_the_models_intent(judge: EnsembleClassifier) -> None:
    (claim,) = judge.judge([said("mine 22, two of them")])
    assert claim.intent is Intent.CLAIM
    assert claim.slots.quantity == 2


def test_what_the_other_half_teaches_is_settled_and_what_it_contradicts_is_not(
    classifier: GrammarClassifier,
) -> None:
    twice = [*LESSONS, *LESSONS] * 4
    files = [f"lines/{'one' if at < len(twice) // 2 else 'two'}" for at in range(len(twice))]
    odd = [at for at in range(0, len(twice), 7) if files[at] == "lines/one"]
    wrong = {at: msgspec.structs.replace(twice[at], intent=Intent.SPAM) for at in odd}
    entries = [
        Entry(wrong.get(at, example), file, Part.TRAINING)
        for at, (example, file) in enumerate(zip(twice, files, strict=True))
    ]
    examples = [entry.example for entry in entries]
    rows, starts = linear.read(examples, classifier)
    told: list[tuple[int, int]] = []
    found = settled(
        entries,
        rows,
        starts,
        linear.targets(examples),
        np.arange(len(entries)),
        lambda _, done, total: told.append((done, total)),
    )
    assert found
    assert found.isdisjoint(odd)
    assert not any(examples[at].intent.is_buyer or examples[at].slots != Slots() for at in found)
    assert told[-1] == (2 * linear.EPOCHS, 2 * linear.EPOCHS)
    assert told == sorted(told)


def test_one_half_settles_nothing(classifier: GrammarClassifier) -> None:
    entries = [Entry(example, "lines/one", Part.TRAINING) for example in LESSONS]
    rows, starts = linear.read(LESSONS, classifier)
    places = np.arange(len(entries))
    targets = linear.targets(LESSONS)
    assert settled(entries, rows, starts, targets, places, lambda *_: None) == frozenset()


@pytest.mark.parametrize("wanted", [INTENTS.index(Intent.CLAIM), INTENTS.index(Intent.CHATTER)])
def test_errors_are_the_slope_of_the_loss(wanted: int) -> None:
    scores = np.random.default_rng(3).normal(size=(1, len(INTENTS)))
    targets = np.array([wanted])

    def loss(of: NDArray[np.float64]) -> float:
        chances = np.exp(of[0]) / np.exp(of[0]).sum()
        side = chances[BUYERS[wanted] == BUYERS].sum()
        return float(-np.log(chances[wanted]) - linear.SIDES * np.log(side))

    chances = (np.exp(scores) / np.exp(scores).sum()).astype(np.float32)
    told = linear.errors(chances, targets)[0]
    for column in range(len(INTENTS)):
        moved = scores.copy()
        moved[0, column] += 1e-5
        assert told[column] == pytest.approx((loss(moved) - loss(scores)) / 1e-5, abs=1e-3)


def test_a_side_that_is_ruled_out_has_a_slope() -> None:
    chances = np.zeros((1, len(INTENTS)), np.float32)
    chances[0, INTENTS.index(Intent.CHATTER)] = 1
    told = linear.errors(chances, np.array([INTENTS.index(Intent.CLAIM)]))
    assert np.isfinite(told).all()

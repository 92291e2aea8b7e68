from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dealflow.intents.blend import BUYERS, Blend, Mixture, confidences, probabilities
from dealflow.intents.linear.table import INTENTS
from dealflow.intents.training import fit
from dealflow.intents.training.recalibrate import LEAST, WEIGHTS, Lesson, Scored, learn
from dealflow.model.intent import Intent

THRESHOLD = 0.7
COLUMNS = len(INTENTS)
CLAIM, CHATTER = INTENTS.index(Intent.CLAIM), INTENTS.index(Intent.CHATTER)


def scored(seed: int, lines: int, *, clear: float = 3.0) -> Scored:
    """Return messages of which the models know something; a third are by buyers."""
    random = np.random.default_rng(seed)
    wanted = np.where(random.random(lines) < 0.33, CLAIM, random.integers(0, COLUMNS, lines))
    true = np.eye(COLUMNS)[wanted] * clear
    linear, encoder = (true + random.normal(0, 1.2, true.shape) for _ in range(2))
    return Scored(
        linear.astype(np.float32), encoder.astype(np.float32), wanted.astype(np.intp)
    )  # fmt: skip


def fitted(base: Scored) -> Blend:
    return Blend(
        quick=fit.mixture(base.linear, None, base.wanted),
        full=fit.mixture(base.linear, base.encoder, base.wanted),
    )


def f1(blend: Blend, lines: Scored, *, quick: bool = False) -> float:
    mixture = blend.quick if quick else blend.full
    shares = probabilities(mixture, lines.linear, None if quick else lines.encoder)
    said, true = confidences(shares) >= THRESHOLD, BUYERS[lines.wanted]
    both = int((said & true).sum())
    return 2 * both / max(int(said.sum() + true.sum()), 1)


BASE = scored(1, 240)
FLOOR = BASE.at(np.arange(240) % 2 == 1)
BLEND = fitted(BASE)
SHY = Blend(
    quick=msgspec.structs.replace(BLEND.quick, shift=BLEND.quick.shift - 3),
    full=msgspec.structs.replace(BLEND.full, shift=BLEND.full.shift - 3),
)
"""As if it had been fitted to a shop where hardly anybody buys."""


@pytest.mark.parametrize("count", range(LEAST))
def test_few_corrections_teach_nothing(count: int) -> None:
    blend, lesson = learn(SHY, BASE, scored(2, count), threshold=THRESHOLD)
    assert blend is SHY
    assert lesson.weight == 0
    assert str(LEAST) in lesson.reason
    assert lesson.corrections_before == lesson.corrections_after
    assert lesson.floor_before == lesson.floor_after
    assert lesson.corrections_before.messages == count


def test_corrections_that_agree_with_the_floor_are_learned() -> None:
    blend, lesson = learn(SHY, BASE, scored(3, 40), threshold=THRESHOLD)
    assert blend != SHY
    assert lesson.weight in WEIGHTS
    assert lesson.reason == ""
    assert lesson.corrections_after.right > lesson.corrections_before.right
    assert lesson.floor_after.f1 >= lesson.floor_before.f1
    assert f1(blend, FLOOR) == pytest.approx(lesson.floor_after.f1)


@settings(max_examples=4, deadline=None)
@given(
    seed=st.integers(0, 1_000),
    count=st.integers(LEAST, 30),
    clear=st.sampled_from([-3.0, 0.0, 3.0]),
    shy=st.booleans(),
)
def test_the_floor_never_falls(seed: int, count: int, clear: float, shy: bool) -> None:
    """Whatever a seller says, held-out lines are told no worse, by either half of the model."""
    before = SHY if shy else BLEND
    after, lesson = learn(before, BASE, scored(seed, count, clear=clear), threshold=THRESHOLD)
    assert f1(after, FLOOR) >= f1(before, FLOOR) - 1e-9
    assert f1(after, FLOOR, quick=True) >= f1(before, FLOOR, quick=True) - 1e-9
    assert lesson.floor_after.f1 >= lesson.floor_before.f1
    if lesson.weight == 0:
        assert after is before
        assert lesson.reason
    else:
        assert lesson.corrections_after.right > lesson.corrections_before.right


def test_corrections_that_contradict_each_other_do_no_harm() -> None:
    same = scored(5, 1)
    every = np.zeros(24, np.intp)
    wanted = np.where(np.arange(24) % 2, CLAIM, CHATTER)
    quarrel = Scored(same.linear[every], same.encoder[every], wanted)
    after, lesson = learn(BLEND, BASE, quarrel, threshold=THRESHOLD)
    assert f1(after, FLOOR) >= f1(BLEND, FLOOR)
    assert lesson.corrections_after.right >= lesson.corrections_before.right
    assert lesson.corrections_before.right == 12
    assert after is BLEND


def test_corrections_that_turn_everything_round_change_nothing() -> None:
    """A seller who calls every buyer none and the reverse would ruin what others rely on."""
    lies = scored(6, 30)
    swapped = np.where(BUYERS[lies.wanted], CHATTER, CLAIM)
    after, lesson = learn(
        BLEND, BASE, Scored(lies.linear, lies.encoder, swapped), threshold=THRESHOLD
    )
    assert f1(after, FLOOR) >= f1(BLEND, FLOOR)
    assert lesson.floor_after.f1 >= lesson.floor_before.f1


def test_what_is_told_of_the_corrections_was_not_fitted_to_them() -> None:
    """Noise can be learned by heart; told fairly, it cannot be told better than by chance."""
    noise = scored(7, 60, clear=0.0)
    _, lesson = learn(BLEND, BASE, noise, threshold=THRESHOLD)
    assert lesson.corrections_after.right <= 0.8 * lesson.corrections_after.messages


def test_the_same_corrections_teach_the_same() -> None:
    first, second = (learn(SHY, BASE, scored(3, 20), threshold=THRESHOLD) for _ in range(2))
    assert first == second


def test_scores_are_stored_to_half_precision() -> None:
    kept = Scored.from_bytes(BASE.to_bytes())
    assert kept.wanted.tolist() == BASE.wanted.tolist()
    assert kept.linear == pytest.approx(BASE.linear, abs=0.01)
    assert kept.encoder == pytest.approx(BASE.encoder, abs=0.01)
    assert str(kept.linear.dtype) == "float32"
    assert kept.to_bytes() == BASE.to_bytes()


def test_a_lesson_is_plain_json() -> None:
    _, lesson = learn(SHY, BASE, scored(2, 2), threshold=THRESHOLD)
    told = msgspec.json.decode(msgspec.json.encode(lesson))
    assert set(told["floorBefore"]) == {"messages", "right", "f1"}
    assert msgspec.convert(told, Lesson) == lesson


def test_a_mixture_is_not_changed_by_being_weighed() -> None:
    before = msgspec.json.encode(SHY)
    learn(SHY, BASE, scored(3, 10), threshold=THRESHOLD)
    assert msgspec.json.encode(SHY) == before
    assert isinstance(SHY.full, Mixture)

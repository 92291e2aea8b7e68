from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dealflow.errors import ModelDamaged
from dealflow.intents.linear import table
from dealflow.intents.linear.features import SIZE, VERSION
from dealflow.intents.linear.table import INTENTS, STEPS, LinearTable, Scores, scale_of
from dealflow.model.intent import Intent


def weights(seed: int = 1) -> Scores:
    made = np.zeros((SIZE, len(INTENTS)), np.float32)
    made[:500] = np.random.default_rng(seed).normal(size=(500, len(INTENTS)))
    return made


def archive(**arrays: object) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


STORED = LinearTable(weights()).to_bytes()


def test_every_intent_has_its_column() -> None:
    assert tuple(Intent) == INTENTS


def test_bytes_hold_the_weights_to_half_a_step() -> None:
    kept = LinearTable.from_bytes(STORED).weights
    step = np.abs(weights()).max(axis=0) / STEPS
    assert kept.dtype == np.float32
    assert (np.abs(kept - weights()) <= step / 2 + 1e-6).all()


def test_equal_weights_give_equal_bytes() -> None:
    assert LinearTable(weights()).to_bytes() == STORED
    assert LinearTable(weights(2)).to_bytes() != STORED


def test_what_was_stored_is_stored_alike_again() -> None:
    assert LinearTable.from_bytes(STORED).to_bytes() == STORED


def test_a_table_of_nothing_is_a_table() -> None:
    nothing = LinearTable(np.zeros((SIZE, len(INTENTS)), np.float32))
    assert not LinearTable.from_bytes(nothing.to_bytes()).weights.any()


def test_sums_are_divided_by_the_root_of_how_many_there_are() -> None:
    one = np.zeros((SIZE, len(INTENTS)), np.float32)
    one[7, 0] = 2.0
    one[9, 1] = 1.0
    rows, starts = np.array([7, 7, 7, 7, 9], np.uint32), np.array([0, 4])
    scores = LinearTable(one).logits(rows, starts)
    assert scores.shape == (2, len(INTENTS))
    assert scores[0, 0] == pytest.approx(8 * table.SCALE / 2)
    assert scores[1, 1] == pytest.approx(table.SCALE)
    assert scale_of(rows, starts).tolist() == pytest.approx([table.SCALE / 2, table.SCALE])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nothing of the kind",
        STORED[: len(STORED) // 2],
        STORED[100:],
        archive(steps=np.zeros(3, np.int8)),
        archive(version=np.array([]), scales=np.ones(15), steps=np.zeros((2, 15), np.int8)),
        archive(version=np.array([{}]), scales=np.ones(15), steps=np.zeros((2, 15), np.int8)),
    ],
    ids=["empty", "text", "cut", "beheaded", "other", "no version", "objects"],
)
def test_something_else_is_damaged(data: bytes) -> None:
    with pytest.raises(ModelDamaged, match="linear model") as raised:
        LinearTable.from_bytes(data)
    assert "scripts/train" in raised.value.advice


def test_weights_for_other_features_are_refused() -> None:
    steps, scales = np.zeros((SIZE, len(INTENTS)), np.int8), np.ones(len(INTENTS), np.float32)
    fits = archive(version=np.array([VERSION]), scales=scales, steps=steps)
    assert LinearTable.from_bytes(fits).weights.shape == (SIZE, len(INTENTS))
    for other in (
        archive(version=np.array([VERSION + 1]), scales=scales, steps=steps),
        archive(version=np.array([VERSION]), scales=scales, steps=steps[:-1]),
        archive(version=np.array([VERSION]), scales=scales, steps=steps[:, :-1]),
    ):
        with pytest.raises(ModelDamaged, match="other features"):
            LinearTable.from_bytes(other)


@settings(max_examples=50, deadline=None)
@given(
    at=st.integers(0, len(STORED) - 1),
    bit=st.integers(0, 7),
    near_end=st.booleans(),
)
def test_a_changed_bit_never_raises_anything_else(at: int, bit: int, near_end: bool) -> None:
    """Some bits of an archive, a time of day for one, mean nothing; the others are noticed."""
    place = len(STORED) - 1 - at % 400 if near_end else at
    changed = bytearray(STORED)
    changed[place] ^= 1 << bit
    try:
        kept = LinearTable.from_bytes(bytes(changed))
    except ModelDamaged:
        return
    assert np.array_equal(kept.weights, LinearTable.from_bytes(STORED).weights)

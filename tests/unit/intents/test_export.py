"""The network of PyTorch and the file that is shipped say the same.

PyTorch is needed to train the encoder and for nothing else, so that it is not among DealFlow's
packages: `scripts/train` installs it apart.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from dealflow.intents.encoder.inputs import END, PAD, START
from dealflow.intents.encoder.spans import Tag
from dealflow.intents.linear.table import INTENTS

WHY = "PyTorch and onnx are installed by scripts/train alone, apart from .venv"
pytestmark = pytest.mark.skipif(find_spec("torch") is None or find_spec("onnx") is None, reason=WHY)

ROWS = [[START, 4, 5, 6, END], [START, 9, END], [START, *range(4, 60), END]]
WORDS = 64


def test_the_file_says_what_the_network_says() -> None:
    import onnxruntime as ort

    from dealflow.intents.training import encoder, export

    network = encoder.Network(WORDS, layers=1)
    said = encoder.predict(network, ROWS)
    assert said.shape == (len(ROWS), len(INTENTS))
    data = export.to_onnx(network)
    assert data == export.to_onnx(network)
    session = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
    width = max(map(len, ROWS))
    ids = np.full((len(ROWS), width), PAD, np.int64)
    for at, row in enumerate(ROWS):
        ids[at, : len(row)] = row
    scores, tags = session.run(None, {"ids": ids})
    assert scores == pytest.approx(said, abs=0.05)
    assert tags.shape == (*ids.shape, len(Tag))


def test_a_tiny_network_learns_what_it_is_shown() -> None:
    from dealflow.intents.training import encoder

    network = encoder.Network(WORDS, layers=1)
    rows = [[START, 4 + at % 2, END] for at in range(64)]
    wanted = np.array([at % 2 for at in range(64)], np.intp)
    tags = [[Tag.ITEM if at % 2 else Tag.NONE] for at in range(64)]
    for _ in range(6):
        encoder.train(network, rows, wanted, tags, list(range(64)), WORDS - 1)
    assert encoder.predict(network, rows).argmax(axis=1).tolist() == wanted.tolist()
    told = network(encoder.padded(rows))[1][:, 1].argmax(dim=1).tolist()
    assert told == [tag for (tag,) in tags]


def test_marks_are_numbered_after_the_pieces() -> None:
    from dealflow.intents.training import encoder

    assert encoder.number_marks({"b", "a", "?"}, 10) == {"?": 10, "a": 11, "b": 12}

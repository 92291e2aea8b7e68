"""Runs the encoder's ONNX file on one core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dealflow.errors import ModelDamaged
from dealflow.intents import artefacts
from dealflow.intents.encoder.inputs import MAX_TEXT, plain, sequences
from dealflow.intents.encoder.spans import Cut, Tags, cut
from dealflow.intents.evidence import Evidence
from dealflow.intents.finding import Finding
from dealflow.intents.linear.table import INTENTS, Scores
from dealflow.model.intent import Utterance

if TYPE_CHECKING:
    import onnxruntime
    import sentencepiece

MODEL, PIECES = "encoder.onnx", "encoder.spm"


class Heard(NamedTuple):
    """What the encoder says of some messages: ``float32[messages, intents]`` and each one's tags.

    Tags are of what was read of the text: the first `MAX_TEXT` pieces, or fewer.
    """

    scores: Scores
    tags: list[Tags]


class _Engine(NamedTuple):
    pieces: sentencepiece.SentencePieceProcessor
    session: onnxruntime.InferenceSession


class Encoder:
    """Gives each message a score for each intent; see `inputs` for what it reads.

    It takes a sixth of a second to open, which happens at first use, or before with `open`; both
    may be called from any thread.
    """

    def __init__(self, model: bytes, pieces: bytes, marks: Mapping[str, int]) -> None:
        self._files = (model, pieces)
        self._marks = marks
        self._engine: _Engine | None = None
        self._lock = Lock()

    @property
    def is_open(self) -> bool:
        """Say whether it answers at once."""
        return self._engine is not None

    def open(self) -> None:
        """Make ready to answer.

        Raises:
            ModelDamaged: the files are not an encoder's.
        """
        self._opened()

    def _opened(self) -> _Engine:
        with self._lock:
            if self._engine is None:
                self._engine = _engine(*self._files)
                self._files = (b"", b"")
            return self._engine

    @classmethod
    def load(cls, marks: Mapping[str, int], folder: Path = artefacts.FOLDER) -> Encoder:
        """Read the encoder that is shipped.

        Raises:
            ModelDamaged: a file is missing or is not what training wrote.
        """
        return cls(artefacts.read(MODEL, folder), artefacts.read(PIECES, folder), marks)

    def hear(self, read: Sequence[tuple[Utterance, Evidence, Finding]]) -> Heard:
        """Return what the encoder says of each message."""
        return self.run(self.prepare(read))

    def prepare(self, read: Sequence[tuple[Utterance, Evidence, Finding]]) -> list[list[int]]:
        """Return the numbers that stand for each message; cheap, and holds the interpreter."""
        return sequences(read, self._opened().pieces, self._marks)

    def run(self, rows: Sequence[Sequence[int]]) -> Heard:
        """Return what is said of prepared messages; slow, and leaves the interpreter to others."""
        scores = np.empty((len(rows), len(INTENTS)), np.float32)
        tags: list[Tags] = []
        session = self._opened().session
        for at, row in enumerate(rows):
            # One at a time: the range of a byte is chosen over all that runs together, and a
            # message's scores must not depend on its neighbours. Together would save a sixth.
            said = session.run(None, {"ids": np.array([row], np.int64)})
            scores[at] = said[0][0]
            tags.append(said[1][0, 1 : 1 + MAX_TEXT])
        return Heard(scores, tags)

    def cut(self, text: str) -> Cut:
        """Return a message as its pieces were cut, to read its tags by."""
        return cut(self._opened().pieces, plain(text))


def _engine(model: bytes, pieces: bytes) -> _Engine:
    import onnxruntime
    import sentencepiece

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return _Engine(
            sentencepiece.SentencePieceProcessor(model_proto=pieces),
            onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"]),
        )
    except Exception as error:
        raise ModelDamaged("The encoder cannot be loaded.") from error

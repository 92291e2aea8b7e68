"""Trains the model from the corpus: both models, then how their scores become probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from dealflow.errors import InputInvalid, TrainingUnavailable
from dealflow.intents import artefacts
from dealflow.intents.blend import Blend, Mixture, probabilities
from dealflow.intents.encoder.inputs import OTHER, marks, plain, sequences, texts
from dealflow.intents.encoder.runtime import MODEL, PIECES, Encoder
from dealflow.intents.encoder.spans import cut
from dealflow.intents.ensemble import CALIBRATION, LINEAR, is_unsettled
from dealflow.intents.grammar import GrammarClassifier
from dealflow.intents.judge_settings import SETTINGS, JudgeSettings, read_settings
from dealflow.intents.linear.features import Rows
from dealflow.intents.linear.table import INTENTS, LinearTable, Scores
from dealflow.intents.training import corpus, fit, linear, spans
from dealflow.intents.training.corpus import Entry, Part
from dealflow.intents.training.dataset import Example
from dealflow.intents.training.recalibrate import Lesson, Scored, learn
from dealflow.model.intent import Role, Slots

VERSION = "1"
WHEEL_FOLDER = Path(".cache/weights")

Progress = Callable[[str, int, int], None]


def _quiet(part: str, done: int, total: int) -> None:
    del part, done, total


def train(
    folder: Path,
    out: Path,
    *,
    encoder: bool = True,
    wheel: Path | None = None,
    progress: Progress = _quiet,
) -> None:
    """Train on the corpus in ``folder`` and write the model's files to ``out``.

    Without ``encoder`` the encoder that lies in ``out`` is kept, and its blend is fitted anew.

    Raises:
        FileUnreadable, InputInvalid: the folder holds no corpus to train and calibrate with.
        ModelDamaged: the encoder is to be kept and is missing or is not what training wrote.
        TrainingUnavailable: the encoder is to be trained and PyTorch or its weights are missing.
    """
    entries = spoken(corpus.read(folder))
    grammar = GrammarClassifier()
    examples = [entry.example for entry in entries]
    wanted = linear.targets(examples)
    training, calibration = _places(entries, Part.TRAINING), _places(entries, Part.CALIBRATION)
    if not len(training) or not len(calibration):
        raise InputInvalid(
            f"{folder} needs viewers' lines to train with and others to calibrate with;"
            f" {corpus.SPLITS} names the files of the latter."
        )
    rows, starts = linear.read(examples, grammar)
    if encoder:
        easy = settled(entries, rows, starts, wanted, training, progress)
        model, pieces, numbers = _train_encoder(
            examples, grammar, wanted, training, easy, wheel or WHEEL_FOLDER, progress
        )
    else:
        model, pieces = artefacts.read(MODEL, out), artefacts.read(PIECES, out)
        numbers = read_settings(out).marks
    table = linear.train(rows, starts, wanted, training, progress)
    table = LinearTable.from_bytes(table.to_bytes())  # as it is shipped: one byte a weight
    held = [examples[at] for at in calibration]
    fresh = np.array([entries[at].is_fresh for at in calibration], np.bool_)
    scores = table.logits(*_some(rows, starts, calibration))
    deep = encoder_scores(Encoder(model, pieces, numbers), held, grammar)
    blend = Blend(
        quick=fit.mixture(scores, None, wanted[calibration], fresh),
        full=fit.mixture(scores, deep, wanted[calibration], fresh),
    )
    trained_on = corpus.digest(folder)
    settings = JudgeSettings(version=VERSION, corpus=trained_on, blend=blend, marks=numbers)
    files = {
        LINEAR: table.to_bytes(),
        MODEL: model,
        PIECES: pieces,
        CALIBRATION: Scored(scores, deep, wanted[calibration], fresh).to_bytes(),
        SETTINGS: msgspec.json.format(msgspec.json.encode(settings), indent=1) + b"\n",
    }
    artefacts.write(files, version=VERSION, corpus=trained_on, folder=out)


def learn_corrections(
    corrected: Sequence[Example], *, threshold: float, folder: Path = artefacts.FOLDER
) -> tuple[JudgeSettings, Lesson]:
    """Return settings that learned from a seller's corrections, and what they are better at.

    Raises:
        ModelDamaged: a file of the model is missing or is not what training wrote.
    """
    settings = read_settings(folder)
    grammar = GrammarClassifier()
    examples = [one for one in corrected if _is_spoken(one)]
    table = LinearTable.from_bytes(artefacts.read(LINEAR, folder))
    if examples:
        encoder = Encoder.load(settings.marks, folder)
        own = Scored(
            table.logits(*linear.read(examples, grammar)),
            encoder_scores(encoder, examples, grammar),
            linear.targets(examples),
        )
    else:
        nothing = np.empty((0, len(INTENTS)), np.float32)
        own = Scored(nothing, nothing, np.empty(0, np.intp))
    base = Scored.from_bytes(artefacts.read(CALIBRATION, folder))
    blend, lesson = learn(settings.blend, base, own, threshold=threshold)
    return msgspec.structs.replace(settings, blend=blend), lesson


def spoken(entries: Sequence[Entry]) -> list[Entry]:
    """Return the lines of viewers: what the shop says is known by who says it."""
    return [entry for entry in entries if _is_spoken(entry.example)]


def _is_spoken(example: Example) -> bool:
    return example.utterance.context.author_role is Role.VIEWER


def encoder_scores(
    encoder: Encoder, examples: Sequence[Example], grammar: GrammarClassifier
) -> Scores:
    """Return what the encoder says of each example."""
    read = [(example.utterance, *grammar.read(example.utterance)) for example in examples]
    return encoder.hear(read).scores


def _tells(example: Example) -> bool:
    """Say whether a line's slots are known: of buyers always, of others where they have any."""
    return example.intent.is_buyer or example.slots != Slots()


def _places(entries: Sequence[Entry], part: Part) -> NDArray[np.intp]:
    return np.array([at for at, entry in enumerate(entries) if entry.part is part], np.intp)


def settled(
    entries: Sequence[Entry],
    rows: Rows,
    starts: NDArray[np.int64],
    wanted: NDArray[np.intp],
    training: NDArray[np.intp],
    progress: Progress,
) -> frozenset[int]:
    """Return the places of the training lines that a linear model settles rightly by itself.

    Each half of the files is told by a model that was trained on the other half: a model is sure of
    what it has seen. The encoder is hardly ever asked whether such a line is by a buyer. Lines by
    buyers and lines with slots are never settled: the encoder is asked for their words. Where there
    is only one half, nothing is settled.
    """
    files = {name: at for at, name in enumerate(sorted({entry.file for entry in entries}))}
    half = np.array([files[entries[at].file] % 2 for at in training])
    found: set[int] = set()
    for part in (0, 1):
        own, others = training[half == part], training[half != part]
        if not len(own) or not len(others):
            break

        def told(_: str, done: int, total: int, part: int = part) -> None:
            progress("choice", part * total + done, 2 * total)

        table = linear.train(rows, starts, wanted, others, told)
        shares = probabilities(Mixture(linear=1.0), table.logits(*_some(rows, starts, own)))
        right = ~is_unsettled(shares) & (shares.argmax(axis=1) == wanted[own])
        found.update(at for at in own[right].tolist() if not _tells(entries[at].example))
    return frozenset(found)


def _some(
    rows: Rows, starts: NDArray[np.int64], chosen: NDArray[np.intp]
) -> tuple[Rows, NDArray[np.int64]]:
    """Return the rows of some of the lines, and where each begins."""
    ends = np.append(starts[1:], len(rows))
    parts = [rows[starts[at] : ends[at]] for at in chosen]
    sizes = np.array([len(part) for part in parts], np.int64)
    return np.concatenate(parts), np.cumsum(sizes) - sizes


def _train_encoder(
    examples: Sequence[Example],
    grammar: GrammarClassifier,
    wanted: NDArray[np.intp],
    training: NDArray[np.intp],
    easy: frozenset[int],
    wheel: Path,
    progress: Progress,
) -> tuple[bytes, bytes, dict[str, int]]:
    try:
        from dealflow.intents.training import encoder as tuning
        from dealflow.intents.training import export
    except ImportError as error:
        raise TrainingUnavailable(
            f"Training the encoder needs PyTorch and onnx: {error}."
        ) from error
    import sentencepiece

    from dealflow.intents.training.pieces import SPECIAL, choose
    from dealflow.intents.training.weights import WHEEL, read_wheel

    weights = read_wheel(wheel / WHEEL if wheel.is_dir() or not wheel.suffix else wheel)
    read = [(example.utterance, *grammar.read(example.utterance)) for example in examples]
    chosen = [int(at) for at in training]
    places, pieces = choose(weights, [part for at in chosen for part in texts(read[at][0])])
    found = {mark for at in chosen for mark in marks(*read[at][1:])}
    numbers = tuning.number_marks(found, len(SPECIAL) + len(places))
    cutter = sentencepiece.SentencePieceProcessor(model_proto=pieces)
    rows = sequences(read, cutter, numbers)
    tags = [
        spans.wanted(cut(cutter, plain(one.utterance.text)), one.slots) if _tells(one) else None
        for one in examples
    ]
    network = tuning.start(weights, places, len(numbers))
    tuning.train(network, rows, wanted, tags, chosen, numbers[OTHER], progress, settled=easy)
    return export.to_onnx(network), pieces, numbers

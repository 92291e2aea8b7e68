"""``train`` makes a model from a corpus, or learns from a seller's corrections."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import msgspec
import pytest

from dealflow import compose
from dealflow.intents import artefacts
from dealflow.intents.blend import Blend, Mixture
from dealflow.intents.ensemble import EnsembleClassifier
from dealflow.intents.judge_settings import read_settings
from dealflow.intents.training import corpus
from dealflow.intents.training.recalibrate import LEAST
from dealflow.model.correction import Correction
from dealflow.model.intent import Intent, Utterance
from dealflow.pipeline.base import PushedMessage
from dealflow.settings import Settings
from tests.e2e.command import run
from tests.fakes.small_corpus import small_corpus

SHOW = "friday"
SAID = [f"ring {name} up for me" for name in ("one", "two", "three", "four", "five", "six")]


async def corrected(data: Path, count: int) -> None:
    """Fill a store with messages, and let a seller say of so many that they were a buyer's."""
    settings = Settings(data_dir=str(data))
    async with compose.open_app(settings, asks=False) as app:
        outcomes = await app.monitor.push(
            SHOW, [PushedMessage(username=f"u{at}", text=text) for at, text in enumerate(SAID)]
        )
    for outcome in outcomes[:count]:
        assert outcome.message_id is not None
        await compose.correct(
            settings, SHOW, outcome.message_id, Correction.MISSED_BUYER, Intent.CLAIM
        )


@pytest.mark.timeout(90)  # seconds of work, but on a busy machine
def test_a_model_is_made_from_a_corpus(tmp_path: Path) -> None:
    folder, out = small_corpus(tmp_path / "corpus"), tmp_path / "models"
    shutil.copytree(artefacts.FOLDER, out)
    before = artefacts.manifest(out)
    done = run(tmp_path, "train", "--keep-encoder", "--corpus", folder, "--out", out)
    assert (done.code, done.out) == (0, b""), done.err
    assert str(out) in done.err
    after = artefacts.manifest(out)
    assert after.corpus == corpus.digest(folder) != before.corpus
    assert set(after.files) == set(before.files)
    kept = {name for name in after.files if after.files[name] == before.files[name]}
    assert kept == {"encoder.onnx", "encoder.spm"}
    verdicts = EnsembleClassifier.load(folder=out).judge(
        [Utterance(text=text) for text in ("mine please!", "hello everybody")]
    )
    assert verdicts[0].confidence > verdicts[1].confidence


def test_a_corpus_that_calibrates_nothing_leaves_the_model_alone(tmp_path: Path) -> None:
    folder, out = small_corpus(tmp_path / "corpus"), tmp_path / "models"
    shutil.copytree(artefacts.FOLDER, out)
    (folder / "splits.json").write_text('{"calibration":[],"heldout":[]}')
    before = artefacts.manifest(out)
    done = run(tmp_path, "train", "--keep-encoder", "--corpus", folder, "--out", out, "--json")
    assert done.code == 1
    assert done.records[0]["error"] == "input_invalid"
    assert "calibrate" in done.records[0]["message"]
    assert artefacts.manifest(out) == before


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["--corpus", "nowhere"], "input_invalid", "nowhere"),
        (["--corpus", "."], "file_unreadable", "holds no corpus"),
    ],
)
def test_without_a_corpus_it_says_so(
    tmp_path: Path, arguments: list[str], code: str, word: str
) -> None:
    arguments = [str(tmp_path) if one == "." else one for one in arguments]
    done = run(tmp_path, "train", "--json", *arguments)
    assert done.code == 1
    assert done.records[0]["error"] == code
    assert word in done.records[0]["message"]


def test_the_encoder_that_is_to_be_kept_must_be_there(tmp_path: Path) -> None:
    folder = small_corpus(tmp_path / "corpus")
    done = run(
        tmp_path, "train", "--keep-encoder", "--corpus", folder, "--out", tmp_path / "x", "--json"
    )
    assert done.records[0]["error"] == "model_damaged"
    assert "scripts/train" in done.records[0]["hint"]
    assert not (tmp_path / "x").exists()


def test_few_corrections_teach_nothing_yet(tmp_path: Path) -> None:
    data = tmp_path / "data"
    none = run(tmp_path, "train", "--with-corrections", "--data-dir", data, "--json")
    assert (none.code, none.records[0]["corrections"]) == (0, 0)
    asyncio.run(corrected(data, 2))
    done = run(tmp_path, "train", "--with-corrections", "--data-dir", data)
    assert done.code == 0
    said = done.out.decode()
    assert f"Nothing changes: fewer than {LEAST} corrections teach nothing yet." in said
    assert "your corrections" in said
    assert not (data / compose.LEARNED_FILE).exists()


def test_corrections_are_learned_or_left_and_it_says_which(tmp_path: Path) -> None:
    data = tmp_path / "data"
    asyncio.run(corrected(data, len(SAID)))
    done = run(tmp_path, "train", "--with-corrections", "--data-dir", data, "--json")
    assert (done.code, done.err) == (0, "")
    (record,) = done.records
    lesson, own = record["lesson"], data / compose.LEARNED_FILE
    assert (record["type"], record["corrections"]) == ("training", len(SAID))
    assert lesson["floorAfter"]["f1"] >= lesson["floorBefore"]["f1"]
    assert lesson["correctionsAfter"]["right"] >= lesson["correctionsBefore"]["right"]
    assert (record["file"] is not None) is own.exists() is (lesson["weight"] > 0)
    assert bool(lesson["reason"]) is not own.exists()


def test_what_was_learned_is_in_use_until_it_is_forgotten(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    own = data / compose.LEARNED_FILE
    chat = tmp_path / "chat.txt"
    chat.write_text("hello all\nwhat a nice evening\n")
    keen = Mixture(linear=0.0, shift=6.0)
    learned = msgspec.structs.replace(read_settings(), blend=Blend(quick=keen, full=keen))
    own.write_bytes(msgspec.json.encode(learned))
    command = ("evaluate", chat, "--model", "linear-1", "--data-dir", data, "--json")
    assert run(tmp_path, *command).records[0]["captured"] == 2
    forgotten = run(tmp_path, "train", "--forget", "--data-dir", data)
    assert (forgotten.code, own.exists()) == (0, False)
    assert "forgotten" in forgotten.err
    assert run(tmp_path, *command).records[0]["captured"] == 0
    assert run(tmp_path, "train", "--forget", "--data-dir", data).code == 0


def test_damaged_lessons_name_the_way_back(tmp_path: Path) -> None:
    (tmp_path / compose.LEARNED_FILE).write_text("{")
    chat = tmp_path / "chat.txt"
    chat.write_text("hello\n")
    done = run(tmp_path, "evaluate", chat, "--model", "linear-1", "--data-dir", tmp_path)
    assert done.code == 1
    assert "dealflow train --forget" in done.err

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from dealflow.errors import ModelDamaged
from dealflow.intents import artefacts
from dealflow.intents.artefacts import MANIFEST
from dealflow.intents.ensemble import EnsembleClassifier
from dealflow.intents.judge_settings import read_settings

FILES = {"a.bin": b"alpha" * 100, "b.json": b"{}"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model of two files."""
    folder = tmp_path / "models"
    artefacts.write(FILES, version="1", corpus="0" * 64, folder=folder)
    return folder


def damaged(name: str, folder: Path) -> ModelDamaged:
    """Return what reading a file raises; it must say what mends it."""
    with pytest.raises(ModelDamaged) as raised:
        artefacts.read(name, folder)
    assert str(raised.value).endswith(".")
    assert "scripts/train" in raised.value.advice
    return raised.value


def test_what_was_written_is_read(folder: Path) -> None:
    for name, data in FILES.items():
        assert artefacts.read(name, folder) == data
    manifest = artefacts.manifest(folder)
    assert (manifest.version, manifest.corpus) == ("1", "0" * 64)
    assert list(manifest.files) == sorted(FILES)


def test_the_same_files_give_the_same_manifest(folder: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    artefacts.write(dict(reversed(FILES.items())), version="1", corpus="0" * 64, folder=again)
    assert (again / MANIFEST).read_bytes() == (folder / MANIFEST).read_bytes()


def test_writing_again_replaces(folder: Path) -> None:
    artefacts.write(FILES | {"b.json": b"[]"}, version="2", corpus="1", folder=folder)
    assert artefacts.read("b.json", folder) == b"[]"
    assert artefacts.manifest(folder).version == "2"


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "a.bin").unlink()
    assert "a.bin" in str(damaged("a.bin", folder))
    assert artefacts.read("b.json", folder) == b"{}"


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-1],
        lambda data: b"",
        lambda data: data + b"\n",
        lambda data: b"A" + data[1:],
    ],
    ids=["truncated", "empty", "longer", "changed"],
)
def test_another_file_in_its_place_is_noticed(folder: Path, change: object) -> None:
    assert callable(change)
    (folder / "a.bin").write_bytes(change(FILES["a.bin"]))
    assert "a.bin is damaged" in str(damaged("a.bin", folder))


def test_a_file_that_no_training_wrote_is_not_read(folder: Path) -> None:
    (folder / "c.bin").write_bytes(b"")
    assert "c.bin" in str(damaged("c.bin", folder))


@pytest.mark.parametrize("data", [None, b"", b"[]", b'{"version":1}', b"\xff"])
def test_without_its_manifest_nothing_is_read(folder: Path, data: bytes | None) -> None:
    if data is None:
        (folder / MANIFEST).unlink()
    else:
        (folder / MANIFEST).write_bytes(data)
    assert MANIFEST in str(damaged("a.bin", folder))


def test_no_folder_is_one_sentence(tmp_path: Path) -> None:
    assert MANIFEST in str(damaged("a.bin", tmp_path / "nowhere"))
    with pytest.raises(ModelDamaged):
        EnsembleClassifier.load(folder=tmp_path / "nowhere")


def test_settings_of_another_form_are_damaged(tmp_path: Path) -> None:
    artefacts.write({"judge.json": b'{"version":"1"}'}, version="1", corpus="", folder=tmp_path)
    with pytest.raises(ModelDamaged, match=r"judge\.json"):
        read_settings(tmp_path)


def test_the_shipped_model_is_whole() -> None:
    manifest = artefacts.manifest()
    assert set(manifest.files) == {
        "calibration.npz", "encoder.onnx", "encoder.spm", "judge.json", "linear.npz",
    }  # fmt: skip
    for name in manifest.files:
        assert artefacts.read(name)
    assert read_settings().version == manifest.version
    assert msgspec.json.decode((artefacts.FOLDER / MANIFEST).read_bytes())["corpus"]
    size = sum((artefacts.FOLDER / name).stat().st_size for name in manifest.files)
    assert size < 64 << 20

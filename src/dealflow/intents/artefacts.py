"""The model's files: data that training wrote, checked against the manifest beside them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from dealflow.errors import ModelDamaged

FOLDER = Path(__file__).parent / "models"
MANIFEST = "manifest.json"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What the files are: the model's version, what it was trained on, and a digest of each file.

    ``corpus`` is the SHA-256 of the training lines; ``files`` maps names to SHA-256.
    """

    version: str
    corpus: str
    files: dict[str, str]


def manifest(folder: Path = FOLDER) -> Manifest:
    """Return the manifest.

    Raises:
        ModelDamaged: it is missing or unreadable.
    """
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise ModelDamaged(f"The model's {MANIFEST} cannot be read: {error}.") from error


def read(name: str, folder: Path = FOLDER) -> bytes:
    """Return one file of the model.

    Raises:
        ModelDamaged: it is missing, or not the file that training wrote.
    """
    expected = manifest(folder).files.get(name)
    if expected is None:
        raise ModelDamaged(f"The model has no file {name}.")
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        raise ModelDamaged(f"The model's {name} cannot be read: {error.strerror}.") from error
    if hashlib.sha256(data).hexdigest() != expected:
        raise ModelDamaged(f"The model's {name} is damaged.")
    return data


def write(files: dict[str, bytes], *, version: str, corpus: str, folder: Path = FOLDER) -> None:
    """Write the files of a model, the manifest last."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in sorted(files.items()):
        (folder / name).write_bytes(data)
    listed = Manifest(
        version=version,
        corpus=corpus,
        files={name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())},
    )
    (folder / MANIFEST).write_bytes(
        msgspec.json.format(msgspec.json.encode(listed), indent=1) + b"\n"
    )

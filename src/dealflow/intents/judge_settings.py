"""What training fitted besides the weights, and what corrections taught of it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from dealflow.errors import ModelDamaged
from dealflow.intents import artefacts
from dealflow.intents.blend import Blend

SETTINGS = "judge.json"


class JudgeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What training fitted besides the weights; ``corpus`` is the digest of what it trained on."""

    version: str
    corpus: str = ""
    blend: Blend
    marks: dict[str, int]


def read_settings(folder: Path = artefacts.FOLDER) -> JudgeSettings:
    """Return what training fitted besides the weights.

    Raises:
        ModelDamaged: the file is missing or is not what training wrote.
    """
    try:
        return msgspec.json.decode(artefacts.read(SETTINGS, folder), type=JudgeSettings)
    except msgspec.DecodeError as error:
        raise ModelDamaged(f"The model's {SETTINGS} cannot be read: {error}.") from error


def learned(own: Path) -> JudgeSettings:
    """Return what corrections taught.

    Raises:
        ModelDamaged: the file is missing or is not what learning wrote.
    """
    try:
        return msgspec.json.decode(own.read_bytes(), type=JudgeSettings)
    except (OSError, msgspec.DecodeError) as error:
        raise ModelDamaged(
            f"What corrections taught cannot be read from {own}: {error}.",
            hint="`dealflow train --forget` goes back to the model as it was shipped.",
        ) from error

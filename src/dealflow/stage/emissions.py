"""What the stage emitted: the independent book against which the product is checked."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from dealflow.errors import FileUnreadable
from dealflow.model.intent import Role


class Emitted(msgspec.Struct, frozen=True, kw_only=True):
    """One chat message that left the stage; ``number`` counts from 1, ``at_ms`` since 1970."""

    number: int
    id: str
    user: str
    text: str
    at_ms: int
    user_id: str = ""
    show_id: str = ""
    role: Role = Role.VIEWER


def line(emitted: Emitted) -> bytes:
    """Return an entry as a JSON line in ASCII, so that any text can be written."""
    return json.dumps(msgspec.structs.asdict(emitted)).encode() + b"\n"


class EmissionLog:
    """An append-only file of JSON lines; what was appended is on the disk."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise FileUnreadable(f"{path} cannot be written: {error.strerror}.") from error
        self._turn = asyncio.Lock()

    async def append(self, batch: Sequence[Emitted]) -> None:
        """Write entries in order and wait until the disk has them."""
        data = b"".join(line(emitted) for emitted in batch)
        async with self._turn:
            await asyncio.to_thread(self._write, data)

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._file, data) :]
        os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

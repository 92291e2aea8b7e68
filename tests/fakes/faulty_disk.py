"""A disk beneath SQLite that fails when told to."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import apsw


class FaultyDisk(apsw.VFS):
    """While it is entered, every connection of this process goes through it.

    ``failing`` names the calls that fail: ``xSync``, ``xWrite``.
    """

    def __init__(self) -> None:
        self.failing: set[str] = set()
        self.error: type[apsw.Error] = apsw.IOError
        self.real = apsw.vfs_names()[0]
        super().__init__("faulty-disk", base=self.real, makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return FaultyFile(self, name, flags)

    def fail(self, call: str) -> None:
        if call in self.failing:
            raise self.error(f"{call} fails on purpose")

    def __enter__(self) -> FaultyDisk:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.unregister()


class FaultyFile(apsw.VFSFile):
    def __init__(self, disk: FaultyDisk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        super().__init__(disk.real, name, flags)

    def xSync(self, flags: int) -> None:
        self._disk.fail("xSync")
        super().xSync(flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.fail("xWrite")
        super().xWrite(data, offset)

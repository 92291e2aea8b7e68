"""The writer lock: one process writes to a store."""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

from dealflow.errors import DataDirUnusable, StoreLocked

# The holder is named for a person, so a long command line is cut.
_MAX_HOLDER = 500


class WriterLock:
    """Holds ``<store>.lock`` until it is closed; the kernel frees it when the process dies.

    It makes the folder too, for this user only. The file stays behind on purpose: removing it
    would let two processes lock two files of one name.

    Raises:
        StoreLocked: another process holds it; the message names its pid and command.
        DataDirUnusable: the file cannot be made.
    """

    def __init__(self, store: Path) -> None:
        path = store.with_name(store.name + ".lock")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DataDirUnusable(f"The lock {path} cannot be made: {error.strerror}.") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._file, _MAX_HOLDER, 0).decode("utf-8", "replace").strip()
            os.close(self._file)
            raise StoreLocked(
                f"Another process writes to the store {store}: {holder or 'unknown'}."
            ) from error
        holder = f"pid {os.getpid()} ({' '.join(sys.argv)})"
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, holder.encode("utf-8", "replace")[:_MAX_HOLDER], 0)

    def close(self) -> None:
        """Let another process write; call it once."""
        os.close(self._file)

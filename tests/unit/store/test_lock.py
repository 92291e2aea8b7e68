"""One process writes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dealflow.errors import StoreLocked
from dealflow.store.lock import WriterLock

TAKES = """
import pathlib, sys
from dealflow.errors import StoreLocked
from dealflow.store.lock import WriterLock

try:
    lock = WriterLock(pathlib.Path(sys.argv[1]))
except StoreLocked as error:
    sys.exit(str(error))
print("taken", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_told_who_writes(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path / "dealflow.db")
    second = subprocess.run(
        [sys.executable, "-c", TAKES, tmp_path / "dealflow.db"],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    lock.close()
    assert second.returncode == 1
    assert f"pid {os.getpid()} (" in second.stderr


def test_a_second_store_in_one_process_is_refused(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path / "dealflow.db")
    with pytest.raises(StoreLocked):
        WriterLock(tmp_path / "dealflow.db")
    lock.close()
    WriterLock(tmp_path / "dealflow.db").close()


def test_a_killed_holder_frees_the_lock(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", TAKES, tmp_path / "dealflow.db"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "taken\n"
        with pytest.raises(StoreLocked, match=f"pid {holder.pid} "):
            WriterLock(tmp_path / "dealflow.db")
        holder.send_signal(signal.SIGKILL)
    WriterLock(tmp_path / "dealflow.db").close()

"""Runs the real command in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEALFLOW = (sys.executable, "-m", "dealflow")
PATIENCE = 25.0
"""Seconds for a command that should take one; the machine may be busy."""


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: bytes
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """Return standard output as the JSON lines that it must be."""
        return [json.loads(line) for line in self.out.splitlines()]


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without settings of DealFlow, and a home of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DEALFLOW_")}
    return {
        **kept,
        "HOME": str(home),
        "DEALFLOW_LOG__LEVEL": "warning",
        **(extra or {}),
    }


def run(
    home: Path,
    *arguments: str | Path,
    given: bytes = b"",
    env: Mapping[str, str] | None = None,
) -> Done:
    """Run a command to its end."""
    done = subprocess.run(
        [*DEALFLOW, *map(str, arguments)],
        input=given,
        capture_output=True,
        env=environment(home, env),
        timeout=PATIENCE,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr.decode())


@contextmanager
def started(
    home: Path, *arguments: str | Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command and leave it running; it is ended on leaving, whatever happened."""
    with subprocess.Popen(
        [*DEALFLOW, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(home, env),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Return the next JSON line that a running command writes; the test's own timeout bounds it."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the command ended without another line"
    record: dict[str, Any] = json.loads(line)
    return record

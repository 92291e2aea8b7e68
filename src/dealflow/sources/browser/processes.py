"""Chromium's processes, found by the mark on their command line and ended by number.

Only on systems with ``/proc``; elsewhere the list is empty and Playwright's own kill must do.
"""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """One line of the system's process table."""

    pid: int
    parent: int
    group: int
    state: str


def table() -> dict[int, Process]:
    """Return all processes by number."""
    found: dict[int, Process] = {}
    try:
        entries = os.listdir(_PROC)  # noqa: PTH208 (names only; this runs over every process)
    except OSError:
        return found
    for entry in entries:
        if entry.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                process = _read(int(entry))
                found[process.pid] = process
    return found


def _read(pid: int) -> Process:
    # The name stands in brackets and may hold spaces and brackets itself.
    rest = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    return Process(pid, int(rest[1]), int(rest[2]), rest[0])


def arguments(pid: int) -> tuple[str, ...]:
    """Return a process's command line; empty when it is gone."""
    try:
        raw = (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return ()
    text = raw.decode(errors="replace")
    # Chromium rewrites its title, which leaves one string with spaces in it.
    return tuple(part for piece in text.split("\0") for part in piece.split(" ") if part)


def find_marked(mark: str) -> Process | None:
    """Return the topmost process that has ``mark`` as one of its arguments."""
    processes = table()
    marked = {pid for pid in processes if mark in arguments(pid)}
    for pid in sorted(marked):
        if processes[pid].parent not in marked:
            return processes[pid]
    return None


def family(root: int) -> list[Process]:
    """Return a process, its descendants, and all others of its process group."""
    processes = table()
    members = {pid for pid, process in processes.items() if process.group == root}
    members |= {root} & processes.keys()
    grown = True
    while grown:
        children = {pid for pid, process in processes.items() if process.parent in members}
        grown = not children <= members
        members |= children
    return [processes[pid] for pid in sorted(members)]


def end(root: int) -> list[int]:
    """Kill a process that leads its own group, with everything that belongs to it.

    Returns the numbers that were killed. A stopped process dies too: nothing can hold SIGKILL.
    """
    killed = [process.pid for process in family(root) if process.state != "Z"]
    for pid in killed:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    return killed


def reap(pids: list[int]) -> None:
    """Collect those that became our own children, as they do when we are a container's first."""
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)

"""What a command writes: JSON lines for programs, or plain lines for people, and nothing else."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import msgspec

from dealflow.telemetry.logging import one_line, redact


class Output:
    """Standard output and standard error of one command.

    Under ``--json`` standard output holds JSON lines only. Every line is flushed at once, since a
    program may wait for it.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    @property
    def is_terminal(self) -> bool:
        """Say whether a person watches standard output and wants to see more than lines."""
        return not self.as_json and sys.stdout.isatty()

    @property
    def has_spare_screen(self) -> bool:
        """Say whether a person sees standard error while the result goes elsewhere."""
        return sys.stderr.isatty() and not sys.stdout.isatty()

    def lines(self, data: bytes) -> None:
        """Write whole encoded lines, line breaks included.

        Raises:
            BrokenPipeError: the reader has gone.
        """
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def record(self, value: object) -> None:
        """Write one value as a JSON line."""
        self.lines(msgspec.json.encode(value) + b"\n")

    def say(self, text: str) -> None:
        """Write one line for a person; a stranger's control characters become escapes."""
        self.lines(printable(text).encode() + b"\n")

    def note(self, text: str) -> None:
        """Write one line beside the result, to standard error."""
        with suppress(OSError):
            sys.stderr.write(printable(text) + "\n")
            sys.stderr.flush()

    def error(self, code: str, message: str, hint: str) -> None:
        """Say what went wrong and what to do about it."""
        message, hint = redact(message), redact(hint)
        if self.as_json:
            with suppress(OSError):
                self.record({"type": "error", "error": code, "message": message, "hint": hint})
        else:
            self.note(f"error: {message} → {hint}" if hint else f"error: {message}")


def printable(text: str) -> str:
    """Make text safe for a terminal: one line, no control character, nothing unencodable."""
    return one_line(text).encode("utf-8", "replace").decode()


def hang_up() -> None:
    """Point standard output at nothing, so that the interpreter's last flush cannot complain."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

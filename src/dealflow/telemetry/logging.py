"""Structured logs on stderr, through the standard library's loggers.

Every record becomes one line, whatever a stranger's name or message holds; query strings and
anything that looks like a secret are taken out at the root, so no caller can forget to.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from typing import Any, Literal, TextIO

from dealflow.clock import iso

_SECRETS = re.compile(
    r"(?i)(bearer\s+|(?:token|secret|password|api[_-]?key|cookie|code)[\"']?\s*[=:]\s*[\"']?)"
    r"[^\s\"'&,;]{4,400}"
)
_QUERY = re.compile(r"((?:https?|wss?)://[^\s?\"']{1,500})\?[^\s\"']{1,4000}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def redact(text: str) -> str:
    """Take secrets and query strings out of a line."""
    return _SECRETS.sub(r"\1[redacted]", _QUERY.sub(r"\1?[redacted]", text))


def one_line(text: str) -> str:
    """Write control characters and line separators as escapes, so that a line stays one line."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", text)


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    return {key: value for key, value in vars(record).items() if key not in _STANDARD}


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON."""
        entry: dict[str, Any] = {
            "time": iso(int(record.created * 1000)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": redact(record.getMessage()),
        }
        for key, value in _extras(record).items():
            entry[key] = redact(value) if isinstance(value, str) else value
        if record.exc_info:
            entry["trace"] = redact(self.formatException(record.exc_info))
        return json.dumps(entry, default=lambda value: redact(str(value)))


class TextFormatter(logging.Formatter):
    """One readable line, for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text without raw control characters."""
        extras = " ".join(f"{key}={value}" for key, value in _extras(record).items())
        line = one_line(redact(f"{record.levelname.lower():7} {record.getMessage()} {extras}"))
        if record.exc_info:
            line += "\n" + redact(self.formatException(record.exc_info))
        return line.rstrip()


def set_up(
    level: str, style: Literal["auto", "json", "text"], stream: TextIO | None = None
) -> None:
    """Send all logs of this process to one handler; call it once, at the start."""
    stream = sys.stderr if stream is None else stream
    as_text = style == "text" or (style == "auto" and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(TextFormatter() if as_text else JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("httpx", "httpcore", "websockets", "asyncio", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))

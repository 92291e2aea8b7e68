"""The API's bearer token: made once, kept in a file that only its owner can read."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from dealflow.errors import DataDirUnusable, SettingsInvalid

TOKEN_BYTES = 32
"""Random bytes in a token: twice the 128 bits below which guessing is worth a thought."""

_MAX_FILE = 4096
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def new_token() -> str:
    """Return a fresh token of 256 random bits, safe in a URL."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def load_or_make_token(path: Path) -> str:
    """Read the token, or make the file with mode 0600 and a fresh one in it.

    Raises:
        SettingsInvalid: others can read the file, or it holds no usable token.
        DataDirUnusable: the file can neither be read nor made.
    """
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise DataDirUnusable(f"The token file {path} cannot be read: {error.strerror}.") from error
    try:
        return _make(path)
    except OSError as error:
        raise DataDirUnusable(f"The token file {path} cannot be made: {error.strerror}.") from error


def _read(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode
        if mode & _OTHERS:
            raise SettingsInvalid(
                f"Others can read the token file {path} (mode {stat.S_IMODE(mode):04o}).",
                hint=f"Delete it, so that a new token is made, or run: chmod 600 {path}",
            )
        data = file.read(_MAX_FILE)
    token = data.decode("ascii", "replace").strip()
    if len(token) < TOKEN_BYTES or not token.isascii() or not token.isprintable() or " " in token:
        raise SettingsInvalid(
            f"The token file {path} holds no usable token.",
            hint="Delete it; a new token is made at the next start.",
        )
    return token


def _make(path: Path) -> str:
    """Write beside the file and link it into place, so that two starts agree on one token."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    token = new_token()
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(token.encode("ascii") + b"\n")
            file.flush()
            os.fsync(descriptor)
        try:
            os.link(draft, path)
        except FileExistsError:
            return _read(path)
    finally:
        draft.unlink()
    return token

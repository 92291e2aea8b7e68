"""The language files that are shipped with the package, compiled once for each state of them.

Compiling takes a third of a second, which a command should not cost at each start. The result is
kept in the user's cache folder under a name that is made of the files' bytes and of the compiler's,
so that a changed word, or a changed compiler, is compiled again.
"""

from __future__ import annotations

import contextlib
import os
import tomllib
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path

import msgspec

from dealflow.intents.lexicon.compile import Compiled, compile_tables
from dealflow.intents.lexicon.reader import Lexicon

COMPILER = ("compile.py", "pattern.py", "automaton.py", "parts.py", "languages.py")
"""Files of this folder on which the result depends beside the languages; so does `normalise`."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Compiled)


def load() -> Lexicon:
    """Return the shipped lexicon, from the cache where it is there.

    Raises:
        SettingsInvalid: a language file is not as it should be.
    """
    folder = files(__package__)
    sources = {
        entry.name: entry.read_bytes()
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    }
    code = [folder.joinpath(name).read_bytes() for name in COMPILER]
    code += [folder.joinpath("..", name).read_bytes() for name in ("normalise.py", "tokens.py")]
    path = _cache_folder() / f"lexicon-{_digest(list(sources.values()) + code)}.msgpack"
    known = _read(path)
    if known is None:
        tables = {name: tomllib.loads(data.decode("utf-8")) for name, data in sources.items()}
        known = compile_tables(tables)
        _write(path, known)
    return Lexicon(known)


def _digest(parts: list[bytes]) -> str:
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "dealflow"


def _read(path: Path) -> Compiled | None:
    """Return what the cache holds; ``None`` when it holds nothing that can be used."""
    try:
        return _decoder.decode(path.read_bytes())
    except (OSError, msgspec.MsgspecError, ValueError):
        return None


def _write(path: Path, compiled: Compiled) -> None:
    """Keep a result, whole or not at all; a folder that cannot be written costs only time."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for old in path.parent.glob("lexicon-*.msgpack"):
            old.unlink(missing_ok=True)
        fresh.write_bytes(_encoder.encode(compiled))
        fresh.replace(path)

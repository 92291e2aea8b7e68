"""Compiles the modules with mypyc in a folder of its own, then puts the result in its place."""

from __future__ import annotations

import ast
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from scripts.compiling import state
from scripts.compiling.state import FOLDER, LIBRARY, MODULES

OPTIMISE = "2"
"""The C compiler's level; one more could not be told apart in speed, and took longer."""


class Failed(Exception):
    """Compiling came to nothing; the text is what the compiler said last."""


def compiler() -> str | None:
    """Return the C compiler to use: what ``CC`` or Python itself names, or another; or ``None``."""
    named = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    for command in (named, "cc", "gcc", "clang"):
        if shutil.which(shlex.split(command)[0]):
            return str(command)
    return None


def has_headers() -> bool:
    """Say whether the headers of this Python are there."""
    return (Path(sysconfig.get_config_var("INCLUDEPY")) / "Python.h").exists()


def inputs(root: Path) -> list[str]:
    """Return the files on which the result depends, named from the root.

    Beside the sources that are compiled it is all of ours that they import, because compiled code
    relies on the types that it found there, and what says how to compile.
    """
    waiting = [root / FOLDER / name for name in MODULES]
    found = {root / "scripts/compiling" / name for name in ("build.py", "state.py")}
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported(path, root / "src")
    return sorted(path.relative_to(root).as_posix() for path in found)


def _imported(path: Path, base: Path) -> list[Path]:
    dotted: list[str] = []
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            dotted += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            dotted += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    files = [base / f"{name.replace('.', '/')}.py" for name in dotted if name[:8] == "dealflow"]
    files += [path.with_suffix("") / "__init__.py" for path in files]
    return [path for path in files if path.exists()]


def build(root: Path, scratch: Path) -> Path:
    """Compile and return the folder that holds the result, laid out as ``src`` is.

    Raises:
        Failed: a type is wrong, or the C compiler fails.
    """
    target = scratch / "lib"
    done = subprocess.run(
        [sys.executable, "-c", _SETUP, str(scratch), OPTIMISE, LIBRARY.removesuffix("__mypyc")]
        + [f"{FOLDER}/{name}" for name in MODULES],
        cwd=root,
        env={**os.environ, "CC": compiler() or "cc"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode or len(list(target.rglob("*.so"))) != len(MODULES) + 1:
        raise Failed("\n".join(done.stdout.splitlines()[-15:]))
    return target


def install(root: Path, built: Path, inputs: list[str], before: str) -> None:
    """Put what was built beside its sources, all of it or nothing.

    Args:
        root: the checkout.
        built: the folder of compiled files, laid out as ``src`` is.
        inputs: the sources that went in.
        before: what `state.describe` said of them before they were compiled.

    Raises:
        Failed: the sources have changed meanwhile, or what was built cannot be imported.
    """
    with state.held(root, "install"):
        if state.describe(root, inputs) != before:
            raise Failed("The sources changed while they were compiled.")
        state.remove(root)
        try:
            # The library comes last: until it is there, the rest cannot be imported.
            files = sorted(
                built.rglob("*.so"), key=lambda path: path.name.startswith(state.LIBRARY)
            )
            for path in files:
                shutil.move(path, root / "src" / path.relative_to(built))
            _try(root)
            names = [path.relative_to(root).as_posix() for path in state.compiled(root)]
            fresh = root / f"{state.STAMP}.new"
            fresh.write_text(state.describe(root, [*inputs, *names]), encoding="utf-8")
            fresh.replace(root / state.STAMP)
        except BaseException:
            state.remove(root)
            raise


def _try(root: Path) -> None:
    """Import what was built in a new process."""
    done = subprocess.run(
        [sys.executable, "-c", "import dealflow.intents.grammar"],
        cwd=root / "src",
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise Failed("\n".join(done.stderr.splitlines()[-5:]))


# What a setup.py would say. It runs in a process of its own, because setuptools speaks to the
# terminal, leaves by sys.exit and changes modules of the standard library.
_SETUP = """
import sys
import setuptools
from mypyc.build import mypycify

scratch, optimise, library, *files = sys.argv[1:]
setuptools.setup(
    name="judge",
    packages=[],
    py_modules=[],
    ext_modules=mypycify(
        ["--config-file", "pyproject.toml", "--cache-dir", f"{scratch}/mypy", *files],
        opt_level=optimise,
        debug_level="0",
        target_dir=f"{scratch}/c",
        group_name=library,
    ),
    script_args=[
        *("--quiet", "build_ext", "--build-lib", f"{scratch}/lib"),
        *("--build-temp", f"{scratch}/objects"),
    ],
)
"""

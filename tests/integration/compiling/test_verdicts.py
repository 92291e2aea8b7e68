"""The compiled judge says what its source says, to the last digit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dealflow.intents.compiled import is_compiled
from scripts.compiling import build, state
from tests.architecture.source_tree import ROOT

MESSAGES = 300
"""How many must be compared at least."""


def judged(folder: Path | None) -> list[bytes]:
    """Judge in a process of its own, by the package in a folder or by the installed one."""
    # Some sums are taken over sets, whose order, and so the last digit, follows the hash seed.
    env = {**os.environ, "PYTHONHASHSEED": "0"}
    if folder is not None:
        env["PYTHONPATH"] = str(folder)
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.compiling.verdicts"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.mark.skipif(not is_compiled(), reason="the judge runs from source here: scripts/compile")
@pytest.mark.timeout(120)
def test_compiled_and_source_agree(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "src" / "dealflow",
        tmp_path / "dealflow",
        ignore=shutil.ignore_patterns("*.so", "__pycache__"),
        copy_function=os.symlink,  # the model's files are large
    )
    compiled, source = judged(None), judged(tmp_path)
    assert (compiled[0], source[0]) == (b"True", b"False")
    assert len(compiled) > MESSAGES
    assert compiled[1:] == source[1:]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(
    build.compiler() is None or not build.has_headers(), reason="no C compiler or no headers"
)
def test_a_checkout_is_compiled_and_nothing_else_is_left(tmp_path: Path) -> None:
    unwanted = shutil.ignore_patterns("*.so", "__pycache__")
    for name in ("src", "scripts"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=unwanted)
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    before = {path for path in tmp_path.rglob("*") if path.suffix != ".pyc"}
    command = [sys.executable, "-m", "scripts.compiling"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == ["  compiling the judge, about a minute"]
    assert len(state.compiled(tmp_path)) == len(state.MODULES) + 1
    assert not state.is_stale(tmp_path)
    state.remove(tmp_path)
    left = {path for path in tmp_path.rglob("*") if path.suffix not in (".pyc", ".lock")} - before
    assert {path.name for path in left} <= {".cache", "__pycache__"}


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.skipif(
    build.compiler() is None or not build.has_headers(), reason="no C compiler or no headers"
)
def test_what_does_not_compile_leaves_the_source(tmp_path: Path) -> None:
    unwanted = shutil.ignore_patterns("*.so", "__pycache__", "models")
    for name in ("src", "scripts"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=unwanted)
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    with (tmp_path / state.FOLDER / "guards.py").open("a") as file:
        file.write("\nWRONG: int = 'a word'\n")
    command = [sys.executable, "-m", "scripts.compiling"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Incompatible types in assignment" in done.stderr
    assert "runs from source" in done.stderr.splitlines()[-1]
    assert state.compiled(tmp_path) == []
    assert not state.is_stale(tmp_path)

"""Compiled files that do not fit their sources are found, named and taken away."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.compiling import build, state
from tests.architecture.source_tree import ROOT

SOURCES = ("src/dealflow/intents/one.py", "src/dealflow/intents/slots/two.py")
BUILT = (
    f"{state.LIBRARY}.x.so",
    "dealflow/intents/one.x.so",
    "dealflow/intents/slots/two.x.so",
)


def written(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small checkout in which files lie that look like compiled ones."""
    root = tmp_path / "checkout"
    written(root / "requirements.lock", "mypy==1.0 \\\n    --hash=sha256:00\n")
    shutil.copytree(
        ROOT / "scripts", root / "scripts", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("__init__.py", "intents/__init__.py", "intents/grammar.py"):
        written(root / "src" / "dealflow" / name)
    for name in SOURCES:
        written(root / name, "ONE = 1\n")
    put_in(root)
    return root


def put_in(root: Path, *, before: str | None = None, built: tuple[str, ...] = BUILT) -> None:
    scratch = root / ".cache" / "compile" / "lib"
    for name in built:
        written(scratch / name, "not really")
    build.install(root, scratch, [*SOURCES], before or state.describe(root, SOURCES))


def names(root: Path) -> list[str]:
    return [path.relative_to(root / "src").as_posix() for path in state.compiled(root)]


def test_what_was_just_compiled_fits(checkout: Path) -> None:
    assert names(checkout) == list(BUILT)
    assert not state.is_stale(checkout)
    assert not state.drop_stale(checkout)
    assert names(checkout) == list(BUILT)


def test_a_checkout_that_was_never_compiled_is_well(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    assert not state.is_stale(tmp_path)


@pytest.mark.parametrize("name", SOURCES)
def test_an_edited_source_is_noticed(checkout: Path, name: str) -> None:
    written(checkout / name, "ONE = 2\n")
    assert state.is_stale(checkout)
    assert state.drop_stale(checkout)
    assert names(checkout) == []
    assert not state.is_stale(checkout)


def test_a_source_that_is_gone_is_noticed(checkout: Path) -> None:
    (checkout / SOURCES[0]).unlink()
    assert state.is_stale(checkout)


def test_another_compiler_is_noticed(checkout: Path) -> None:
    written(checkout / "requirements.lock", "mypy==1.1 \\\n    --hash=sha256:00\n")
    assert state.is_stale(checkout)


def test_another_python_is_noticed(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "EXTENSION_SUFFIXES", [".cpython-399-x86_64-linux-gnu.so"])
    assert state.is_stale(checkout)


@pytest.mark.parametrize("name", BUILT)
def test_one_file_that_is_missing_makes_all_stale(checkout: Path, name: str) -> None:
    """A module from source beside compiled ones is a mixture that nobody has tested."""
    (checkout / "src" / name).unlink()
    assert state.is_stale(checkout)


def test_a_file_of_another_run_is_noticed(checkout: Path) -> None:
    written(checkout / "src/dealflow/intents/three.x.so")
    assert state.is_stale(checkout)


def test_files_without_a_stamp_are_the_rest_of_a_run_that_was_cut_off(checkout: Path) -> None:
    (checkout / state.STAMP).unlink()
    assert state.drop_stale(checkout)
    assert names(checkout) == []


def test_sources_that_change_while_they_are_compiled_leave_nothing_new(checkout: Path) -> None:
    before = state.describe(checkout, SOURCES)
    written(checkout / SOURCES[0], "ONE = 2\n")
    with pytest.raises(build.Failed, match="changed"):
        put_in(checkout, before=before)
    assert state.drop_stale(checkout)


def test_what_cannot_be_imported_is_taken_away_again(checkout: Path) -> None:
    written(checkout / "src/dealflow/__init__.py", "raise ImportError('it does not load')\n")
    with pytest.raises(build.Failed, match="it does not load"):
        put_in(checkout)
    assert names(checkout) == []
    assert not state.is_stale(checkout)


def test_the_command_removes_and_tells_once(checkout: Path) -> None:
    def run(option: str) -> str:
        command = [sys.executable, "-m", "scripts.compiling", option]
        done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True)
        assert done.stdout == ""
        return done.stderr

    assert run("--drop-stale") == ""
    written(checkout / SOURCES[0], "ONE = 2\n")
    assert run("--drop-stale") == (
        "Sources changed: the judge runs from source until scripts/compile.\n"
    )
    assert run("--drop-stale") == ""
    assert names(checkout) == []
    put_in(checkout)
    assert run("--remove") == ""
    assert names(checkout) == []
    assert not state.is_stale(checkout)


@pytest.mark.parametrize("command", ["pytest", "bench"])
def test_nothing_is_tested_or_measured_that_is_not_in_the_source(
    checkout: Path, command: str
) -> None:
    shutil.copytree(ROOT / "bench", checkout / "bench", ignore=shutil.ignore_patterns("node"))
    shutil.copy(ROOT / "pyproject.toml", checkout)
    shutil.copy(ROOT / "tests" / "conftest.py", written(checkout / "tests" / "conftest.py"))
    written(checkout / SOURCES[0], "ONE = 2\n")
    done = subprocess.run(
        [sys.executable, "-m", command],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "compiled from other sources: run scripts/compile" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_compiled_code_relies_on_is_among_its_inputs() -> None:
    inputs = set(build.inputs(ROOT))
    assert {f"{state.FOLDER}/{name}" for name in state.MODULES} <= inputs
    assert {"src/dealflow/model/intent.py", "src/dealflow/model/show.py"} <= inputs
    assert f"{state.FOLDER}/calibration.py" in inputs  # imported from its package, by its name
    assert f"{state.FOLDER}/training/train.py" not in inputs
    assert "scripts/compiling/state.py" in inputs

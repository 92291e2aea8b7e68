"""What is compiled is on one list, and nothing that is decoded is defined in it."""

from __future__ import annotations

import ast
import functools
import tomllib

import pytest

from scripts.compiling.state import FOLDER, MODULES
from tests.architecture.source_tree import ROOT, Module, modules, read


@functools.cache
def _compiled() -> tuple[Module, ...]:
    return tuple(read(ROOT / FOLDER / name, ROOT / "src" / "dealflow") for name in MODULES)


ROOM = tuple(module for module in modules() if module.room == "intents")


@functools.cache
def _structs() -> frozenset[str]:
    """Return the names of all Structs of the package, and of what is derived from them."""
    bases = {
        node.name: {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
    }
    found = {"Struct"}
    while new := {name for name, above in bases.items() if above & found} - found:
        found |= new
    return frozenset(found)


def test_the_list_names_files_that_exist_once_and_in_order() -> None:
    assert [name for name in MODULES if not (ROOT / FOLDER / name).is_file()] == []
    assert list(MODULES) == sorted(set(MODULES))


def test_no_package_is_compiled() -> None:
    """The sign on a door stays readable, and resources are found beside it."""
    assert [name for name in MODULES if name.endswith("__init__.py")] == []


@pytest.mark.parametrize("module", _compiled(), ids=lambda module: module.name)
def test_what_is_decoded_is_defined_elsewhere(module: Module) -> None:
    """The compiler leaves little of the annotations, by which msgspec decodes."""
    structs = _structs()
    defined = {
        node.name
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and node.name in structs
    }
    assert defined == set()


@functools.cache
def _of_compiled_modules() -> frozenset[str]:
    """Return the names of all classes that compiled modules define: tuples are decoded as well."""
    return frozenset(
        node.name
        for module in _compiled()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
    )


def test_nothing_that_may_be_decoded_holds_it() -> None:
    held = {
        f"{module.name}.{node.name}: {ast.unparse(field)}"
        for module in ROOM
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and node.name in _structs()
        for field in node.body
        if isinstance(field, ast.AnnAssign) and _names(field.annotation) & _of_compiled_modules()
    }
    assert held == set()


def test_nothing_asks_to_decode_it() -> None:
    asked = {
        module.where(node.lineno)
        for module in ROOM
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and _is_decoding(node)
        if _names(node) & _of_compiled_modules()
    }
    assert asked == set()


def _names(node: ast.AST) -> set[str]:
    return {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}


def _is_decoding(call: ast.Call) -> bool:
    name = ast.unparse(call.func).rpartition(".")[2]
    return name in ("decode", "convert", "Decoder")


def test_compiled_files_stay_out_of_git_and_of_the_wheel() -> None:
    assert "*.so" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "*.so" in project["tool"]["hatch"]["build"]["exclude"]

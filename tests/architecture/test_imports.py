"""Arrows between rooms follow the plan and never point outward."""

from __future__ import annotations

import sys

import pytest

from tests.architecture import rules
from tests.architecture.source_tree import Module, module_of, modules

ALL = pytest.mark.parametrize("module", modules(), ids=lambda module: module.name or "dealflow")


def _allowed(module: Module, target: str) -> bool:
    room = target.split(".")[0]
    if room in ("", module.room):
        return True  # the package's version, or one's own room
    if not module.name:
        return False
    if module.room in rules.EVERYTHING_BENEATH:
        return room not in rules.EVERYTHING_BENEATH[module.room]
    allowed = rules.MAY_IMPORT[module.room]
    return room in allowed or target in allowed


def _outside(module: Module) -> set[str]:
    heads = {imported.target.split(".")[0] for imported in module.imports}
    return heads - sys.stdlib_module_names - {"dealflow", "None"}


def test_every_room_is_on_the_plan() -> None:
    rooms = {module.room for module in modules() if module.name}
    planned = {*rules.MAY_IMPORT, *rules.EVERYTHING_BENEATH}
    assert rooms - planned == set()
    assert planned - rooms == set()


@ALL
def test_arrows_follow_the_plan(module: Module) -> None:
    wrong = [
        f"{module.where(imported.line)} imports {target}"
        for imported in module.imports
        if (target := module_of(imported.target)) is not None and not _allowed(module, target)
    ]
    assert wrong == []


@ALL
def test_libraries_stay_at_home(module: Module) -> None:
    home = rules.HOMES[module.room] if module.name else frozenset()
    assert _outside(module) - home - rules.EVERYWHERE == set()


def test_each_library_has_one_home() -> None:
    homes: dict[str, list[str]] = {}
    for room, libraries in rules.HOMES.items():
        for library in libraries - rules.EVERYWHERE - rules.NAMED_TWICE:
            homes.setdefault(library, []).append(room)
    assert {library: rooms for library, rooms in homes.items() if len(rooms) > 1} == {}


def test_no_home_stands_empty() -> None:
    used = {(module.room, library) for module in modules() for library in _outside(module)}
    promised = {(room, library) for room, names in rules.HOMES.items() for library in names}
    assert promised - used == set()


@ALL
def test_imports_stand_at_the_top(module: Module) -> None:
    inside = [module.where(imported.line) for imported in module.imports if imported.inside]
    assert inside == [] or module.name in rules.INNER_IMPORTS


def test_imports_make_no_circle() -> None:
    arrows = {
        module.name: {
            target
            for imported in module.imports
            if not imported.inside and (target := module_of(imported.target)) is not None
        }
        - {module.name, ""}
        for module in modules()
    }
    done: set[str] = set()

    def walk(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " → ".join((*way, name))
        if name in done:
            return
        for target in sorted(arrows[name]):
            walk(target, (*way, name))
        done.add(name)

    for name in arrows:
        walk(name, ())

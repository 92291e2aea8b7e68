"""Each package has its sign on the door, and the sign says what the plan says."""

from __future__ import annotations

import re

import pytest

from tests.architecture import rules
from tests.architecture.source_tree import Module, modules

PACKAGES = [module for module in modules() if module.is_package and module.name]
ROOMS = [module for module in PACKAGES if "." not in module.name]
PARTS = ("Purpose:", "Invariants:", "Runs in:", "May import:")


def _may_import(sign: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return what the last line of a sign allows: rooms and libraries."""
    text = " ".join(sign.partition("May import:")[2].split()).rstrip(".")
    rooms, _, libraries = text.partition(";")
    return _listed(rooms), _listed(libraries)


def _listed(text: str) -> frozenset[str]:
    text = text.replace("the ports of the rooms beneath", ", ".join(sorted(rules.PORTS)))
    return frozenset(part for part in re.split(r",\s*(?:and\s+)?", text.strip()) if part)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_the_door_has_a_sign(package: Module) -> None:
    assert package.sign
    if "." not in package.name:
        assert [part for part in PARTS if part not in package.sign] == []


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_the_sign_agrees_with_the_plan(room: Module) -> None:
    rooms, libraries = _may_import(room.sign)
    assert libraries - rules.EVERYWHERE == rules.HOMES[room.name] - rules.EVERYWHERE
    if room.name in rules.EVERYTHING_BENEATH:
        assert rooms == {"everything beneath"}
    else:
        assert rooms == rules.MAY_IMPORT[room.name]

"""Habits that keep the house clean: names, state, tasks, prints."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture import rules
from tests.architecture.source_tree import Module, modules

ALL = pytest.mark.parametrize("module", modules(), ids=lambda module: module.name or "dealflow")

CONTAINERS = ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp
STATEFUL_CALLS = frozenset(
    {
        *("list", "dict", "set", "bytearray", "deque", "defaultdict", "OrderedDict"),
        *("Queue", "Lock", "Event", "Semaphore", "Condition", "local", "ContextVar"),
        *("WeakSet", "WeakKeyDictionary", "WeakValueDictionary"),
    }
)
CHANGES = frozenset(
    {
        *("append", "appendleft", "extend", "insert", "add", "update", "setdefault"),
        *("pop", "popitem", "popleft", "remove", "discard", "clear", "sort", "reverse"),
    }
)
TASK_STARTERS = frozenset({"create_task", "ensure_future", "run_coroutine_threadsafe"})


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _calls(module: Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.Call))


def _containers(module: Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names of the module's own containers with what they begin as."""
    for node in module.tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            stateful = isinstance(node.value, ast.Call) and _called(node.value) in STATEFUL_CALLS
            if stateful or isinstance(node.value, CONTAINERS):
                yield ast.unparse(target), node.value


def _changed_names(module: Module) -> set[str]:
    """Return the names on which something is put, taken or deleted anywhere in the module."""
    changed: set[str] = set()
    for node in ast.walk(module.tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=verb)):
                changed |= {name} if verb in CHANGES else set()
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                changed.add(name)
            case ast.AugAssign(target=ast.Name(id=name)):
                changed.add(name)
            case ast.Global(names=names):
                changed.update(names)
    return changed


@ALL
def test_no_heap_names(module: Module) -> None:
    assert not set(module.name.split(".")) & rules.HEAPS


@ALL
def test_no_state_in_modules(module: Module) -> None:
    """A table is whole when it is written and nobody changes it; state lives in objects."""
    tables = dict(_containers(module))
    empty = {
        name
        for name, value in tables.items()
        if isinstance(value, ast.Call)
        or (isinstance(value, ast.List | ast.Set) and not value.elts)
        or (isinstance(value, ast.Dict) and not value.keys)
    }
    assert empty == set()
    assert set(tables) & _changed_names(module) == set()
    assert not any(isinstance(node, ast.Global) for node in ast.walk(module.tree))


@ALL
def test_nothing_prints(module: Module) -> None:
    assert [module.where(node.lineno) for node in _calls(module) if _called(node) == "print"] == []


@ALL
def test_tasks_start_in_task_groups(module: Module) -> None:
    """A group awaits its tasks; a task outside one needs a declared owner."""
    loose = [
        module.where(node.lineno)
        for node in _calls(module)
        if _called(node) in TASK_STARTERS
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func.value) in ("asyncio", "loop", "asyncio.get_running_loop()")
    ]
    assert loose == [] or module.name in rules.TASK_OWNERS


def test_every_task_owner_owns_a_task() -> None:
    owners = {
        module.name
        for module in modules()
        if any(_called(node) in TASK_STARTERS for node in _calls(module))
    }
    assert rules.TASK_OWNERS - owners == set()

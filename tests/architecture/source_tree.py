"""The source read as syntax trees: modules, what they import, what they define."""

from __future__ import annotations

import ast
import functools
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "dealflow"


@dataclass(frozen=True)
class Imported:
    """One imported name; ``target`` is dotted, ``inside`` says that a function does it."""

    target: str
    line: int
    inside: bool


@dataclass(frozen=True)
class Module:
    """One source file. ``name`` is dotted, without the package's own name: ``store.base``."""

    name: str
    path: Path
    tree: ast.Module = field(repr=False)
    text: str = field(repr=False)

    @property
    def room(self) -> str:
        """Return the first part of the name: ``store`` of ``store.base``."""
        return self.name.split(".")[0]

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def sign(self) -> str:
        return ast.get_docstring(self.tree) or ""

    def where(self, line: int) -> str:
        return f"{self.path.relative_to(ROOT)}:{line}"

    @functools.cached_property
    def imports(self) -> tuple[Imported, ...]:
        return tuple(_imports(self.tree, inside=False))

    @functools.cached_property
    def code_lines(self) -> int:
        """Count the lines that hold code: no blank line, comment or docstring."""
        lines: set[int] = set()
        skipped = {
            tokenize.COMMENT,
            tokenize.NL,
            tokenize.NEWLINE,
            tokenize.INDENT,
            tokenize.DEDENT,
            tokenize.ENDMARKER,
        }
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type not in skipped:
                lines.update(range(token.start[0], token.end[0] + 1))
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        return len(lines)


def _imports(node: ast.AST, *, inside: bool) -> Iterator[Imported]:
    for child in ast.iter_child_nodes(node):
        deeper = inside or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        match child:
            case ast.Import():
                for alias in child.names:
                    yield Imported(alias.name, child.lineno, inside)
            case ast.ImportFrom():
                for alias in child.names:
                    yield Imported(f"{child.module}.{alias.name}", child.lineno, inside)
            case _:
                yield from _imports(child, inside=deeper)


def read(path: Path, base: Path) -> Module:
    parts = path.relative_to(base).with_suffix("").parts
    name = ".".join(part for part in parts if part != "__init__")
    text = path.read_text(encoding="utf-8")
    return Module(name=name, path=path, tree=ast.parse(text, str(path)), text=text)


@functools.cache
def modules() -> tuple[Module, ...]:
    """Return every source module of the package."""
    return tuple(read(path, PACKAGE) for path in sorted(PACKAGE.rglob("*.py")))


@functools.cache
def names() -> frozenset[str]:
    return frozenset(module.name for module in modules())


def module_of(target: str) -> str | None:
    """Return which of our modules an import reaches, or ``None`` for other people's code."""
    head, _, rest = target.partition(".")
    if head != "dealflow":
        return None
    while rest and rest not in names():
        rest = rest.rpartition(".")[0]
    return rest

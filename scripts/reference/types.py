"""Types in plain words, and structs as tables, from what msgspec knows of them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from enum import Enum

import msgspec
from msgspec import inspect as types

MADE = "<!-- Made by scripts/docs from the code; change the code, not this page. -->"

WORDS = {
    types.AnyType: "anything",
    types.BoolType: "true or false",
    types.FloatType: "number",
    types.IntType: "whole number",
    types.NoneType: "null",
    types.StrType: "text",
}


def about(kind: object) -> str:
    """Return a docstring, with its line breaks taken out of each paragraph."""
    text = (inspect.getdoc(kind) or "").replace("``", "`")
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def words(kind: types.Type) -> str:
    """Return a type as a reader of JSON meets it."""
    match kind:
        case types.Metadata(type=inner):
            return words(inner)
        case types.EnumType(cls=cls):
            return _one_of([member.value for member in cls])
        case types.LiteralType(values=values):
            return _one_of(list(values))
        case types.UnionType(types=parts):
            return " or ".join(words(part) for part in _null_last(parts))
        case types.ListType(item_type=item) | types.VarTupleType(item_type=item):
            return f"list of {words(item)}"
        case types.DictType(key_type=key, value_type=value):
            return f"object: {words(key)} → {words(value)}"
        case types.StructType(cls=cls):
            return f"[{cls.__name__}](#{cls.__name__.lower()})"
        case _:
            return WORDS[type(kind)]


def _null_last(parts: tuple[types.Type, ...]) -> list[types.Type]:
    return sorted(parts, key=lambda part: isinstance(part, types.NoneType))


def _one_of(values: list[object]) -> str:
    return " · ".join(f"`{value}`" for value in sorted(values, key=str))


def table(struct: type[msgspec.Struct]) -> list[str]:
    """Return a struct's fields as the rows of a table, with the names that JSON shows."""
    info = types.type_info(struct)
    assert isinstance(info, types.StructType)
    lines = ["| field | what it is | default |", "|---|---|---|"]
    if info.tag is not None:
        lines.append(f"| `{info.tag_field}` | `{info.tag}` | – |")
    lines += [f"| `{field.encode_name}` | {words(field.type)} | {_default(field)} |"
              for field in info.fields]  # fmt: skip
    return lines


def _default(field: types.Field) -> str:
    if field.required:
        return "required"
    if field.default is msgspec.NODEFAULT:
        return "–"
    value = field.default
    if value is None:
        return "null"
    if isinstance(value, msgspec.Struct):
        return "its defaults"
    return f"`{value.value if isinstance(value, Enum) else value!r}`"


def structs_in(struct: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    """Yield the structs that a struct's fields hold, each before what it holds itself."""
    info = types.type_info(struct)
    assert isinstance(info, types.StructType)
    for field in info.fields:
        yield from _structs(field.type)


def _structs(kind: types.Type) -> Iterator[type[msgspec.Struct]]:
    match kind:
        case types.Metadata(type=inner):
            yield from _structs(inner)
        case types.StructType(cls=cls):
            yield cls
            yield from structs_in(cls)
        case types.UnionType(types=parts):
            for part in parts:
                yield from _structs(part)
        case types.ListType(item_type=item) | types.VarTupleType(item_type=item):
            yield from _structs(item)
        case _:
            return


def sections(
    structs: list[type[msgspec.Struct]], *, but: frozenset[str] | set[str] = frozenset()
) -> list[str]:
    """Return a section for each struct that these hold, each once, without those in ``but``."""
    found = (cls for struct in structs for cls in structs_in(struct))
    inner = {cls: None for cls in found if cls.__name__ not in but}
    lines: list[str] = []
    for cls in sorted(inner, key=lambda cls: cls.__name__):
        lines += ["", f"### {cls.__name__}", "", about(cls), "", *table(cls)]
    return lines

"""Labelled messages, as lines of JSON: single messages, or whole shows in time order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from dealflow.errors import FileUnreadable, InputInvalid
from dealflow.intents.rules import Announcements
from dealflow.model.intent import Context, Intent, Role, Room, Slots, Utterance
from dealflow.model.room import Talk
from dealflow.model.rulebook import Rulebook
from dealflow.model.show import Lot, SaleMode, ShowRules

HISTORY = 5
"""Earlier messages of an author that a context holds, as in a running show."""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One message with the intent that a reader gave it."""

    id: str
    utterance: Utterance
    intent: Intent
    slots: Slots = Slots()
    lang: str = "en"
    world: str = ""
    platform: str = ""


class _LineContext(msgspec.Struct, kw_only=True):
    mode: SaleMode | None = None
    lot: Lot | None = None
    author_role: Role = Role.VIEWER
    history: tuple[str, ...] = ()
    rules: ShowRules | None = None
    lot_age: float | None = None
    room: Room = Room()


class _ShowLine(msgspec.Struct, kw_only=True):
    platform: str = ""
    world: str = ""
    lang: str = "en"
    mode: SaleMode | None = None
    rules: ShowRules | None = None


class _Line(msgspec.Struct, kw_only=True):
    id: str = ""
    text: str = ""
    context: _LineContext = msgspec.field(default_factory=_LineContext)
    lang: str | None = None
    world: str = ""
    platform: str = ""
    intent: Intent | None = None
    slots: Slots = Slots()
    kind: Literal["show", "lot", "chat", "sold", "sale", "viewers", "end"] | None = None
    t: float = 0.0
    user: str | None = None
    role: Role = Role.VIEWER
    lot: Lot | str | None = None
    mode: SaleMode | None = None
    show: _ShowLine | None = None


class ShowReader:
    """Builds the context of each message of a show from the lines before it.

    As in a running show, rules are the seller's own and those that the shop announces.
    """

    def __init__(self) -> None:
        self._show = _ShowLine()
        self._rules = Rulebook(None)
        self._lot: Lot | None = None
        self._mode: SaleMode | None = None
        self._since = 0.0
        self._history: dict[str, tuple[str, ...]] = {}
        self._talk = Talk()

    def take(self, line: _Line, number: int) -> Example | None:
        """Read one line; return an example when it is a labelled message."""
        if line.kind == "show" and line.show is not None:
            self._show = line.show
            self._mode = line.show.mode
            self._rules = Rulebook(line.show.rules)
        elif line.kind == "lot":
            self._lot = line.lot if isinstance(line.lot, Lot) else None
            self._mode, self._since = line.mode or self._mode, line.t
        elif line.kind == "chat":
            return self._chat(line, number)
        return None

    def _chat(self, line: _Line, number: int) -> Example | None:
        author = line.user or ""
        history = self._history.get(author, ())
        self._history[author] = (*history, line.text)[-HISTORY:]
        room = self._talk.note(author, line.role, line.text, int(line.t * 1000), self._lot)
        patch = _announcements()(line.text, line.role)
        if patch is not None:
            self._rules.hear(patch, f"line-{number}", "")
        if line.intent is None:
            return None
        age = line.t - self._since if self._lot is not None else None
        context = Context(
            mode=self._mode,
            lot=self._lot,
            author_role=line.role,
            history=history,
            rules=self._rules.rules,
            lot_age=age,
            room=room,
        )
        return _example(line, number, context, self._show)


@cache
def _announcements() -> Announcements:
    return Announcements()


_decoder = msgspec.json.Decoder(_Line)


def read_examples(lines: Iterable[bytes]) -> Iterator[Example]:
    """Read labelled lines.

    Raises:
        InputInvalid: a line is no labelled message and no line of a show.
    """
    show = ShowReader()
    for number, data in enumerate(lines, start=1):
        if not data.strip():
            continue
        try:
            line = _decoder.decode(data)
        except msgspec.DecodeError as error:
            raise InputInvalid(f"Line {number} is no labelled message: {error}") from error
        example = show.take(line, number) if line.kind is not None else _single(line, number)
        if example is not None:
            yield example


def _single(line: _Line, number: int) -> Example:
    if line.intent is None:
        raise InputInvalid(f"Line {number} has no intent.")
    context = Context(
        mode=line.context.mode,
        lot=line.context.lot,
        author_role=line.context.author_role,
        history=line.context.history,
        rules=line.context.rules,
        lot_age=line.context.lot_age,
        room=line.context.room,
    )
    return _example(line, number, context, _ShowLine())


def _example(line: _Line, number: int, context: Context, show: _ShowLine) -> Example:
    """Return a labelled line as an example; the hint of its language is not given away."""
    assert line.intent is not None
    return Example(
        id=line.id or f"line-{number}",
        utterance=Utterance(text=line.text, context=context),
        intent=line.intent,
        slots=line.slots,
        lang=line.lang or show.lang,
        world=line.world or show.world,
        platform=line.platform or show.platform,
    )


def read_file(path: Path) -> list[Example]:
    """Read a file of labelled lines.

    Raises:
        FileUnreadable: it cannot be opened.
        InputInvalid: it holds something else.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {error.strerror}.") from error
    try:
        return list(read_examples(data.splitlines()))
    except InputInvalid as error:
        raise InputInvalid(f"{path}: {error}") from error


def is_show(path: Path) -> bool:
    """Say whether a file of labelled lines is a show in time order, by its first line."""
    with path.open("rb") as file:
        return b'"kind"' in file.readline()

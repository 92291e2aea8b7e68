"""The options by which a command says what is kept out of a show, and how claims are made."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click
import msgspec

from dealflow.model.filters import Filters
from dealflow.model.rule_line import parse_rules
from dealflow.settings import FilterSettings, Settings

_LISTS = {
    "mute": ("--mute", "NAME", "Hear nothing of this user: a name, a glob or /regex/."),
    "patterns": ("--pattern", "PATTERN", "Keep out texts like this: a glob or /regex/."),
    "deny": ("--deny", "WORDS", "Keep out messages with these words."),
    "allow": ("--allow", "WORDS", "Never keep out messages with these words."),
    "hosts": ("--link-host", "SITE", "Links to this site are welcome all the same."),
}


class FilterWish(msgspec.Struct, frozen=True):
    """What a command line asks to add to filters, or to set in them."""

    lists: dict[str, tuple[str, ...]]
    values: dict[str, Any]

    @property
    def is_empty(self) -> bool:
        """Say whether nothing was asked for."""
        return not self.lists and not self.values

    def add_to(self, filters: Filters) -> Filters:
        """Return the filters with this added."""
        grown = {
            name: tuple(dict.fromkeys((*getattr(filters, name), *entries)))
            for name, entries in self.lists.items()
        }
        return msgspec.structs.replace(filters, **grown, **self.values)


def filter_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of filters; it gets a `FilterWish` as ``wish``."""

    @functools.wraps(function)
    def call(*arguments: Any, **given: Any) -> Any:
        lists = {name: given.pop(f"filter_{name}") for name in _LISTS}
        values = {
            "links": _not(given.pop("filter_links")),
            "bots": _not(given.pop("filter_bots")),
            **{name: given.pop(f"filter_{name}") for name in ("repeats", "flood", "window")},
        }
        wish = FilterWish(
            {name: entries for name, entries in lists.items() if entries},
            {name: value for name, value in values.items() if value is not None},
        )
        return function(*arguments, wish=wish, **given)

    for decorate in reversed(_options()):
        call = decorate(call)
    return call


def _options() -> list[Callable[[Callable[..., Any]], Callable[..., Any]]]:
    lists = [
        click.option(flag, f"filter_{name}", multiple=True, metavar=metavar, help=about)
        for name, (flag, metavar, about) in _LISTS.items()
    ]
    return [
        *lists,
        click.option(
            "--links/--no-links", "filter_links", default=None, help="Keep messages with links?"
        ),
        click.option(
            "--bots/--no-bots", "filter_bots", default=None, help="Keep the messages of bots?"
        ),
        click.option(
            "--repeats",
            "filter_repeats",
            type=click.IntRange(0, 1000),
            metavar="N",
            help="How often one may say the same on one lot within the window; 0: no limit.",
        ),
        click.option(
            "--flood",
            "filter_flood",
            type=click.IntRange(0, 1000),
            metavar="N",
            help="How many messages one may send within the window; 0: no limit.",
        ),
        click.option(
            "--window",
            "filter_window",
            type=click.FloatRange(1, 3600),
            metavar="SECONDS",
            help="The window of --repeats and --flood.",
        ),
    ]


def _not(kept: bool | None) -> bool | None:
    return None if kept is None else not kept


def rules_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--rules``; it gets the line, which was understood, or ``None``."""
    return click.option(
        "--rules",
        metavar="LINE",
        callback=_understood,
        help='How claims are made: "number = item; codes A1-A99; claim words: sold, mine".',
    )(function)


def _understood(_context: click.Context, _option: click.Parameter, line: str | None) -> str | None:
    if line is not None:
        parse_rules(line)
    return line


def with_filters(settings: Settings, wish: FilterWish) -> Settings:
    """Return settings in which every show without filters of its own has these too."""
    if wish.is_empty:
        return settings
    filters = wish.add_to(settings.filters.filters())
    return msgspec.structs.replace(
        settings, filters=FilterSettings(**msgspec.structs.asdict(filters))
    )

"""``dealflow filters``: what is kept out of a show, and what was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import quote

import click
import msgspec

from dealflow.api.schemas import FilterAnswer
from dealflow.cli import process
from dealflow.cli.client import ask
from dealflow.cli.filtering import FilterWish, filter_options
from dealflow.cli.options import Invocation, common_options
from dealflow.compose import change_filters
from dealflow.model.filters import Filters
from dealflow.settings import Settings


@click.command("filters")
@click.argument("show")
@filter_options
@click.option("--remove", multiple=True, metavar="ENTRY", help="Take this entry out of every list.")
@click.option("--clear", is_flag=True, help="Begin with no filters at all.")
@common_options
def command(
    invocation: Invocation, *, show: str, wish: FilterWish, remove: tuple[str, ...], clear: bool
) -> int:
    """Show and change what is kept out of a show.

    SHOW is the show's key or id. What the options name is added; without options nothing changes.
    While `dealflow serve` runs, it is asked, and the change holds from the next message on;
    otherwise the change is kept with the show.
    """
    settings = invocation.settings()
    changes = clear or bool(remove) or not wish.is_empty

    def changed(filters: Filters) -> Filters:
        return wish.add_to(_without(Filters() if clear else filters, remove))

    async def work(stop: asyncio.Event) -> int:
        answer = await _served(settings, show, changed if changes else None)
        if answer is None:
            answer = await change_filters(settings, show, changed if changes else None)
        if invocation.output.as_json:
            invocation.output.record({"type": "filters", **msgspec.to_builtins(answer)})
        else:
            for line in _lines(answer):
                invocation.output.say(line)
        return 0

    return process.run(work)


async def _served(
    settings: Settings, show: str, changed: Callable[[Filters], Filters] | None
) -> FilterAnswer | None:
    """Ask the DealFlow that serves; return ``None`` when none does."""
    path = f"/api/sessions/{quote(show, safe='')}/filters"
    answer = await ask(settings, "GET", path, FilterAnswer)
    if answer is None or changed is None:
        return answer
    return await ask(settings, "PUT", path, FilterAnswer, changed(answer.filters))


def _without(filters: Filters, entries: tuple[str, ...]) -> Filters:
    gone = frozenset(entries)
    kept = {
        name: tuple(entry for entry in value if entry not in gone)
        for name, value in msgspec.structs.asdict(filters).items()
        if isinstance(value, tuple)
    }
    return msgspec.structs.replace(filters, **kept)


def _lines(answer: FilterAnswer) -> list[str]:
    filters = answer.filters
    usual = Filters()
    said = [
        f"{name}: {', '.join(value) if isinstance(value, tuple) else value}"
        for name, value in msgspec.structs.asdict(filters).items()
        if value != getattr(usual, name)
    ]
    lines = said or ["Nothing is kept out."]
    dropped = [f"{count} {reason}" for reason, count in answer.dropped.items() if count]
    if dropped:
        lines.append(f"kept out so far: {', '.join(dropped)}")
    lines += [
        f"  {one.timestamp}  {one.reason:8} {one.username}: {one.message}" for one in answer.held
    ]
    return lines

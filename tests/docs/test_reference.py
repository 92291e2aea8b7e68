"""Nothing public is undocumented, and no page is older than the code."""

from __future__ import annotations

import re

import click
import pytest

from dealflow import errors
from dealflow.cli.main import COMMANDS, dealflow
from dealflow.model.events import EVENT_CLASSES
from dealflow.settings import field_names
from scripts.reference.__main__ import FOLDER
from scripts.reference.http import calls, openapi
from scripts.reference.pages import PAGES


def headings(page: str) -> set[str]:
    text = (FOLDER / page).read_text(encoding="utf-8")
    return {found.strip("` ") for found in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


def error_codes(cls: type[errors.DealflowError] = errors.DealflowError) -> set[str]:
    codes = {cls.code} if not cls.__subclasses__() else set()
    return codes.union(*(error_codes(child) for child in cls.__subclasses__()))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_code_says(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name]().rstrip() + "\n", (
        f"docs/reference/{name} is out of date: run scripts/docs"
    )


def test_no_page_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES)


def test_every_setting_has_its_heading() -> None:
    assert set(field_names()) - headings("settings.md") == set()


def test_every_error_has_its_heading() -> None:
    assert error_codes() - headings("errors.md") == set()


def test_every_event_has_its_heading() -> None:
    tags = {str(cls.__struct_config__.tag) for cls in EVENT_CLASSES}
    assert tags - headings("events.md") == set()


def test_every_call_has_its_heading() -> None:
    named = {f"{method} {path}" for method, path, _ in calls(openapi())}
    assert named - headings("http.md") == set()


def test_every_frame_of_the_live_channel_has_its_heading() -> None:
    said = {"auth", "subscribe", "unsubscribe", "hello", "subscribed", "lagged", "error"}
    assert said - headings("live.md") == set()


def test_every_command_has_its_heading_and_its_summary() -> None:
    assert {f"dealflow {name}" for name in COMMANDS} - headings("commands.md") == set()
    for name, summary in COMMANDS.items():
        command = dealflow.get_command(click.Context(dealflow), name)
        assert command is not None
        assert (command.help or "").partition("\n\n")[0].replace("\n", " ") == summary

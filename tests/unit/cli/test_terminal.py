"""The live screen is left as it was entered, whatever happens while it is up."""

from __future__ import annotations

import asyncio
import io
import logging
import sys

import pytest
from rich.console import Console

from dealflow.cli.terminal import KEPT_LOGS, LiveScreen
from dealflow.model.events import Frame, ViewersChanged, encode_body, kind_of
from dealflow.telemetry.logging import set_up

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


def viewers(seq: int) -> Frame:
    event = ViewersChanged(viewers=seq * 111)
    return Frame(seq, kind_of(event), encode_body(event))


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def console(screen: io.StringIO) -> Console:
    return Console(file=screen, force_terminal=True, width=80, height=24)


@pytest.mark.asyncio
async def test_the_last_picture_is_drawn_and_the_screen_left(
    screen: io.StringIO, console: Console
) -> None:
    async with LiveScreen(console) as presenter:
        await presenter.show([viewers(1), viewers(2)])
        async with asyncio.timeout(5):
            while "222 viewers" not in screen.getvalue():
                await asyncio.sleep(0.01)
    said = screen.getvalue()
    assert said.startswith(ENTER)
    assert said.count(ENTER) == said.count(LEAVE) == 1
    assert "viewers" not in said.partition(LEAVE)[2]


@pytest.mark.asyncio
async def test_the_screen_is_left_when_something_goes_wrong(
    screen: io.StringIO, console: Console
) -> None:
    with pytest.raises(RuntimeError):
        async with LiveScreen(console):
            raise RuntimeError
    assert LEAVE in screen.getvalue()


@pytest.mark.asyncio
async def test_warnings_wait_until_the_screen_is_left(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    err = io.StringIO()
    monkeypatch.setattr(sys, "stderr", err)
    root = logging.getLogger()
    before = list(root.handlers), root.level
    set_up("info", "text")
    try:
        async with LiveScreen(console):
            logging.getLogger("x").info("not now")
            for number in range(KEPT_LOGS + 5):
                logging.getLogger("x").warning("trouble %d", number)
            assert err.getvalue() == ""
        logging.getLogger("x").info("after")
    finally:
        root.handlers[:], root.level = before
    said = err.getvalue().splitlines()
    assert len(said) == KEPT_LOGS + 1
    assert "trouble 5" in said[0]
    assert "after" in said[-1]

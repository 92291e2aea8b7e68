"""The options that every command has, and what they become."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from dealflow.cli.output import Output
from dealflow.settings import Settings, load, unknown
from dealflow.telemetry.logging import set_up


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of a command: its common options and where it writes."""

    output: Output
    data_dir: str | None
    config: Path | None
    log_level: str | None

    def settings(self, flags: Mapping[str, Any] | None = None) -> Settings:
        """Gather the settings and start the logs.

        Args:
            flags: the command's own flags by the dotted name of their setting.

        Raises:
            SettingsInvalid: a value cannot be used.
        """
        common = {"data_dir": self.data_dir, "log.level": self.log_level}
        settings = load(file=self.config, flags={**common, **(flags or {})})
        set_up(settings.log.level, settings.log.format)
        for name in unknown(os.environ):
            logging.getLogger(__name__).warning("unknown setting", extra={"variable": name})
        return settings


def threshold_option(help: str) -> Callable[[Callable[..., int | None]], Any]:
    """Give a command ``--threshold``; it gets a number from 0 to 1, or ``None``."""
    return click.option(
        "--threshold", type=click.FloatRange(min=0, max=1), metavar="CONFIDENCE", help=help
    )


def common_options(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """Give a command the common options; it gets an `Invocation` as its first argument."""

    @click.option("--json", "as_json", is_flag=True, help="Write JSON lines, and nothing else.")
    @click.option("--data-dir", metavar="DIR", help="Folder for the store and the token.")
    @click.option(
        "--config", type=click.Path(path_type=Path), help="TOML file to read settings from."
    )
    @click.option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        help="Least level of the logs on standard error.",
    )
    @functools.wraps(function)
    def call(
        *,
        as_json: bool,
        data_dir: str | None,
        config: Path | None,
        log_level: str | None,
        **rest: Any,
    ) -> int | None:
        return function(Invocation(Output(as_json=as_json), data_dir, config, log_level), **rest)

    return call

"""The entry point: finds the command, runs it, and turns what goes wrong into one sentence."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import click

from dealflow import __version__
from dealflow.cli.output import Output, hang_up
from dealflow.errors import DealflowError

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "serve": "Read shows on demand and serve dashboards and programs.",
        "watch": "Read one show and print what happens, as it happens.",
        "demo": "Show the whole way on a made-up show; needs no network.",
        "replay": "Play a recorded show through DealFlow and print its ledger.",
        "classify": "Judge messages, one JSON line each.",
        "evaluate": "Measure the classifier on labelled lines.",
        "train": "Train the model on the corpus, or recalibrate it with corrections.",
        "shows": "List the shows in the store, the newest first.",
        "filters": "Show and change what is kept out of a show.",
        "correct": "Correct a verdict: this was no buyer, or a missed one.",
        "corrections": "List what was corrected, as labelled lines to learn from.",
        "reanalyze": "Judge a stored show again and compare the buyers.",
        "doctor": "Check that this machine can do the job, and say what to do.",
        "login": "Log in to a platform by hand, in a visible browser.",
    }
)
"""Every command with its summary, so that ``--help`` imports none of them."""


class Commands(click.Group):
    """Imports a command's module only when that command runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or ``None`` when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"dealflow.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dealflow")
def dealflow() -> None:
    """Read the chat of live sales, know a buyer when one speaks, keep a fair ledger."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code: 0 good, 2 usage, else 1."""
    output = Output(as_json="--json" in arguments)
    try:
        # Not `dealflow.main`, which takes a closed pipe for a failure.
        with dealflow.make_context("dealflow", list(arguments)) as context:
            code = dealflow.invoke(context)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.UsageError as error:
        output.error("usage", error.format_message(), _usage_hint(error))
        return 2
    except click.ClickException as error:
        output.error("file_unreadable", error.format_message(), "")
        return 1
    except (click.Abort, KeyboardInterrupt):
        return 1
    except Exception as error:  # noqa: BLE001 - the last place where anything can be said
        return _explain(output, error)


def _usage_hint(error: click.UsageError) -> str:
    name = "dealflow" if error.ctx is None else error.ctx.command_path
    return f"`{name} --help` shows what is possible."


def _explain(output: Output, error: Exception) -> int:
    """Say what went wrong; an error that is none of our tree leaves its trace in the log."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, BrokenPipeError):  # whoever read our output has seen enough
        hang_up()
        return 0
    if isinstance(error, DealflowError):
        output.error(error.code, error.message, error.advice)
    else:
        logging.getLogger(__name__).error("the command failed", exc_info=error)
        unexpected = DealflowError(f"Something unexpected happened: {type(error).__name__}.")
        output.error(unexpected.code, unexpected.message, unexpected.advice)
    return 1


def main() -> None:
    """Run the command line of this process."""
    sys.exit(run(sys.argv[1:]))

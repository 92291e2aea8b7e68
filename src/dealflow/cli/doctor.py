"""``dealflow doctor``: check that this machine can do the job, and say what to do."""

from __future__ import annotations

import asyncio

import click

from dealflow.cli import process
from dealflow.cli.checks import CHECKS, Check, Finding, Machine, Status
from dealflow.cli.options import Invocation, common_options
from dealflow.cli.output import Output
from dealflow.clock import SystemClock
from dealflow.telemetry.metrics import Metrics

PATIENCE_SECONDS = 30.0
"""A check that takes longer has its answer: this does not work in practice."""


@click.command("doctor")
@common_options
def command(invocation: Invocation) -> int:
    """Check that this machine can do the job, and say what to do.

    Each line is ok, warn or fail. The exit code is 1 when something fails without which no show
    can be read.
    """
    settings = invocation.settings()
    machine = Machine(settings=settings, clock=SystemClock(), metrics=Metrics())

    async def work(stop: asyncio.Event) -> int:
        worst = 0
        for check in CHECKS:
            if stop.is_set():
                return 1
            finding = await _patiently(check, machine)
            _tell(invocation.output, finding)
            worst |= finding.status is Status.FAIL
        return worst

    return process.run(work)


async def _patiently(check: Check, machine: Machine) -> Finding:
    name = check.__name__.removeprefix("check_").replace("_", " ")
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await check(machine)
    except TimeoutError:
        return Finding(
            name=name,
            status=Status.FAIL,
            message=f"No answer within {PATIENCE_SECONDS:g} s.",
            todo="Close other programs and try again.",
        )


def _tell(output: Output, finding: Finding) -> None:
    if output.as_json:
        output.record(finding)
        return
    output.say(f"{finding.status:5} {finding.name:12} {finding.message}")
    if finding.todo:
        output.say(f"{'':18} → {finding.todo}")

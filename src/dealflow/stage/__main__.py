"""``python -m dealflow.stage``: a stage in a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from dealflow.errors import DealflowError
from dealflow.stage.script import load_show
from dealflow.stage.whatnot import Stage


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dealflow.stage", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 lets the system choose")
    parser.add_argument("--show-id", help="the show's UUID")
    parser.add_argument("--script", type=Path, help="a recorded show; `demo` is the one inside")
    parser.add_argument("--speed", type=float, default=1.0, help="how much faster than real time")
    parser.add_argument("--rate", type=float, help="flood with numbered messages, per second")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long to flood")
    parser.add_argument("--wait", type=float, default=0.0, help="seconds before anything is said")
    parser.add_argument("--log", type=Path, help="a file for every emitted message")
    return parser.parse_args()


async def _run(arguments: argparse.Namespace) -> None:
    script = None
    if arguments.script is not None:
        script = load_show(None if str(arguments.script) == "demo" else arguments.script)
    stage = Stage(
        arguments.port,
        arguments.show_id,
        script,
        arguments.speed,
        arguments.log,
    )
    async with stage:
        ready = {"baseUrl": stage.base_url, "showUrl": stage.show_url, "showId": stage.show_id}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await _until_done(stage, arguments)


async def _until_done(stage: Stage, arguments: argparse.Namespace) -> None:
    """Play, flood, or wait to be controlled; a signal ends each."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with asyncio.TaskGroup() as group:
        act = group.create_task(_act(stage, arguments))
        end = group.create_task(stopped.wait())
        await asyncio.wait({act, end}, return_when=asyncio.FIRST_COMPLETED)
        act.cancel()
        end.cancel()


async def _act(stage: Stage, arguments: argparse.Namespace) -> None:
    await asyncio.sleep(arguments.wait)
    if arguments.rate is not None:
        await stage.flood(arguments.rate, arguments.seconds)
    elif arguments.script is not None:
        await stage.play()
    else:
        await asyncio.Event().wait()


def main() -> int:
    """Run the stage; return the exit code."""
    try:
        asyncio.run(_run(_arguments()))
    except DealflowError as error:
        sys.stderr.write(f"{error} {error.advice}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

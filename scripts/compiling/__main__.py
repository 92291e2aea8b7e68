"""Compiles the judge, or takes what was compiled away; see `scripts/compile`."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from scripts.compiling import build, state


def say(text: str) -> None:
    """Tell the user, apart from what a script prints as its result."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="scripts/compile", description=__doc__)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--remove", action="store_true", help="go back to the source")
    choice.add_argument(
        "--drop-stale", action="store_true", help="go back to the source if it has changed since"
    )
    options = parser.parse_args()
    if options.remove:
        with state.held(state.ROOT, "install"):
            state.remove()
        return 0
    if options.drop_stale:
        if state.drop_stale():
            say("Sources changed: the judge runs from source until scripts/compile.")
        return 0
    with state.held(state.ROOT, "compile"):
        return compile_judge(state.ROOT)


def compile_judge(root: Path) -> int:
    """Compile what is not compiled yet; return 1 when the judge goes on from source."""
    state.drop_stale(root)
    if state.compiled(root):
        return 0
    if build.compiler() is None or not build.has_headers():
        say(
            "The judge runs from source, only slower. To have it compiled: apt-get install gcc "
            "python3-dev (a C compiler, Python's headers), then scripts/compile."
        )
        return 1
    say("  compiling the judge, about a minute")
    work = root / ".cache" / "compile"
    shutil.rmtree(work, ignore_errors=True)  # of a run that was cut off
    work.mkdir(parents=True)
    scratch = Path(tempfile.mkdtemp(dir=work))  # never where a compiler may still be left running
    try:
        inputs = build.inputs(root)
        before = state.describe(root, inputs)
        build.install(root, build.build(root, scratch), inputs, before)
    except build.Failed as failure:
        say(f"{failure}\nThe judge could not be compiled and runs from source, only slower.")
        return 1
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return 0


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except KeyboardInterrupt:
        # Ends by the signal and without a trace, so that a script that waits for this ends too.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)

"""Runs the measurements and judges them.

    python -m bench [--quick] [--json] [G1 G6 starts …]

Each measurement brings up what it needs, on loopback. Exits with 1 when a gate is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict

from bench import g1_end_to_end, g6_fanout, g9_ingest, g16_browser, judging, second, starts
from bench.result import Result
from scripts.compiling.state import ADVICE, is_stale

MEASUREMENTS: dict[tuple[str, ...], Callable[[bool], Iterable[Result]]] = {
    ("G1", "G3", "G4", "G5", "G15"): g1_end_to_end.run,
    ("G6", "G7"): g6_fanout.run,
    ("G9",): lambda quick: [g9_ingest.run(quick)],
    ("G16",): g16_browser.run,
    ("starts",): starts.run,
    ("second",): second.run,
    ("speed64", "speed1", "added"): judging.run,
}
"""What each measurement finds; those of one line are taken from the same runs."""

TABLE = "{:7} {:58} {:>12} {:>12} {:11} {:>8} {:>6} {:>7} {}"


def measured(wanted: Sequence[str], quick: bool) -> Iterator[Result]:
    """Yield the results that are wanted, as they come; all of them if none is named."""
    for ids, run in MEASUREMENTS.items():
        if not wanted or set(ids) & set(wanted):
            began = time.monotonic()
            results = list(run(quick))
            print(f"{', '.join(ids)}: {time.monotonic() - began:.0f} s", file=sys.stderr)
            yield from (one for one in results if not wanted or one.id in wanted)


def row(result: Result) -> str:
    """Return a line of the table; a ratio of a cost is at most its gate, of a gain at least."""
    sign = "≥" if result.higher_is_better else "≤"
    return TABLE.format(
        result.id,
        result.title if len(result.title) <= 58 else f"{result.title[:57]}…",
        f"{result.ours:,.1f}",
        f"{result.theirs:,.1f}",
        result.unit,
        f"{result.ratio:.2f}",
        f"{sign}{result.gate:g}",
        f"{result.target:.3g}",
        result.verdict,
    )


def main() -> int:
    """Run from the command line."""
    known = [id for ids in MEASUREMENTS for id in ids]
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("ids", nargs="*", metavar="ID", help=f"{', '.join(known)}; none: all")
    parser.add_argument("--quick", action="store_true", help="one short round: a look, no figure")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each result")
    options = parser.parse_args()
    if unknown := set(options.ids) - set(known):
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    if is_stale():
        parser.error(f"the judge was compiled from other sources: {ADVICE}")
    results: list[Result] = []
    if not options.json:
        print(
            TABLE.format(
                "id", "goal", "ours", "theirs", "unit", "ratio", "gate", "target", "verdict"
            )
        )
    for result in measured(options.ids, options.quick):
        results.append(result)
        if options.json:
            print(json.dumps(asdict(result) | {"verdict": result.verdict}), flush=True)
        else:
            print(row(result), flush=True)
    if not options.json:
        print()
        for result in results:
            if result.note:
                print(f"{result.id}  {result.note}")
    return 0 if all(result.passed for result in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""What a measurement found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """Both sides of one comparison; ``ratio`` is the figure that ``gate`` and ``target`` judge."""

    id: str
    title: str
    ours: float
    theirs: float
    unit: str
    ratio: float
    gate: float
    target: float
    higher_is_better: bool
    passed: bool
    note: str = ""

    @property
    def reached(self) -> bool:
        """Say whether the target, not only the gate, is reached."""
        return self.passed and _within(self.ratio, self.target, self.higher_is_better)

    @property
    def verdict(self) -> str:
        """Return in two words how it stands."""
        return "target reached" if self.reached else "gate passed" if self.passed else "NOT PASSED"

    def lines(self) -> str:
        """Return the result for a person to read."""
        sense = "at least" if self.higher_is_better else "at most"
        bounds = f"{sense} {self.gate:g}, aim {self.target:g}"
        text = (
            f"{self.id}  {self.title}\n"
            f"    ours   {self.ours:14,.2f} {self.unit}\n"
            f"    theirs {self.theirs:14,.2f} {self.unit}\n"
            f"    ratio  {self.ratio:14,.3f}  ({bounds}): {self.verdict}"
        )
        return f"{text}\n    {self.note}" if self.note else text


def compared(
    id: str,
    title: str,
    *,
    ours: float,
    theirs: float,
    unit: str,
    gate: float,
    target: float,
    higher_is_better: bool = True,
    note: str = "",
    ratio: float | None = None,
    also: bool = True,
) -> Result:
    """Return the result of ours divided by theirs; ``also`` is a condition beside the gate.

    ``ratio`` may be given: the median of each round's own ratio bears a machine whose load changes
    between rounds, which the ratio of two medians does not.
    """
    if ratio is None:
        ratio = ours / theirs if theirs else float("inf")
    return Result(
        id=id,
        title=title,
        ours=ours,
        theirs=theirs,
        unit=unit,
        ratio=ratio,
        gate=gate,
        target=target,
        higher_is_better=higher_is_better,
        passed=also and _within(ratio, gate, higher_is_better),
        note=note,
    )


def limited(
    id: str,
    title: str,
    *,
    ours: float,
    unit: str,
    gate: float,
    target: float,
    note: str = "",
    higher_is_better: bool = False,
) -> Result:
    """Return a figure that is held against a limit, for want of another system."""
    return compared(
        id,
        title,
        ours=ours,
        theirs=gate,
        unit=unit,
        gate=1.0,
        target=target / gate,
        higher_is_better=higher_is_better,
        note=note or "theirs is the limit, not another system",
    )


def _within(ratio: float, bound: float, higher_is_better: bool) -> bool:
    return ratio >= bound if higher_is_better else ratio <= bound

"""A figure that was promised, and the limit that it must keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One figure; without ``most`` and ``least`` it is only told."""

    name: str
    value: float
    unit: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def kept(self) -> bool:
        """Say whether the figure is within its limits."""
        return (self.most is None or self.value <= self.most) and (
            self.least is None or self.value >= self.least
        )

    def line(self) -> str:
        """Return the figure with its limit beside it."""
        bounds = [
            f"{sense} {bound:g}"
            for sense, bound in (("at least", self.least), ("at most", self.most))
            if bound is not None
        ]
        verdict = "" if not bounds else "kept" if self.kept else "MISSED"
        said = (
            f"  {self.name:52} {self.value:12,.1f} {self.unit:7} {', '.join(bounds):16} {verdict}"
        )
        return said.rstrip()


def told(title: str, figures: Sequence[Figure]) -> int:
    """Print figures under a title; return the exit code, 1 when a limit is missed."""
    print(title)
    for figure in figures:
        print(figure.line(), flush=True)
    return 0 if all(figure.kept for figure in figures) else 1


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of sorted values does not exceed; 0 of none."""
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0.0

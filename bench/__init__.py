"""Measurements: each prints both sides, and neither is ever a test.

Purpose: one module a figure, run as ``python -m bench.<module>``; ``run`` returns a `Result`.
Invariants: both sides take turns in one process; the median of at least three rounds counts.
Runs in: the caller's process.
May import: everything.
"""

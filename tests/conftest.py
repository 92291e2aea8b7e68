"""For all tests: what is tested is what stands in the source."""

from __future__ import annotations

import pytest

from scripts.compiling.state import ADVICE, is_stale


def pytest_sessionstart() -> None:
    if is_stale():
        raise pytest.UsageError(f"the judge was compiled from other sources: {ADVICE}")

"""Whether the judge runs compiled or from its source, which differ in speed alone (0019)."""

from __future__ import annotations

from dealflow.intents import grammar


def is_compiled() -> bool:
    """Say whether the busiest modules run compiled: all of them do, or none."""
    return not grammar.__file__.endswith(".py")

from __future__ import annotations

import pytest

from dealflow.intents.grammar import GrammarClassifier


@pytest.fixture(scope="session")
def classifier() -> GrammarClassifier:
    """One classifier for all tests: what it remembers must never change a verdict."""
    return GrammarClassifier()

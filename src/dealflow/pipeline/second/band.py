"""Which messages are doubtful, and whose answer is worth most; pure."""

from __future__ import annotations

from dealflow.errors import SettingsInvalid
from dealflow.model.intent import Role, Utterance, Verdict
from dealflow.settings import LlmSettings


class Band:
    """The stretch of confidence in which a second opinion is wanted.

    Args:
        settings: with its bounds, both included.
        threshold: the confidence from which a message is a buyer's.

    Raises:
        SettingsInvalid: the lower bound is above the upper one.
    """

    def __init__(self, settings: LlmSettings, threshold: float) -> None:
        if settings.low > settings.high:
            raise SettingsInvalid(
                f"llm.low ({settings.low:g}) lies above llm.high ({settings.high:g})."
            )
        self._low = settings.low
        self._high = settings.high
        self._threshold = threshold

    def why(self, utterance: Utterance, verdict: Verdict) -> str | None:
        """Return in one phrase why a message is doubtful, or ``None``: the shop never is."""
        if utterance.context.author_role is not Role.VIEWER:
            return None
        if not self._low <= verdict.confidence <= self._high:
            return None
        return f"{verdict.confidence:.2f} is neither a buyer nor none"

    def distance(self, verdict: Verdict) -> float:
        """Return how far a verdict is from the threshold: the nearest is worth most."""
        return abs(verdict.confidence - self._threshold)

"""What the API needs of the pipeline."""

from __future__ import annotations

from dealflow.pipeline.base import Monitor, Outcome, PushedMessage, StartRequest

__all__ = ["Monitor", "Outcome", "PushedMessage", "StartRequest"]

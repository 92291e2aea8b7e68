"""Hands committed frames to the bus, and nothing else."""

from __future__ import annotations

from dealflow.bus.base import Bus, Committed
from dealflow.model.events import Frame
from dealflow.store.base import Show


async def relay(bus: Bus, show: Show, frames: tuple[Frame, ...]) -> None:
    """Publish what one transaction committed for one show."""
    if frames:
        await bus.publish(Committed(show.id, show.session_id, show.epoch, frames))

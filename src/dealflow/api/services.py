"""What the routes work with, made once by the app."""

from __future__ import annotations

from dataclasses import dataclass

from dealflow.api.access import Access
from dealflow.api.live.hub import Hub
from dealflow.api.live.recovery import Recovery
from dealflow.clock import Clock
from dealflow.errors import ShowUnknown
from dealflow.pipeline.base import Monitor
from dealflow.settings import Settings
from dealflow.store.base import Show, Store
from dealflow.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a route may use."""

    settings: Settings
    store: Store
    monitor: Monitor
    metrics: Metrics
    clock: Clock
    access: Access
    hub: Hub
    recovery: Recovery


async def find_show(store: Store, name: str) -> Show:
    """Return the show with this caller's key, or with this UUID of ours.

    Raises:
        ShowUnknown: there is none.
    """
    show = await store.show_of(name) or await store.show(name)
    if show is None:
        raise ShowUnknown("No show of that name is known.")
    return show

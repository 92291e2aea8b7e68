"""The plan of the house: which room may use which, and where each library lives.

This table is the rule; the signs on the doors (package docstrings) must say the same.
"""

from __future__ import annotations

GROUND = frozenset({"errors", "clock", "model"})
BASE = GROUND | {"settings", "telemetry"}
PORTS = frozenset(
    {"store.base", "bus.base", "sources.base", "intents.base", "pipeline.base", "ledger"}
)

MAY_IMPORT: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "clock": frozenset(),
    "model": frozenset({"errors", "clock"}),
    "settings": GROUND,
    "telemetry": GROUND | {"settings"},
    "sources": BASE,
    "intents": BASE,
    "ledger": GROUND,
    "store": BASE,
    "bus": BASE,
    "stage": GROUND,
    "pipeline": BASE | PORTS | {"sources.registry", "sources.supervisor"},
    "api": BASE | PORTS,
    "__main__": frozenset({"cli"}),
}
"""Rooms beside their own modules, each as a room (``model``) or one module (``store.base``)."""

EVERYTHING_BENEATH: dict[str, frozenset[str]] = {
    "compose": frozenset({"compose", "cli"}),
    "cli": frozenset({"cli"}),
}
"""The two rooms at the top: they may import all but what is named here."""

EVERYWHERE = frozenset({"msgspec"})
"""Libraries that belong to the language of the house."""

HOMES: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "clock": frozenset(),
    "model": frozenset({"msgspec"}),
    "settings": frozenset(),
    "telemetry": frozenset({"prometheus_client"}),
    "sources": frozenset({"websockets", "httpcore", "certifi", "playwright"}),
    "intents": frozenset(
        {"openai", "httpx2", "numpy", "onnxruntime", "sentencepiece", "torch", "onnx"}
    ),
    "ledger": frozenset(),
    "store": frozenset({"apsw"}),
    "bus": frozenset(),
    "stage": frozenset({"starlette", "uvicorn"}),
    "pipeline": frozenset({"re2"}),
    "api": frozenset({"fastapi", "starlette", "uvicorn"}),
    "compose": frozenset(),
    "cli": frozenset({"click", "rich"}),
    "__main__": frozenset(),
}
"""The third-party libraries of each room, beside those of `EVERYWHERE`."""

NAMED_TWICE = frozenset({"starlette", "uvicorn"})
"""Libraries with two homes, because the stage is a platform of its own: it serves HTTP and
WebSocket as the API does."""

INNER_IMPORTS = frozenset(
    {
        "compose",
        "cli.presenter",
        "intents.encoder.runtime",
        "intents.training.pieces",
        "intents.training.train",
    }
)
"""Modules that may import inside functions, so that a command loads only what it uses, or runs
without what only the training of the encoder needs."""

TASK_OWNERS = frozenset({"cli.terminal", "sources.browser.chromium", "sources.forward"})
"""Modules that may start a task outside a task group; each keeps it and ends it."""

HEAPS = frozenset(
    {"utils", "util", "common", "misc", "core", "helpers", "helper", "tools", "shared", "lib"}
)
"""Names under which anything could be put."""

"""The way of a message: intake, classify, record, relay.

Purpose: carry facts from a source to the store and committed frames to the bus, in order.
Invariants: one direction; nothing is published or acknowledged before COMMIT; every queue is
bounded; a failed batch leaves no trace in memory.
Runs in: one task for each show.
May import: errors, clock, model, settings, telemetry, the ports of the rooms beneath,
sources.registry, sources.supervisor; msgspec, re2.
"""

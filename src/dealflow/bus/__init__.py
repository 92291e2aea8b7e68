"""Carries committed events to whoever listens.

Purpose: tell dashboards and alerts at once what the store has committed.
Invariants: only committed events; a hint, never the truth; publishing never waits for a listener;
a listener that falls behind is told so and reads the store.
Runs in: the event loop of the process.
May import: errors, clock, model, settings, telemetry.
"""

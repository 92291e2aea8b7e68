"""Logs and metrics.

Purpose: say what happens in a form that machines read, without secrets and without forgery.
Invariants: one JSON line for each event; secrets are redacted at the root; counters live in an
object that the composition root makes.
Runs in: whichever task calls it.
May import: errors, clock, model, settings; prometheus_client.
"""

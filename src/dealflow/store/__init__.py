"""The truth: messages, verdicts, claims, captures and events, committed together.

Purpose: one transaction a batch, which also gives each event its position.
Invariants: nothing is reported as written before COMMIT; a message is stored once (unique key);
positions rise by one and never repeat; SQL stays in this room and model objects leave it.
Runs in: SQLite's one writer thread with group commit, and a small pool of read-only connections.
May import: errors, clock, model, settings, telemetry; apsw.
"""

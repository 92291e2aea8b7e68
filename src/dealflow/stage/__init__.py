"""Plays a recorded show as the platform would, on loopback.

Purpose: give the demo and the tests a platform that can be broken on purpose.
Invariants: listens on loopback only; every message that it emitted is in its own log, so that the
product never marks its own paper; wire shapes are those of the facts.
Runs in: the event loop that starts it.
May import: errors, clock, model; starlette, uvicorn.
"""

"""The live channel: subscribe, back-fill, resume.

Purpose: bring committed frames to WebSocket and SSE clients, from any position, exactly once.
Invariants: a client is a cursor into the log of a show, never a queue of its own, so a slow one
costs no memory and delays nobody; frames are encoded once and joined once for all clients that
want the same; only one task writes to a client that is behind, and only the hub to one that is
level; a client that missed something is told so.
Runs in: one listening and one watching task of the hub, and a reader and a sender for each client.
May import: errors, clock, model, telemetry, and the ports of store and bus; starlette.
"""

"""HTTP, WebSocket and SSE for dashboards and programs.

Purpose: serve what is committed, live or later, and take commands.
Invariants: deny by default (a route is public only by name); one JSON shape for errors; no 5xx for
any input; a slow client never delays another; a client is told when it missed something.
Runs in: the server's event loop; one sender task for each client.
May import: errors, clock, model, settings, telemetry, and the ports of the rooms beneath;
fastapi, starlette, uvicorn.
"""

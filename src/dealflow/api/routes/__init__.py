"""HTTP routes, one file per noun.

Purpose: translate between HTTP and the rooms beneath; nothing is decided here.
Invariants: no change of state by GET; bodies and answers are shapes of `api.schemas`; errors are
raised and become JSON in `api.errors`.
Runs in: the server's event loop.
May import: errors, clock, model, the other modules of api, and ports; fastapi, starlette.
"""

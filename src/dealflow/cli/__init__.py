"""The command line: one file for each command.

Purpose: what a person types, what they see while it works, and an exit code.
Invariants: with ``--json`` only JSON lines on stdout; exit 0 good, 2 usage, else 1; an error is one
sentence that says what to do.
Runs in: the main thread, which runs the event loop.
May import: everything beneath; click, rich.
"""

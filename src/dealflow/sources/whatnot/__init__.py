"""Whatnot, read by its sockets or in a page.

Purpose: turn what Whatnot shows every viewer into facts.
Invariants: the parsers are pure and take anything; nothing is clicked, typed or sent beyond what a
viewer's own page sends; hosts, topics and selectors stand in data files.
Runs in: the task of the show's reader.
May import: errors, clock, model, settings, telemetry, and the rest of sources.
"""

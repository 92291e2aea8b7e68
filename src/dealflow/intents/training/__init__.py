"""Everything that measures and fits the judgement; nothing of it runs in a show.

Purpose: read labelled lines, count how often each kind of evidence is right, print the figures.
Invariants: what is fitted never saw the lines that it is measured on, or says so.
Runs in: a command of a developer.
May import: errors, model, intents; msgspec.
"""

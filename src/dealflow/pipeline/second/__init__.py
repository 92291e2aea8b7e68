"""The second opinion: what is doubtful is judged again, later, by whoever is asked.

Purpose: choose the messages that are worth a question, ask within every budget, and hand answers
back as revisions.
Invariants: the first verdict is shown and committed before anybody is asked; an answer may add a
buyer and never takes one away; a call holds one person's messages and no names; what a call may
cost is written down before it is made; whatever goes wrong leaves the doubt in the store, where
it is found again; nothing here grows with the chat.
Runs in: one task for the process, and one for each call that is under way.
May import: errors, clock, model, settings, telemetry, the ports of the rooms beneath; msgspec.
"""

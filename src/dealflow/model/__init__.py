"""The nouns of DealFlow, and nothing else.

Purpose: every value that travels between rooms, as frozen ``msgspec`` structs.
Invariants: no I/O, no clock, no globals that change; text that enters here is clean
(`model.text`); a time is an integer of milliseconds since 1970-01-01 UTC, a price a number in
the currency's major unit, a confidence a probability from 0 to 1.
Runs in: whichever task calls it.
May import: errors, clock; msgspec.
"""

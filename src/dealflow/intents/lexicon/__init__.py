"""What people say, in many languages, as data.

Purpose: one TOML file a language, compiled once into a matcher that reads each token a constant
number of times.
Invariants: a file holds words only, no code; matching never backtracks.
Runs in: the task that calls it.
May import: errors, model, intents.normalise, intents.tokens.
"""

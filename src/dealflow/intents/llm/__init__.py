"""A second opinion by a language model, over any OpenAI-compatible API.

Purpose: answer `Question`s about doubtful messages, for whoever switched it on.
Invariants: an answer is an intent of the closed list and a probability, for an id that was asked
about, and nothing else of it is read; no user name is sent, and only one person's messages go
together; every call ends within its deadline; whatever goes wrong has a name and raises nothing.
Runs in: the task that calls it.
May import: errors, clock, model, settings, telemetry; openai, httpx2 (which are loaded only when
the second opinion is switched on).
"""

"""Who claimed what, in which order, and what became of it.

Purpose: fold what people said and what the platform confirmed into claims, fairly.
Invariants: pure and deterministic (the same entries in the same order give the same ledger);
first come, first served; a claim is not a sale; a change is always reported as a `Claim`.
Runs in: the task that calls it.
May import: errors, clock, model.
"""

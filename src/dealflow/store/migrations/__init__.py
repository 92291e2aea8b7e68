"""The schema of the SQLite store, as numbered steps that are never edited once released.

Purpose: one ``NNNN_what.sql`` file a step; `dealflow.store.schema` applies them in order.
Invariants: a step runs in one transaction together with its number, so a kill leaves the old or
the new schema and nothing between.
Runs in: the writer's thread, when a store is opened.
May import: nothing.
"""

"""How shows are read: one folder a platform, the same furniture in each.

Purpose: turn a platform's bytes into `model.facts`, in order, without loss that is not reported.
Invariants: read-only (nothing is ever clicked, sent or spoofed); parsers and policies are pure;
every address is opened through the egress gate; a stretch that was not read is a `Gap`.
Runs in: one task for each show, started by the supervisor; one shared Chromium.
May import: errors, clock, model, settings, telemetry; websockets, httpcore, certifi, playwright.
"""

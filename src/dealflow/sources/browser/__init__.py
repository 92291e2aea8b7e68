"""The shared Chromium.

Purpose: one headless browser for all shows that must be read in a page, kept alive and kept in.
Invariants: every byte goes through the egress gate's proxy; no debugging port; the sandbox is on
unless root runs it; a browser that is lost is killed with all its processes before another
starts; whoever reads in a page hears of its loss at once.
Runs in: a watchdog task for each Chromium that was started.
May import: errors, clock, settings, telemetry, sources.egress; playwright.
"""

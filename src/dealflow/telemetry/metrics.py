"""Counters and gauges, in one object that the composition root makes.

A process may hold several (tests do), so each has its own registry. Rooms take the object and
never make a metric of their own; every loss has its counter here.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

# From "at once" to "something is wrong": a message should be on a dashboard in about 15 ms.
_LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Every metric of DealFlow."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.read = self._counter("messages_read", "Chat messages read.", "platform")
        self.stored = self._counter("messages_stored", "Chat messages committed.", "platform")
        self.duplicates = self._counter(
            "messages_duplicate", "Chat messages seen before.", "platform"
        )
        self.dropped = self._counter(
            "messages_dropped", "Chat messages not kept, by reason.", "reason"
        )
        self.captures = self._counter("captures", "Buyers captured.", "platform")
        self.revisions = self._counter(
            "revisions", "Further verdicts on stored messages, by who gave them.", "source"
        )
        self.oddities = self._counter("unknown_frames", "Frames that no parser knows.", "kind")
        self.gaps = self._counter("gaps", "Stretches that were not read.", "reason")
        self.gap_seconds = self._counter("gap_seconds", "Seconds that were not read.", "reason")
        self.restarts = self._counter("reader_restarts", "Readers started again.", "way")
        self.matched = self._counter("selector_matches", "Which selector found it.", "selector")
        self.clients_lagged = self._counter("clients_lagged", "Dashboards told of a gap.", "kind")
        self.egress = self._counter("egress_decisions", "What the egress gate did.", "decision")
        self.commits = self._counter("commits", "Transactions of the store, by result.", "result")
        self.store_errors = self._counter("store_errors", "Failed commits.", "code")
        self.second_calls = self._counter(
            "second_calls", "Calls for second opinions, by result.", "result"
        )
        self.second_opinions = self._counter(
            "second_opinions", "Doubtful messages, by what became of the question.", "outcome"
        )
        self.second_tokens = self._counter(
            "second_tokens", "Tokens of second opinions, by direction.", "direction"
        )
        self.second_money = Counter(
            "dealflow_second_money",
            "Cost of second opinions, in the currency of the prices that are set.",
            registry=self.registry,
        )
        self.second_circuit = Gauge(
            "dealflow_second_circuit",
            "Second opinions: 0 asked for, 1 being tried again, 2 paused.",
            registry=self.registry,
        )
        self.second_waiting = Gauge(
            "dealflow_second_waiting", "Doubts in memory that wait.", registry=self.registry
        )
        self.second_seconds = self._histogram("second_seconds", "A call for a second opinion.")
        self.active_shows = Gauge(
            "dealflow_active_shows", "Shows being read.", registry=self.registry
        )
        self.clients = Gauge("dealflow_clients", "Dashboards connected.", registry=self.registry)
        self.commit_seconds = self._histogram("commit_seconds", "From batch to COMMIT.")
        self.judge_seconds = self._histogram("judge_seconds", "A batch in the classifier.")
        self.ingest_seconds = self._histogram(
            "ingest_seconds", "From a message's receipt to its publication."
        )

    def _counter(self, name: str, about: str, label: str) -> Counter:
        return Counter(f"dealflow_{name}", about, [label], registry=self.registry)

    def _histogram(self, name: str, about: str) -> Histogram:
        return Histogram(
            f"dealflow_{name}", about, buckets=_LATENCY_BUCKETS, registry=self.registry
        )

    def text(self) -> bytes:
        """Return everything in the Prometheus text format."""
        return generate_latest(self.registry)

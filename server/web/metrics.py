"""Numbers for Prometheus, on a registry of our own: one web process, so plain values do.

Labels hold names of ours only (an endpoint, an outcome, a state), never a path or an id: their
number must not grow with the number of customers.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from flask import current_app
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from server.store.views import Pulse

#: Where the app keeps its metrics.
EXTENSION = "keepsake-metrics"
BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self.webhooks = Counter(
            "keepsake_webhooks",
            "Webhooks by what became of them.",
            ["outcome"],
            registry=self.registry,
        )
        self.logins = Counter(
            "keepsake_logins",
            "Tries to log in by what became of them.",
            ["outcome"],
            registry=self.registry,
        )
        self.requests = Histogram(
            "keepsake_http_request_seconds",
            "Time to answer a request.",
            ["endpoint", "method", "status"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.inbox = self._gauge("keepsake_inbox", "Changes in the inbox by state.", "state")
        self.oldest = self._gauge(
            "keepsake_inbox_oldest_waiting_seconds", "Age of the change that waits longest."
        )
        self.interventions = self._gauge(
            "keepsake_interventions", "Interventions by state.", "state"
        )
        self.connections = self._gauge("keepsake_connections", "Connections by state.", "state")
        self.workers = self._gauge("keepsake_workers_alive", "Workers with a fresh heartbeat.")

    def _gauge(self, name: str, says: str, *labels: str) -> Gauge:
        return Gauge(name, says, labels, registry=self.registry)

    def note(self, pulse: Pulse, *, now: datetime, workers: int) -> None:
        """Take over what the database says."""
        for gauge in (self.inbox, self.interventions, self.connections):
            gauge.clear()
        for state, count in (
            ("waiting", pulse.inbox.waiting),
            ("pumped", pulse.inbox.pumped),
            ("failed", pulse.inbox.failed),
        ):
            self.inbox.labels(state=state).set(count)
        oldest = pulse.inbox.oldest_waiting_at
        self.oldest.set(0 if oldest is None else max(0.0, (now - oldest).total_seconds()))
        for state, count in pulse.interventions.items():
            self.interventions.labels(state=state).set(count)
        for state, count in pulse.connections.items():
            self.connections.labels(state=state).set(count)
        self.workers.set(workers)

    def text(self) -> bytes:
        return generate_latest(self.registry)


def metrics() -> Metrics:
    """Those of the app that answers this request."""
    return cast(Metrics, current_app.extensions[EXTENSION])

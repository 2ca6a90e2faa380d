"""Numbers for Prometheus. Every label comes from a closed set: routes, status codes, guards, decisions.

So nothing that a client sends can become a series: paths that do not exist count as `unmatched`, keys go by
the operator's names for them.
"""

from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST as CONTENT_TYPE

from mindrail.guard import Answer

__all__ = ["CONTENT_TYPE", "UNMATCHED", "Metrics"]

UNMATCHED = "unmatched"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_CHANCES = tuple(place / 10 for place in range(1, 11))


class Metrics:
    """One registry per app."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        at: dict[str, Any] = {"registry": self.registry}
        self._requests = Counter(
            "mindrail_requests", "Requests by route and status.", ["route", "status"], **at
        )
        self._seconds = Histogram(
            "mindrail_request_seconds", "From the headers to the answer.", ["route"], buckets=_SECONDS, **at
        )
        self._scoring = Histogram(
            "mindrail_scoring_seconds", "One text on one worker.", buckets=_SECONDS, **at
        )
        self._decisions = Counter(
            "mindrail_decisions", "Decisions, with their code.", ["guard", "decision", "code"], **at
        )
        self._chances = Histogram(
            "mindrail_probability", "Probability per label.", ["guard", "label"], buckets=_CHANCES, **at
        )
        self._windows = Counter("mindrail_windows", "Windows read.", ["guard"], **at)
        self._failures = Counter("mindrail_failures", "Texts that made a guard fail.", ["guard"], **at)
        self._gone = Counter("mindrail_clients_gone", "Clients that left before their answer.", **at)
        self.reserved = Gauge("mindrail_reserved_bytes", "Work that was let in, by lane.", ["lane"], **at)
        self.waiting = Gauge("mindrail_waiting_texts", "Texts that wait for a worker.", **at)
        self.ready = Gauge("mindrail_ready", "1 where the guards score as they should.", **at)

    def request(self, route: str, status: int, seconds: float) -> None:
        """One request was answered."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def gone(self) -> None:
        """A client has left."""
        self._gone.inc()

    def scored(self, seconds: float) -> None:
        """A worker was busy with one text."""
        self._scoring.observe(seconds)

    def failed(self, guard: str) -> None:
        """A text made the guard fail."""
        self._failures.labels(guard).inc()

    def decided(self, guard: str, answer: Answer) -> None:
        """One answer was given."""
        self._decisions.labels(guard, answer.decision, answer.code).inc()
        self._windows.labels(guard).inc(answer.windows)
        for label, chance in answer.probabilities.items():
            self._chances.labels(guard, label).observe(chance)

    def page(self) -> bytes:
        """What Prometheus reads."""
        return generate_latest(self.registry)

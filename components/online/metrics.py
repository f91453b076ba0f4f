"""What Prometheus is told: https://prometheus.io/docs/practices/naming/."""

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Metrics:
    """Counts of one server, in a registry of its own."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, in_flight: Callable[[], int], waiting: Callable[[], int]) -> None:
        """Starts at nothing.

        Args:
            in_flight: how many requests for predictions are being read, wait, or are predicted.
            waiting: how many of them wait for a worker.
        """
        disable_created_metrics()  # a second series for each, which nobody asks for
        self._registry = CollectorRegistry()
        self._requests = Counter("graduate_requests", "Requests by HTTP status.", ["code"], registry=self._registry)
        self._seconds = Histogram(
            "graduate_request_seconds",
            "Time of answered requests for predictions.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._instances = Counter(
            "graduate_instances", "Instances of answered requests.", ["outcome"], registry=self._registry
        )
        for outcome in ("predicted", "failed"):
            self._instances.labels(outcome)
        self._gauge("graduate_requests_in_flight", "Requests being read, waiting, or predicted.", in_flight)
        self._gauge("graduate_requests_waiting", "Requests waiting for a worker.", waiting)
        ProcessCollector(registry=self._registry)

    def request(self, code: int, seconds: float) -> None:
        """Counts a request for predictions."""
        self._requests.labels(code).inc()
        if code == 200:
            self._seconds.observe(seconds)

    def instances(self, predicted: int, failed: int) -> None:
        """Counts the instances of a request that was answered."""
        self._instances.labels("predicted").inc(predicted)
        self._instances.labels("failed").inc(failed)

    def text(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self._registry)

    def _gauge(self, name: str, meaning: str, value: Callable[[], int]) -> None:
        Gauge(name, meaning, registry=self._registry).set_function(value)

"""Counters of the page for Prometheus."""

from collections.abc import Callable

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

MEDIA_TYPE = CONTENT_TYPE_LATEST


class Counters:
    """What one page has done, and what it holds now."""

    def __init__(self) -> None:
        """Count from zero."""
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self.answers = Counter(
            "cic_answers", "Answers by status", ["status"], registry=self._registry
        )
        self.cut = Counter(
            "cic_connections_cut",
            "Connections closed by the server: idle, late, stalled or crowded",
            ["reason"],
            registry=self._registry,
        )
        self.seconds = Histogram(
            "cic_computation_seconds",
            "Time of a computation, by kind, without its wait",
            ["kind"],
            registry=self._registry,
        )

    def watch(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """Report a number as it is when it is asked for."""
        Gauge(f"cic_{name}", meaning, registry=self._registry).set_function(value)

    def text(self) -> bytes:
        """Return all of them in the format of Prometheus."""
        return generate_latest(self._registry)

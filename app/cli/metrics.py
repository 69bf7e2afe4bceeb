"""Numbers of this server's work for Prometheus, read where they are counted whenever they are asked for.

Nothing else imports prometheus_client, and this is imported only where LOOKAHEAD_METRICS_PORT is set. Labels are names
of pages and of functions: no metric says anything of a visitor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.metrics_core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from app.cli.listening import MetricsPlace
from app.jobs.errors import JobsError
from app.jobs.service import default_jobs
from app.runs import cache
from app.runs.durations import BOUNDS, Durations
from app.views.parts import admission, turns

GAUGES = {
    "sessions": "Visitors who have a place.",
    "turns_waiting": "Page scripts in the queue.",
    "trainings_waiting": "Trainings that wait for a worker.",
    "trainings_running": "Trainings under way.",
    "study_chunks_waiting": "Chunks of studies that wait.",
    "study_chunks_running": "Chunks of studies with the workers.",
    "store_bytes": "Bytes of finished runs and results of pages in the run store.",
}
PREFIX = "lookahead_"


class Numbers(Collector):
    """All metrics of the application."""

    def collect(self) -> Iterator[Metric]:
        """What holds now."""
        for name, value in _gauges().items():
            yield GaugeMetricFamily(PREFIX + name, GAUGES[name], value=value)
        yield _cache_entries()
        yield _histogram("page_seconds", "Seconds of a page's script once its turn had begun.", "page", turns.seconds)
        yield _histogram("turn_wait_seconds", "Seconds that scripts waited.", "kind", turns.turns.seconds)
        yield _histogram("run_seconds", "Seconds of a result that no cache had.", "run", cache.seconds)


def serve(place: MetricsPlace) -> None:
    """Answer at this place, in a thread of its own."""
    registry = CollectorRegistry()
    registry.register(Numbers())
    ProcessCollector(registry=registry)
    start_http_server(place.port, place.address, registry)


def _gauges() -> Mapping[str, float]:
    numbers: dict[str, float] = {"sessions": admission.visitors(), "turns_waiting": turns.turns.waiting}
    with suppress(JobsError):  # no store, no trainings
        jobs = default_jobs()
        numbers |= {
            "trainings_waiting": jobs.waiting,
            "trainings_running": jobs.running,
            "study_chunks_waiting": jobs.studies.waiting,
            "study_chunks_running": jobs.studies.running,
            "store_bytes": jobs.store.total_size(),
        }
    return numbers


def _cache_entries() -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"{PREFIX}cache_entries", "Results that a cache keeps.", labels=["cache"])
    for name, count in cache.entries().items():
        family.add_metric([name], count)
    return family


def _histogram(name: str, meaning: str, label: str, durations: Durations) -> HistogramMetricFamily:
    family = HistogramMetricFamily(PREFIX + name, meaning, labels=[label])
    bounds = (*map(str, BOUNDS), "+Inf")
    for kind, histogram in durations.by_kind().items():
        buckets = list(zip(bounds, accumulate(histogram.counts), strict=True))
        family.add_metric([kind], buckets, histogram.total)
    return family

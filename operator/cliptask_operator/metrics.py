"""What can Prometheus ask? Every number of the operator, by the conventions' names; docs/operations.md lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from cliptask.status import PHASES

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LONG_SECONDS = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)


class Metrics:
    """One operator's numbers."""

    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
        self._jobs_created = Counter("cliptask_jobs_created_total", "Jobs created.", ["step"], registry=own)
        self._jobs_failed = Counter(
            "cliptask_jobs_failed_total", "Jobs that failed for good, by reason.", ["reason"], registry=own
        )
        self._fetches = Histogram(
            "cliptask_fetch_seconds",
            "Time of each source's fetch, by outcome: downloaded, unchanged or failed.",
            ["outcome"],
            buckets=_LONG_SECONDS,
            registry=own,
        )
        self._fetched_bytes = Counter("cliptask_fetch_bytes_total", "Bytes downloaded.", registry=own)
        self._speech_characters = Counter(
            "cliptask_speech_characters_total", "Characters spoken, and paid for.", registry=own
        )
        self._speech_waits = Histogram(
            "cliptask_speech_wait_seconds",
            "Time that lines wait for one of the account's slots.",
            buckets=_LONG_SECONDS,
            registry=own,
        )
        self._looks = Histogram(
            "cliptask_reconcile_seconds",
            "Time of each decision, without its actions.",
            buckets=_SECONDS,
            registry=own,
        )
        self._requests = Counter(
            "cliptask_kubernetes_requests_total",
            "Requests to the Kubernetes API, by verb and status code (0: no answer); watches are not counted.",
            ["verb", "code"],
            registry=own,
        )
        self._request_seconds = Histogram(
            "cliptask_kubernetes_request_seconds",
            "Time of each of these requests.",
            ["verb"],
            buckets=_SECONDS,
            registry=own,
        )
        self._lag = Gauge(
            "cliptask_event_loop_lag_seconds",
            "How late the event loop ran what was due, at the last look.",
            registry=own,
        )

    def job_created(self, step: str) -> None:
        """A Job was created."""
        self._jobs_created.labels(step).inc()

    def job_failed(self, reason: str) -> None:
        """A Job failed for good."""
        self._jobs_failed.labels(reason).inc()

    def fetched(self, outcome: str, size_bytes: int, seconds: float) -> None:
        """A source was fetched, or not."""
        self._fetches.labels(outcome).observe(seconds)
        if outcome == "downloaded":
            self._fetched_bytes.inc(size_bytes)

    def spoken(self, characters: int) -> None:
        """A line was spoken, and paid for."""
        self._speech_characters.inc(characters)

    def speech_waited(self, seconds: float) -> None:
        """A line got its slot."""
        self._speech_waits.observe(seconds)

    def looked(self, seconds: float) -> None:
        """A decision was taken."""
        self._looks.observe(seconds)

    def requested(self, verb: str, code: int, seconds: float) -> None:
        """A request to the Kubernetes API has ended."""
        self._requests.labels(verb, str(code)).inc()
        self._request_seconds.labels(verb).observe(seconds)

    def lagged(self, seconds: float) -> None:
        """The event loop was looked at."""
        self._lag.set(seconds)

    def count(self, phases: Callable[[], Mapping[str, int]], active_jobs: Callable[[], int]) -> None:
        """Have tasks and Jobs counted whenever Prometheus asks."""
        self.registry.register(_Counted(phases, active_jobs))

    def serve(self, port: int, address: str) -> Callable[[], None]:
        """Answer ``/metrics`` in a thread; returns what ends it."""
        server, thread = start_http_server(port, address, self.registry)

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return stop


class _Counted(Collector):
    def __init__(self, phases: Callable[[], Mapping[str, int]], active_jobs: Callable[[], int]) -> None:
        self._phases = phases
        self._active_jobs = active_jobs

    def collect(self) -> Iterator[GaugeMetricFamily]:
        tasks = GaugeMetricFamily("cliptask_tasks", "ClipTasks, by phase.", labels=["phase"])
        counts = self._phases()
        for phase in PHASES:
            tasks.add_metric([phase], counts.get(phase, 0))
        yield tasks
        yield GaugeMetricFamily(
            "cliptask_jobs_active",
            "Jobs that run or wait, for a node or in a queue.",
            value=self._active_jobs(),
        )

"""What can Prometheus ask? Every number of the operator, by the conventions' names; docs/operations.md lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from cliptask.spec.status import PHASES
from cliptask_operator.controller.task_counts import TaskCounts

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LONG_SECONDS = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)

# Prometheus sees no increase from nothing to 1: what alerts ask for is there, as 0, from the start.
_STEPS = ("segment", "variant")
_ENDS = ("Complete", "Failed")
_BLOCKING = ("Internal", "Misconfigured", "StoreUnwritable", "Unavailable")
_JOB_FAILURES = (
    "CheckFailed", "DeadlineExceeded", "ObjectMissing", "OutOfMemory", "RendererFailed", "SourceUnusable",
    "Unavailable", "VariantImpossible",
)  # fmt: skip
_FETCHES = ("downloaded", "unchanged", "failed")
_LINES = ("spoken", "found", "SpeechUnusable", "Misconfigured", "Unavailable")


class Metrics:
    """One operator's numbers."""

    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
        ProcessCollector(registry=own)
        self._tasks_ended = Counter(
            "cliptask_tasks_ended_total",
            "Attempts at ClipTasks that ended, by phase.",
            ["phase"],
            registry=own,
        )
        self._jobs_created = Counter("cliptask_jobs_created_total", "Jobs created.", ["step"], registry=own)
        self._jobs_succeeded = Counter(
            "cliptask_jobs_succeeded_total", "Jobs that succeeded.", ["step"], registry=own
        )
        self._jobs_failed = Counter(
            "cliptask_jobs_failed_total", "Jobs that failed for good, by reason.", ["reason"], registry=own
        )
        self._videos_made = Counter(
            "cliptask_videos_made_total", "Videos of the Jobs that succeeded.", registry=own
        )
        self._fetches = Histogram(
            "cliptask_fetch_seconds",
            "Time of each source's fetch, by outcome: downloaded, unchanged or failed.",
            ["outcome"],
            buckets=_LONG_SECONDS,
            registry=own,
        )
        self._fetched_bytes = Counter("cliptask_fetch_bytes_total", "Bytes downloaded.", registry=own)
        self._speech_lines = Counter(
            "cliptask_speech_lines_total",
            "Lines of speech: spoken, found in the cache, or the reason why they cannot be had.",
            ["outcome"],
            registry=own,
        )
        self._speech_characters = Counter(
            "cliptask_speech_characters_total", "Characters spoken, and paid for.", registry=own
        )
        self._speech_waits = Histogram(
            "cliptask_speech_wait_seconds",
            "Time that lines wait for one of the account's slots.",
            buckets=_LONG_SECONDS,
            registry=own,
        )
        self._reconciliations = Histogram(
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
        for metric, values in (
            (self._tasks_ended, _ENDS), (self._jobs_created, _STEPS), (self._jobs_succeeded, _STEPS),
            (self._jobs_failed, _JOB_FAILURES), (self._fetches, _FETCHES), (self._speech_lines, _LINES),
        ):  # fmt: skip
            for value in values:
                metric.labels(value)

    def task_ended(self, phase: str) -> None:
        """An attempt at a task has ended."""
        self._tasks_ended.labels(phase).inc()

    def job_created(self, step: str) -> None:
        """A Job was created."""
        self._jobs_created.labels(step).inc()

    def job_succeeded(self, step: str, videos: int) -> None:
        """A Job has made all of its videos."""
        self._jobs_succeeded.labels(step).inc()
        self._videos_made.inc(videos)

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
        self._speech_lines.labels("spoken").inc()
        self._speech_characters.inc(characters)

    def line_had(self, outcome: str) -> None:
        """A line was found in the cache, or, for the reason that ``outcome`` is, not had."""
        self._speech_lines.labels(outcome).inc()

    def speech_waited(self, seconds: float) -> None:
        """A line got its slot."""
        self._speech_waits.observe(seconds)

    def reconciled(self, seconds: float) -> None:
        """A decision was taken."""
        self._reconciliations.observe(seconds)

    def requested(self, verb: str, code: int, seconds: float) -> None:
        """A request to the Kubernetes API has ended."""
        self._requests.labels(verb, str(code)).inc()
        self._request_seconds.labels(verb).observe(seconds)

    def count(
        self, counts: Callable[[], TaskCounts], active_jobs: Callable[[], int], late_s: Callable[[], float]
    ) -> None:
        """Have tasks and Jobs counted, and the event loop looked at, whenever Prometheus asks."""
        self.registry.register(_Counted(counts, active_jobs, late_s))

    def serve(self, port: int, address: str) -> Callable[[], None]:
        """Answer ``/metrics`` in a thread; returns what ends it."""
        server, thread = start_http_server(port, address, self.registry)

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return stop


class _Counted(Collector):
    def __init__(
        self, counts: Callable[[], TaskCounts], active_jobs: Callable[[], int], late_s: Callable[[], float]
    ) -> None:
        self._count_tasks = counts
        self._active_jobs = active_jobs
        self._late_s = late_s

    def collect(self) -> Iterator[GaugeMetricFamily]:
        counts = self._count_tasks()
        yield _by(
            "phase", "cliptask_tasks", "ClipTasks, by phase.", {**dict.fromkeys(PHASES, 0), **counts.phases}
        )
        yield _by(
            "reason",
            "cliptask_tasks_blocked",
            "Unfinished ClipTasks that something holds up, by reason.",
            {**dict.fromkeys(_BLOCKING, 0), **counts.blocked},
        )
        for name, meaning, value in (
            ("cliptask_videos_pending", "Videos that ClipTasks at work still lack.", counts.videos_pending),
            ("cliptask_jobs_active", "Jobs that run or wait, for a node or in a queue.", self._active_jobs()),
            (
                "cliptask_event_loop_lag_seconds",
                "How late the event loop ran what was due last, or is by now.",
                self._late_s(),
            ),
        ):
            yield GaugeMetricFamily(name, meaning, value=value)


def _by(label: str, name: str, meaning: str, counts: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, meaning, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family

"""What can Prometheus ask? Every number of the operator, by the conventions' names; docs/operations.md lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from cliptask.spec.status import PHASES
from cliptask_operator.controller.task_counts import TaskCounts
from cliptask_operator.kubernetes import obstacles

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LONG_SECONDS = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)

# Prometheus sees no increase from nothing to 1: what alerts ask for is there, as 0, from the start.
_STEPS = ("segment", "variant")
_ENDS = ("Complete", "Failed")
_BLOCKING = (
    "BudgetReserved",
    "BudgetSpent",
    "DiskFull",
    "Internal",
    "Misconfigured",
    "StoreUnwritable",
    "Unavailable",
    *obstacles.REASONS,
)
_JOB_FAILURES = (
    "CheckFailed", "DeadlineExceeded", "ObjectMissing", "OutOfMemory", "RendererFailed", "ScratchFull", "SourceUnusable",
    "Unavailable", "VariantImpossible",
)  # fmt: skip
_FETCHES = ("downloaded", "unchanged", "failed")
_NOTIFICATIONS = ("delivered", "retried", "failed")
_LINES = ("spoken", "found", "SpeechUnusable", "Misconfigured", "Unavailable")
_TRANSCRIPTS = ("transcribed", "found", "SourceUnusable", "Misconfigured", "Unavailable")


class Metrics:
    """One operator's numbers."""

    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
        ProcessCollector(registry=own)
        counter = partial(Counter, registry=own)
        seconds = partial(Histogram, registry=own, buckets=_SECONDS)
        long_seconds = partial(Histogram, registry=own, buckets=_LONG_SECONDS)
        self.tasks_ended = counter(
            "cliptask_tasks_ended_total", "Attempts at ClipTasks that ended, by phase.", ["phase"]
        )
        self.jobs_created = counter("cliptask_jobs_created_total", "Jobs created.", ["step"])
        self.jobs_succeeded = counter("cliptask_jobs_succeeded_total", "Jobs that succeeded.", ["step"])
        self.jobs_failed = counter(
            "cliptask_jobs_failed_total", "Jobs that failed for good, by reason.", ["reason"]
        )
        self.videos_made = counter("cliptask_videos_made_total", "Videos of the Jobs that succeeded.")
        self.fetches = long_seconds(
            "cliptask_fetch_seconds",
            "Time of each source's fetch, by outcome: downloaded, unchanged or failed.",
            ["outcome"],
        )
        self.fetched_bytes = counter("cliptask_fetch_bytes_total", "Bytes downloaded.")
        self.speech_lines = counter(
            "cliptask_speech_lines_total",
            "Lines of speech: spoken, found in the cache, or the reason why they cannot be had.",
            ["outcome"],
        )
        self.speech_characters = counter(
            "cliptask_speech_characters_total", "Characters spoken, and paid for."
        )
        self.transcripts = counter(
            "cliptask_transcripts_total",
            "Clips' files that are to be transcribed: transcribed, found in the cache, or the reason why they cannot be.",
            ["outcome"],
        )
        self.transcribed_seconds = counter(
            "cliptask_transcribed_seconds_total", "Seconds of sound transcribed, and paid for."
        )
        self.spent = counter(
            "cliptask_spent_total",
            "What was made or paid for the tasks of a namespace, in the units of budgets; what was there counts nothing.",
            ["task_namespace", "kind"],
        )
        self.speech_waits = long_seconds(
            "cliptask_speech_wait_seconds",
            "Time that lines and clips' files wait for one of the account's slots.",
        )
        self.notifications = counter(
            "cliptask_notifications_total",
            "Attempts at telling receivers of a phase: delivered, retried, or failed for good.",
            ["outcome"],
        )
        self.reconciliations = seconds(
            "cliptask_reconcile_seconds", "Time of each decision, without its actions."
        )
        self._requests = counter(
            "cliptask_kubernetes_requests_total",
            "Requests to the Kubernetes API, by verb and status code (0: no answer); watches are not counted.",
            ["verb", "code"],
        )
        self._request_seconds = seconds(
            "cliptask_kubernetes_request_seconds", "Time of each of these requests.", ["verb"]
        )
        for metric, values in (
            (self.tasks_ended, _ENDS), (self.jobs_created, _STEPS), (self.jobs_succeeded, _STEPS),
            (self.jobs_failed, _JOB_FAILURES), (self.fetches, _FETCHES), (self.speech_lines, _LINES),
            (self.notifications, _NOTIFICATIONS),
            (self.transcripts, _TRANSCRIPTS),
        ):  # fmt: skip
            for value in values:
                metric.labels(value)

    def requested(self, verb: str, code: int, seconds: float) -> None:
        """A request to the Kubernetes API has ended."""
        self._requests.labels(verb, code).inc()
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


@dataclass(frozen=True)
class _Counted(Collector):
    counts: Callable[[], TaskCounts]
    active_jobs: Callable[[], int]
    late_s: Callable[[], float]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        counts = self.counts()
        blocked = "Unfinished ClipTasks that something holds up, by reason."
        yield _by("phase", "cliptask_tasks", "ClipTasks, by phase.", PHASES, counts.phases)
        yield _by("reason", "cliptask_tasks_blocked", blocked, _BLOCKING, counts.blocked)
        pending, active = (
            "Videos that ClipTasks at work still lack.",
            "Jobs that run or wait, for a node or in a queue.",
        )
        yield GaugeMetricFamily("cliptask_videos_pending", pending, counts.videos_pending)
        yield GaugeMetricFamily("cliptask_jobs_active", active, self.active_jobs())
        late = "How late the event loop ran what was due last, or is by now."
        yield GaugeMetricFamily("cliptask_event_loop_lag_seconds", late, self.late_s())


def _by(
    label: str, name: str, meaning: str, always: Iterable[str], counts: Mapping[str, int]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, meaning, labels=[label])
    for value, count in {**dict.fromkeys(always, 0), **counts}.items():
        family.add_metric([value], count)
    return family

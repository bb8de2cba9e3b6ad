"""How does the operator bear thousands of Jobs? On fake nodes, beside a bare creator of the same Jobs.

``python tests/benchmarks/scale.py --variants 2000 --tasks 100``; nothing is rendered: a companion writes what each Job
promises, for both alike. Takes about ten minutes and a gigabyte of memory.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))  # where ``cluster`` is, which nobody installs

from cluster.api import Api  # noqa: E402  after the path
from cluster.bed import Bed  # noqa: E402  as above
from cluster.control_plane import ControlPlane  # noqa: E402  as above
from cluster.kwok import Kwok  # noqa: E402  as above
from cluster.witness import Witness, fetched  # noqa: E402  as above

Document = dict[str, Any]
_CREATORS = 20
"""Requests at once, as many as the operator's."""


@dataclass
class Watched:
    """What an operator took while something ran."""

    wall_s: float = 0.0
    rss_bytes: int = 0
    lag_s: float = 0.0
    cpu_s: float = 0.0
    requests: float = 0.0

    def told(self) -> str:
        """For people."""
        return f"{self.rss_bytes / 2**20:.0f} MB, {self.cpu_s:.1f} s of CPU, lag {self.lag_s * 1000:.0f} ms"


@contextmanager
def watched(bed: Bed) -> Iterator[Watched]:
    """Sample the operator twice a second."""
    seen, ended = Watched(), threading.Event()
    before = _requests(bed)

    def sample() -> None:
        process = psutil.Process(bed.operator.pid if bed.operator else 0)
        started = sum(process.cpu_times()[:2])
        while not ended.wait(0.5):
            with suppress(psutil.NoSuchProcess, OSError):
                seen.cpu_s = sum(process.cpu_times()[:2]) - started
                seen.rss_bytes = max(seen.rss_bytes, process.memory_info().rss)
                seen.lag_s = max(seen.lag_s, _metric(bed, "cliptask_event_loop_lag_seconds"))

    thread = threading.Thread(target=sample)
    thread.start()
    began = time.perf_counter()
    try:
        yield seen
    finally:
        seen.wall_s = time.perf_counter() - began
        ended.set()
        thread.join()
        seen.requests = _requests(bed) - before


def _metric(bed: Bed, name: str) -> float:
    return sum(
        float(line.rpartition(" ")[2])
        for line in bed.metrics().splitlines()
        if line.startswith((f"{name} ", f"{name}{{"))
    )


def _requests(bed: Bed) -> float:
    return _metric(bed, "cliptask_kubernetes_requests_total")


def until(so: Callable[[], object], every_s: float = 0.05) -> None:
    """Wait; a benchmark that hangs is stopped by hand."""
    while not so():
        time.sleep(every_s)


def blocks_of(variants: int) -> list[list[int]]:
    """Blocks of 10, 10 and as many clips as it takes."""
    return [[*range(10)], [*range(10, 20)], [*range(20, 20 + variants // 100)]]


def one_task(bed: Bed, variants: int, parallelism: int) -> tuple[Watched, list[Document]]:
    """One large campaign, and the Jobs that it took."""
    blocks = blocks_of(variants)
    task = bed.task("large", blocks, execution={"parallelism": parallelism, "ttlSecondsAfterFinished": 3600})
    bed.apply(
        bed.task("warm", blocks, execution={"suspend": True})
    )  # so that fetching is not what is measured
    until(lambda: bed.status("warm").get("phase") == "Suspended", 0.5)
    bed.kubectl("delete", "clip", "warm")
    with watched(bed) as seen:
        bed.apply(task)
        until(lambda: bed.condition("large", "Complete").get("status") == "True", 0.5)
    return seen, bed.jobs("large")


def bare(bed: Bed, jobs: list[Document]) -> float:
    """Create the same Jobs with nothing around them, as quickly as the API takes them, and wait until all are complete."""
    manifests = [_bare(job) for job in jobs]

    async def create() -> None:
        slots = asyncio.Semaphore(_CREATORS)
        async with Api(bed.plane.kubeconfig) as api:

            async def one(manifest: Document) -> None:
                async with slots:
                    await api.create(f"/apis/batch/v1/namespaces/{bed.namespace}/jobs", manifest)

            await asyncio.gather(*map(one, manifests))

    began = time.perf_counter()
    asyncio.run(create())
    query = "{.items[*].status.succeeded}"
    until(
        lambda: (
            len(bed.kubectl("get", "jobs", "-l", "bare=yes", "-o", f"jsonpath={query}").split()) == len(jobs)
        ),
        1.0,
    )
    return time.perf_counter() - began


def _bare(job: Document) -> Document:
    metadata = job["metadata"]
    spec = copy.deepcopy(
        {name: value for name, value in job["spec"].items() if name not in {"selector", "suspend"}}
    )
    labels = spec["template"]["metadata"]["labels"]
    spec["template"]["metadata"]["labels"] = {
        k: v for k, v in labels.items() if k.startswith("cliptask.dev/")
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"bare-{metadata['name']}",
            "labels": {"bare": "yes"},
            "annotations": metadata["annotations"],
        },
        "spec": spec,
    }


def restart(bed: Bed, variants: int, parallelism: int) -> tuple[float, int]:
    """Seconds from the start of an operator, beside the Jobs of a killed one, to its first new Job; how many Jobs."""
    task = bed.task(
        "again", blocks_of(variants), output={"uri": f"gs://{bed.bucket}/again"}, execution={"parallelism": parallelism}
    )  # fmt: skip
    bed.apply(task)
    until(lambda: bed.status("again").get("succeeded", 0) > variants // 4, 0.5)
    bed.stop(kill=True)
    until(lambda: not any(job["status"].get("active") for job in bed.jobs("again")), 1.0)
    known = len(bed.jobs())
    began = time.perf_counter()
    bed.start()
    until(lambda: _metric(bed, "cliptask_jobs_created_total") > 0)
    took = time.perf_counter() - began
    bed.kubectl("delete", "clip", "again", "--wait=false")
    return took, known


@dataclass
class Delays:
    """Of many tasks at once, in seconds, sorted."""

    first_job: list[float]
    """From the last source to the first Job."""
    report: list[float]
    """From the end of the last Job to the status that says so."""


def many_tasks(bed: Bed, tasks: int) -> tuple[Watched, Delays]:
    """Tasks of 20 variants, applied at once."""
    blocks = [[0, 1, 2, 3, 4], [5, 6, 7, 8]]
    wanted = [bed.task(f"small{n}", blocks, execution={"parallelism": 20}) for n in range(tasks)]
    names = [task["metadata"]["name"] for task in wanted]
    with Witness(bed.plane.kubeconfig, bed.namespace) as witness, watched(bed) as seen:
        bed.apply(*wanted)
        until(lambda: len(witness.ended) == tasks, 0.2)
    ready = fetched(bed.folder / "operator.log")
    return seen, Delays(
        sorted(witness.first_job[name] - ready[name] for name in names),
        sorted(witness.ended[name] - witness.last_end[name] for name in names),
    )


def _spread(seconds: list[float]) -> str:
    return f"{seconds[len(seconds) // 2]:.1f} s (median), {seconds[int(len(seconds) * 0.99)]:.1f} s (99 %)"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--variants", type=int, default=2000, help="of the one large task (default: 2000)")
    parser.add_argument("--parallelism", type=int, default=400, help="of that task (default: 400)")
    parser.add_argument("--tasks", type=int, default=100, help="small tasks at once (default: 100)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with ControlPlane(folder / "plane") as plane, Kwok(plane, nodes=8):
            plane.kubectl("create", "namespace", "bench")
            plane.kubectl("wait", "--for=create", "serviceaccount/default", "-n", "bench", "--timeout=60s")
            (folder / "bed").mkdir()
            with Bed(plane, "bench", folder / "bed") as bed:
                bed.start()
                large, jobs = one_task(bed, given.variants, given.parallelism)
                bed.stop()
                alone_s = bare(bed, jobs)
                count = len(jobs)
                say(f"bare creator: {count} Jobs in {alone_s:.1f} s, {count / alone_s:.0f} a second")
                say(
                    f"one task of {given.variants}: {large.wall_s:.1f} s, {count / large.wall_s:.0f} Jobs a second, "
                    f"{large.wall_s / alone_s:.2f} of the bare creator's time, "
                    f"{large.requests / given.variants:.2f} requests a variant, {large.told()}"
                )
                bed.kubectl("delete", "jobs", "-l", "bare=yes", "--wait=false")
                until(lambda: not bed.kubectl("get", "jobs", "-l", "bare=yes", "-o", "name"), 1.0)
                bed.start()
                took_s, beside = restart(bed, given.variants, given.parallelism)
                say(f"restart beside {beside} Jobs to the first new one: {took_s:.1f} s")
                bed.kubectl("delete", "clip", "--all", "--wait=false")
                until(lambda: not bed.jobs(), 1.0)
                small, delays = many_tasks(bed, given.tasks)
                say(
                    f"{given.tasks} tasks of 20: {small.wall_s:.1f} s, "
                    f"{small.requests / (given.tasks * 20):.2f} requests a variant, {small.told()}; "
                    f"from the last source to the first Job {_spread(delays.first_job)}, "
                    f"from the last Job to the status {_spread(delays.report)}"
                )


def say(line: str) -> None:
    """Print what is known so far."""
    print(line, flush=True)


if __name__ == "__main__":
    main()

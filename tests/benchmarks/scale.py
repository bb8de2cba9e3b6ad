"""How does the operator bear thousands of Jobs? On fake nodes, beside a bare creator of the same Jobs.

``python tests/benchmarks/scale.py --variants 2000 --tasks 100``; nothing is rendered: a companion writes what each Job
promises, for both alike. Takes about ten minutes and a gigabyte of memory.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import json
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

Document = dict[str, Any]
_CREATORS = 20
"""Requests at once, as many as the operator's."""


@dataclass
class Watched:
    """What an operator took while something ran."""

    wall_s: float = 0.0
    rss_bytes: int = 0
    lag_s: float = 0.0
    requests: float = 0.0


@contextmanager
def watched(bed: Bed) -> Iterator[Watched]:
    """Sample the operator twice a second."""
    seen, ended = Watched(), threading.Event()
    before = _requests(bed)

    def sample() -> None:
        process = psutil.Process(bed.operator.pid if bed.operator else 0)
        while not ended.wait(0.5):
            with suppress(psutil.NoSuchProcess, OSError):
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


def one_task(bed: Bed, variants: int, parallelism: int) -> tuple[Watched, list[Document]]:
    """One large campaign, and the Jobs that it took."""
    blocks = [[*range(10)], [*range(10, 20)], [*range(20, 20 + variants // 100)]]
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


def restart(bed: Bed, variants: int, parallelism: int) -> float:
    """Seconds from the start of an operator, beside Jobs of a killed one, to its first new Job."""
    blocks = [[*range(10)], [*range(10, 20)], [*range(20, 20 + variants // 100)]]
    bed.apply(
        bed.task(
            "again",
            blocks,
            output={"uri": f"gs://{bed.bucket}/again"},
            execution={"parallelism": parallelism},
        )
    )
    until(lambda: bed.status("again").get("succeeded", 0) > variants // 2, 0.5)
    bed.stop(kill=True)
    until(lambda: not any(job["status"].get("active") for job in bed.jobs("again")), 1.0)
    known = {job["metadata"]["name"] for job in bed.jobs("again")}
    began = time.perf_counter()
    bed.start()
    until(lambda: _requests(bed) and _metric(bed, "cliptask_jobs_created_total") > 0)
    took = time.perf_counter() - began
    print(f"  beside {len(known)} Jobs", file=sys.stderr)
    bed.kubectl("delete", "clip", "again", "--wait=false")
    return took


def many_tasks(bed: Bed, tasks: int) -> tuple[Watched, list[float]]:
    """Tasks of 20 variants, applied at once; for each the seconds from then to its first Job, its sources being there."""
    blocks = [[0, 1, 2, 3, 4], [5, 6, 7, 8]]
    wanted = [bed.task(f"small{n}", blocks, execution={"parallelism": 20}) for n in range(tasks)]
    with watched(bed) as seen:
        bed.apply(*wanted)
        names = {task["metadata"]["name"] for task in wanted}
        until(lambda: all(_phases(bed).get(name) == "Complete" for name in names), 0.5)
    applied = {name: bed.get(name)["metadata"]["creationTimestamp"] for name in names}
    first: dict[str, str] = {}
    for job in bed.jobs():
        name, made = job["metadata"]["labels"]["cliptask.dev/task"], job["metadata"]["creationTimestamp"]
        if name in names:
            first[name] = min(made, first.get(name, made))
    return seen, sorted(_seconds(first[name]) - _seconds(applied[name]) for name in first)


def _phases(bed: Bed) -> dict[str, str]:
    items = json.loads(bed.kubectl("get", "clip", "-o", "json"))["items"]
    return {item["metadata"]["name"]: item.get("status", {}).get("phase", "") for item in items}


def _seconds(stamp: str) -> float:
    return time.mktime(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ"))


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
            with Bed(plane, "bench", folder / "bed", {"CLIPTASK_JOBS_PER_SECOND": "1000"}) as bed:
                bed.start()
                large, jobs = one_task(bed, given.variants, given.parallelism)
                bed.kubectl("delete", "clip", "large")
                until(lambda: not bed.jobs("large"), 1.0)
                bed.stop()
                alone_s = bare(bed, jobs)
                bed.kubectl("delete", "jobs", "-l", "bare=yes", "--wait=false")
                bed.start()
                restarted_s = restart(bed, given.variants, given.parallelism)
                until(lambda: not bed.jobs(), 1.0)
                small, firsts = many_tasks(bed, given.tasks)
    count = len(jobs)
    print(f"bare creator: {count} Jobs in {alone_s:.1f} s, {count / alone_s:.0f} a second")
    print(
        f"one task of {given.variants}: {large.wall_s:.1f} s, {large.wall_s / alone_s:.2f} of the bare creator's, "
        f"{large.requests / given.variants:.2f} requests a variant, {large.rss_bytes / 2**20:.0f} MB, lag {large.lag_s * 1000:.0f} ms"
    )
    print(f"restart to first new Job: {restarted_s:.1f} s")
    print(
        f"{given.tasks} tasks of 20: {small.wall_s:.1f} s, {small.requests / (given.tasks * 20):.2f} requests a variant, "
        f"{small.rss_bytes / 2**20:.0f} MB, first Job after {firsts[len(firsts) // 2]:.0f} s (median), "
        f"{firsts[int(len(firsts) * 0.99)]:.0f} s (99 %)"
    )


if __name__ == "__main__":
    main()

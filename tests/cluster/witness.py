"""When did it happen? A witness watches the Jobs and tasks of a namespace, and notes when the API told of what."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Self

from cluster.api import Api, Document

TASK = "cliptask.dev/task"


class Witness:
    """Times of each task by its name, in seconds of ``time.time``. It needs an API server that stays."""

    def __init__(self, kubeconfig: Path, namespace: str) -> None:
        self._kubeconfig = kubeconfig
        self._paths: dict[str, Callable[[str, Document, float], None]] = {
            f"/apis/batch/v1/namespaces/{namespace}/jobs": self._saw_job,
            f"/apis/cliptask.dev/v1alpha1/namespaces/{namespace}/cliptasks": self._saw_task,
        }
        self.applied: dict[str, float] = {}
        self.first_job: dict[str, float] = {}
        self.last_end: dict[str, float] = {}
        """When the last of its Jobs was seen to have succeeded or failed."""
        self.ended: dict[str, float] = {}
        """When its status said Complete or Failed."""
        self._ended_jobs: set[str] = set()
        self._loop: asyncio.AbstractEventLoop
        self._watching: asyncio.Task[None] | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._watch()), name="witness", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._watching is not None
        self._loop.call_soon_threadsafe(self._watching.cancel)
        self._thread.join()

    async def _watch(self) -> None:
        self._loop, self._watching = asyncio.get_running_loop(), asyncio.current_task()
        with suppress(asyncio.CancelledError):
            async with Api(self._kubeconfig) as api:
                versions = [(await api.list(path))[1] for path in self._paths]
                self._ready.set()
                follow = zip(self._paths.items(), versions, strict=True)
                await asyncio.gather(*(self._follow(api, path, saw, since) for (path, saw), since in follow))

    async def _follow(
        self, api: Api, path: str, saw: Callable[[str, Document, float], None], since: str
    ) -> None:
        async for kind, found in api.watch(path, since):
            saw(kind, found, time.time())

    def _saw_job(self, kind: str, job: Document, now: float) -> None:
        metadata = job["metadata"]
        task = metadata.get("labels", {}).get(TASK)
        if task is None:
            return
        if kind == "ADDED":
            self.first_job.setdefault(task, now)
        ended = any(
            each["type"] in {"Complete", "Failed"} and each["status"] == "True"
            for each in job.get("status", {}).get("conditions", [])
        )
        if ended and metadata["uid"] not in self._ended_jobs:
            self._ended_jobs.add(metadata["uid"])
            self.last_end[task] = now

    def _saw_task(self, kind: str, task: Document, now: float) -> None:
        name = task["metadata"]["name"]
        if kind == "ADDED":
            self.applied[name] = now
        conditions = {each["type"]: each["status"] for each in task.get("status", {}).get("conditions", [])}
        if "True" in {conditions.get("Complete"), conditions.get("Failed")}:
            self.ended.setdefault(name, now)


def fetched(log: Path) -> dict[str, float]:
    """When the last source of each task was there, by the operator's log; seconds of ``time.time``."""
    entries = map(json.loads, log.read_text().splitlines())
    return {
        each["task"]: datetime.fromisoformat(each["timestamp"]).timestamp()
        for each in entries
        if each["event"] == "source"
    }

"""Who ends the pods of fake nodes? A companion of the tests, which makes what they promise and reports it as a kubelet would.

::

    def make(pod: Document) -> Outcome:
        order = json.loads(environment(pod)["CLIPTASK_ORDER"])
        store.write(...)
        return outcomes.succeed('{"bytes": 1}')

    with Companion(plane.kubeconfig, make):
        ...  # every pod labelled cliptask.dev/task that runs is made, once, and its status written
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Self

import aiohttp

from cluster.api import Api, Document, Refused
from cluster.outcomes import MESSAGE_BYTES, Outcome, fail

LABEL = "cliptask.dev/task"
_AGAIN_S = 0.1
"""Between two attempts at an API server that does not answer."""
_LOST = (aiohttp.ClientError, OSError, TimeoutError)


class Companion:
    """Follows pods in a thread of its own, through outages of the API server. An error of ``make`` fails the pod, and is raised by the exit."""

    def __init__(
        self, kubeconfig: Path, make: Callable[[Document], Outcome], *, label: str = LABEL, namespace: str = "", threads: int = 8
    ) -> None:  # fmt: skip
        """``make`` is called in up to ``threads`` threads, once for each pod; pods without the label are left alone."""
        self._kubeconfig = kubeconfig
        self._make = make
        self._path = f"/api/v1/namespaces/{namespace}/pods" if namespace else "/api/v1/pods"
        # One event for each pod, when it runs, and none of the pods that have ended.
        self._query = {"labelSelector": label, "fieldSelector": "status.phase=Running"}
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="companion")
        self._seen: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._errors: list[BaseException] = []
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._following: asyncio.Task[None]
        self._thread = threading.Thread(target=self._run, name="companion", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._following.cancel)
        self._thread.join()
        self._pool.shutdown()
        if self._errors:
            raise self._errors[0]

    def _run(self) -> None:
        self._loop = asyncio.new_event_loop()
        try:
            self._following = self._loop.create_task(self._follow())
            self._ready.set()
            with suppress(asyncio.CancelledError):
                self._loop.run_until_complete(self._following)
        except BaseException as error:  # noqa: BLE001  raised by the exit, in the thread of the tests
            self._errors.append(error)
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def _follow(self) -> None:
        """List, watch, and again: for ever."""
        async with Api(self._kubeconfig) as api:
            try:
                while True:
                    with suppress(Refused, *_LOST):
                        pods, version = await api.list(self._path, **self._query)
                        for pod in pods:
                            self._begin(api, pod)
                        async for kind, pod in api.watch(self._path, version, **self._query):
                            if kind in {"ADDED", "MODIFIED"}:
                                self._begin(api, pod)
                    await asyncio.sleep(_AGAIN_S)
            finally:
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, api: Api, pod: Document) -> None:
        uid = pod["metadata"]["uid"]
        if uid in self._seen or "deletionTimestamp" in pod["metadata"]:
            return
        self._seen.add(uid)
        task = self._loop.create_task(self._end(api, pod))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._errors.append(error)

    async def _end(self, api: Api, pod: Document) -> None:
        """Make what the pod promises, and say how it ended; a pod that is gone by then needs nothing."""
        try:
            outcome = await self._loop.run_in_executor(self._pool, self._make, pod)
        except Exception as error:  # noqa: BLE001  a test's own mistake, raised by the exit
            self._errors.append(error)
            outcome = fail(os.EX_SOFTWARE, repr(error))
        if outcome.exit_code is None:
            return
        await asyncio.sleep(outcome.delay_s)
        change = {
            "metadata": {"uid": pod["metadata"]["uid"]},
            "status": ended(pod, outcome, datetime.now(UTC)),
        }
        path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}/status"
        while True:
            try:
                await api.merge(path, change)
            except Refused as refused:
                if refused.status in {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}:
                    return
                if refused.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise
            except _LOST:
                pass
            else:
                return
            await asyncio.sleep(_AGAIN_S)


def ended(pod: Document, outcome: Outcome, now: datetime) -> Document:
    """The status of a running pod after ``outcome``, as the kubelet writes it. The message is cut at 4096 bytes."""
    moment = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    terminated = {
        "exitCode": outcome.exit_code,
        "reason": outcome.reason,
        "message": outcome.message.encode()[:MESSAGE_BYTES].decode(errors="ignore"),
        "finishedAt": moment,
    }
    phase = "Failed" if outcome.exit_code or outcome.evicted else "Succeeded"
    status: Document = {
        "phase": phase if outcome.counted else "Running",
        "containerStatuses": [
            {
                **container,
                "ready": False,
                "started": False,
                "state": {"terminated": terminated | {"startedAt": _started(container, moment)}},
            }
            for container in pod["status"].get("containerStatuses", [])
        ],
        "conditions": [
            condition | ({"status": "False"} if condition["type"] in {"Ready", "ContainersReady"} else {})
            for condition in pod["status"].get("conditions", [])
        ],
    }
    if outcome.evicted:
        words = "The node was low on resource: memory."
        status |= {"reason": "Evicted", "message": words}
        status["conditions"].append(
            {
                "type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet", "message": words,
                "lastTransitionTime": moment,
            }
        )  # fmt: skip
    return status


def environment(pod: Document) -> dict[str, str]:
    """The plain variables of a pod's only container."""
    (container,) = pod["spec"]["containers"]
    return {entry["name"]: entry["value"] for entry in container.get("env", []) if "value" in entry}


def _started(container: Document, otherwise: str) -> str:
    started: str = container.get("state", {}).get("running", {}).get("startedAt", otherwise)
    return started

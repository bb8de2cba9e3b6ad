"""How is the Kubernetes API spoken with? The one door: a few verbs on Jobs, pods, tasks and statuses."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import aiohttp
import stamina
from kubernetes.aio import client, config

from cliptask.errors import ClipTaskError, InvalidTask, MissingInput, SetupError, TransientError
from cliptask.spec.task import GROUP, PLURAL, VERSION
from cliptask_operator.kubernetes.cluster import AlreadyExists, QuotaFull
from cliptask_operator.kubernetes.manifests import TASK_LABEL, Manifest
from cliptask_operator.kubernetes.task_state import TaskRef

_PAGE = 500
_TIMEOUT_S = 15.0
"""Of one request: a connection that was forgotten somewhere is given up then."""
_PARALLEL = 12
"""Requests at once: more only queue in the API server's own fairness."""
_ATTEMPTS = 4
_JOBS = "/apis/batch/v1/namespaces/{}/jobs"
_PODS = "/api/v1/namespaces/{}/pods"
_EVENTS = "/api/v1/namespaces/{}/events"
_CONFIG_MAPS = "/api/v1/namespaces/{}/configmaps"
_SECRETS = "/api/v1/namespaces/{}/secrets"
_TASKS = f"/apis/{GROUP}/{VERSION}/namespaces/{{}}/{PLURAL}"
_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")

OnRequest = Callable[[str, int, float], None]
"""Told of each request: its verb, the status code (0: no answer) and its seconds."""


class KubernetesClient:
    """An open connection to the API. An asynchronous context; close it in the loop that opened it.

    ``context`` names one of the kubeconfig's; without, a pod's own account comes first, then the current context.
    """

    def __init__(
        self, on_request: OnRequest = lambda _verb, _code, _seconds: None, context: str | None = None
    ) -> None:
        self._on_request = on_request
        self._context = context
        self._slots = asyncio.Semaphore(_PARALLEL)

    async def __aenter__(self) -> Self:
        configuration = client.Configuration()
        configuration.connection_pool_maxsize = _PARALLEL
        try:
            self.namespace = await self._load(configuration)
        except config.ConfigException as error:
            message = (
                f"there is no cluster to work for: run in a pod, or name a kubeconfig in KUBECONFIG ({error})"
            )
            raise SetupError(message) from error
        self._api = client.ApiClient(configuration)
        return self

    async def _load(self, configuration: client.Configuration) -> str:
        """Fill in address and account; returns the namespace that goes with them."""
        if self._context is None:
            with suppress(config.ConfigException):
                config.load_incluster_config(client_configuration=configuration)
                return _POD_NAMESPACE.read_text().strip()  # noqa: ASYNC240  a line in memory
        await config.load_kube_config(client_configuration=configuration, context=self._context)
        contexts, current = config.list_kube_config_contexts()
        named = (each for each in contexts if each["name"] == self._context)
        return next(named, current)["context"].get("namespace") or "default"

    async def __aexit__(self, *_: object) -> None:
        await self._api.close()

    async def serves_tasks(self) -> bool:
        """Whether the API knows ClipTasks, in its list of groups too, which comes later than the resource itself."""
        groups = (await self._request("GET", "/apis")).get("groups") or ()
        if GROUP not in (each["name"] for each in groups):
            return False
        found = await self._request("GET", f"/apis/{GROUP}/{VERSION}", missing=True)
        return PLURAL in (each["name"] for each in found.get("resources") or ())

    async def create_job(self, manifest: Manifest) -> None:
        """Create a Job. Raises ``AlreadyExists`` where the name is taken, ``InvalidTask`` for what the API refuses.

        Raises ``QuotaFull`` where a ResourceQuota does.
        """
        await self._request("POST", _JOBS.format(manifest["metadata"]["namespace"]), body=manifest)

    async def delete_job(self, namespace: str, name: str) -> None:
        """Delete a Job and its pods; nothing happens where there is none."""
        options = {"propagationPolicy": "Background"}
        await self._request("DELETE", f"{_JOBS.format(namespace)}/{name}", body=options, missing=True)

    async def jobs(self, task: TaskRef) -> list[Manifest]:
        """The task's Jobs, those of an earlier task of the same name included."""
        return await self._list(_JOBS.format(task.namespace), {"labelSelector": f"{TASK_LABEL}={task.name}"})

    async def failed_pods(self, task: TaskRef) -> list[Manifest]:
        """The task's pods that failed and are still there."""
        return await self.pods(task.namespace, task.name, fieldSelector="status.phase=Failed")

    async def pods(self, namespace: str, task: str, **query: str) -> list[Manifest]:
        """The pods of a task that are still there."""
        return await self._list(_PODS.format(namespace), {"labelSelector": f"{TASK_LABEL}={task}", **query})

    async def pending_pods(self, task: TaskRef, most: int) -> list[Manifest]:
        """Some of the task's pods that have not started: they wait for much the same, and thousands would be megabytes."""
        query = {
            "labelSelector": f"{TASK_LABEL}={task.name}", "fieldSelector": "status.phase=Pending", "limit": str(most)
        }  # fmt: skip
        return (await self._request("GET", _PODS.format(task.namespace), query=query)).get("items") or []

    async def warnings(self, namespace: str, name: str) -> list[Manifest]:
        """The warnings that Kubernetes has posted about a Job or a pod, and keeps for an hour."""
        return await self._list(
            _EVENTS.format(namespace), {"fieldSelector": f"involvedObject.name={name},type=Warning"}
        )

    async def is_going(self, namespace: str) -> bool:
        """Whether a namespace is being deleted, by what it says to a Job that is none: to read it would take another right."""
        nothing = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "none"}}
        try:
            await self._request("POST", _JOBS.format(namespace), body=nothing, query={"dryRun": "All"})
        except InvalidTask:
            return False
        except SetupError as error:
            return "is being terminated" in str(error)
        return False

    async def release(self, task: TaskRef, finalizers: Sequence[str], **annotations: str) -> None:
        """Leave a task these finalizers alone, with further annotations; nothing happens where it is gone."""
        metadata = {"uid": task.uid, "finalizers": list(finalizers)}
        body = {"metadata": metadata | ({"annotations": annotations} if annotations else {})}
        with suppress(AlreadyExists):  # 409: the UID is another
            await self._request(
                "PATCH", f"{_TASKS.format(task.namespace)}/{task.name}", body=body, missing=True
            )

    async def log(self, namespace: str, pod: str, lines: int) -> str:
        """The last lines that a pod has printed; why there are none, where its node is gone, and they with it."""
        query, path = {"tailLines": str(lines)}, f"{_PODS.format(namespace)}/{pod}/log"
        try:
            answer = await self._once("GET", path, None, query, missing=False)
        except ClipTaskError as error:
            return f"its log cannot be had: {error}"
        return answer.decode(errors="replace")

    async def create_task(self, manifest: Manifest) -> None:
        """Create a ClipTask. Raises ``AlreadyExists`` where the name is taken, ``InvalidTask`` for what the API refuses."""
        await self._request("POST", _TASKS.format(manifest["metadata"]["namespace"]), body=manifest)

    async def tasks(self, namespace: str | None) -> list[Manifest]:
        """The ClipTasks of a namespace, or of all."""
        path = _TASKS.format(namespace) if namespace else f"/apis/{GROUP}/{VERSION}/{PLURAL}"
        return await self._list(path, {})

    async def delete_task(self, namespace: str, name: str) -> None:
        """Delete a ClipTask; nothing happens where there is none. It goes once its operator has seen that."""
        await self._request("DELETE", f"{_TASKS.format(namespace)}/{name}", missing=True)

    async def task(self, namespace: str, name: str) -> Manifest:
        """A ClipTask as the API has it. Raises ``MissingInput``."""
        found = await self._request("GET", f"{_TASKS.format(namespace)}/{name}", missing=True)
        if not found:
            message = f"there is no ClipTask {name} in the namespace {namespace}: kubectl get clip -A lists those that there are"
            raise MissingInput(message)
        return found

    async def secret(self, namespace: str, name: str) -> dict[str, str] | None:
        """What a Secret holds, as far as it is text; None where there is none. Needs a right that the chart does not give unasked."""
        found = await self._request("GET", f"{_SECRETS.format(namespace)}/{name}", missing=True)
        if not found:
            return None
        data: Mapping[str, str] = found.get("data") or {}
        return {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}

    async def config_map(self, name: str) -> tuple[Mapping[str, str], str] | None:
        """What a ConfigMap beside the operator holds, and its version; None where there is none."""
        found = await self._request("GET", f"{_CONFIG_MAPS.format(self.namespace)}/{name}", missing=True)
        return (found.get("data") or {}, found["metadata"]["resourceVersion"]) if found else None

    async def write_config_map(self, name: str, data: Mapping[str, str], version: str) -> bool:
        """Replace some of what it holds; False where it is of another version."""
        body = {"metadata": {"resourceVersion": version}, "data": data}
        with suppress(AlreadyExists):  # 409: the version is another
            return bool(
                await self._request("PATCH", f"{_CONFIG_MAPS.format(self.namespace)}/{name}", body=body)
            )
        return False

    async def patch_status(
        self, task: TaskRef, status: Mapping[str, Any], version: str | None = None
    ) -> bool:
        """Write into a task's status; False where the task is gone, or is of another version than the one given."""
        path = f"{_TASKS.format(task.namespace)}/{task.name}/status"
        # The UID keeps a late report away from another task of the same name.
        metadata = {"uid": task.uid} | ({"resourceVersion": version} if version else {})
        try:
            answer = await self._request(
                "PATCH", path, body={"metadata": metadata, "status": status}, missing=True
            )
        except AlreadyExists:  # 409: the UID or the version is another
            return False
        return bool(answer)

    async def _list(self, path: str, query: Mapping[str, str]) -> list[Manifest]:
        found: list[Manifest] = []
        page: dict[str, str] = {"limit": str(_PAGE), **query}
        while True:
            answer = await self._request("GET", path, query=page)
            found += answer.get("items") or []
            token = (answer.get("metadata") or {}).get("continue")
            if not token:
                return found
            page["continue"] = token

    async def _request(
        self,
        verb: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        missing: bool = False,
    ) -> Manifest:
        """One call and its JSON, tried again while the API is away or busy: every one of ours may be sent twice.

        Empty where the object is ``missing`` and may be.
        """
        async for attempt in stamina.retry_context(
            on=TransientError, attempts=_ATTEMPTS, wait_initial=0.2, wait_max=5, timeout=None
        ):
            with attempt:
                answer = await self._once(verb, path, body, query, missing=missing)
        found: Manifest = json.loads(answer)
        return found

    async def _once(
        self,
        verb: str,
        path: str,
        body: Mapping[str, Any] | None,
        query: Mapping[str, str] | None,
        *,
        missing: bool,
    ) -> bytes:
        kind = "application/merge-patch+json" if verb == "PATCH" else "application/json"
        request = await self._api.param_serialize(
            verb,
            path,
            query_params=list((query or {}).items()),
            header_params={"Accept": "application/json, */*", "Content-Type": kind},
            body=body,
            auth_settings=["BearerToken"],
        )
        code, began = 0, time.monotonic()
        try:
            async with self._slots:
                began = time.monotonic()
                response = await self._api.call_api(*request, _request_timeout=_TIMEOUT_S)
                code = int(response.status)
                answer: bytes = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            message = f"the Kubernetes API does not answer ({type(error).__name__}): it is asked again"
            raise TransientError(message) from error
        finally:
            self._on_request(verb, code, time.monotonic() - began)
        if code < 300:  # noqa: PLR2004  HTTP's successes
            return answer
        if code == 404 and missing:  # noqa: PLR2004  HTTP's own
            return b"{}"
        raise _error(code, answer, f"{verb} {path.rpartition('/namespaces/')[2]}")


def api_address() -> str:
    """URL of the API as pods are told it."""
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    return f"https://{f'[{host}]' if ':' in host else host}:{port}"


def _error(code: int, content: bytes, what: str) -> ClipTaskError:
    try:
        said = str(json.loads(content)["message"])
    except (ValueError, KeyError, TypeError):
        said = content.decode(errors="replace")[:200]
    if code == 409:  # noqa: PLR2004  HTTP's own
        return AlreadyExists(said)
    if code in {400, 413, 422}:
        return InvalidTask(f"the Kubernetes API refuses it: {said}: correct the task")
    if code == 404:  # noqa: PLR2004  as above
        return TransientError(f"{what}: {said}")
    if code == 403 and "exceeded quota" in said:  # noqa: PLR2004  as above
        return QuotaFull(f"the Kubernetes API forbids {what}: {said}: raise the quota")
    if code in {401, 403}:
        return SetupError(
            f"the Kubernetes API forbids {what}: {said}: check the quota, and the rights of this account"
        )
    return TransientError(f"the Kubernetes API answers {code} to {what}: {said}")

"""What does kopf tell the program? Handlers that only translate."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal, NamedTuple, cast

import kopf

from cliptask.spec.task import GROUP, PLURAL, VERSION
from cliptask_operator.controller.status_snapshot import StatusSnapshot
from cliptask_operator.controller.task_controller import TaskController
from cliptask_operator.kubernetes.client import api_address
from cliptask_operator.kubernetes.manifests import TASK_LABEL
from cliptask_operator.kubernetes.task_state import FINALIZER

_BACKOFFS_S = (0.5, 1.0, 2.0, *(3.0 for _ in range(200)))
"""Between attempts at an API server that is away. kopf's own grow to 21 s: so long nothing would go on once it is back."""
_REMOVALS, _REMOVAL_S = 20, 15.0
"""Attempts at removing a deleted task's videos, and the time between them: then the task goes without."""
_MOST_EVENTS = 5
"""Of failures, for each report: the status has more, the index has all."""


def register(
    registry: kopf.OperatorRegistry, controller: TaskController, until_served: Callable[[], Awaitable[None]]
) -> None:
    """Bind the controller to what happens in the cluster. ``until_served`` returns once there are ClipTasks to watch.

    Only a task that asks for its videos to be removed with it gets a finalizer: a namespace that is deleted together
    with the operator would wait for ever for it to be taken away.
    """

    @kopf.on.login(registry=registry)
    async def log_in(**of_kopf: Any) -> kopf.ConnectionInfo | None:  # noqa: ANN401  passed on
        # kopf asks once what there is to watch, and would stay deaf to a resource that comes later.
        await until_served()
        in_pod = kopf.login_with_service_account(**of_kopf)
        # kopf knows the API by its name alone; its address needs no DNS, and is what our own client uses.
        return replace(in_pod, server=api_address()) if in_pod else kopf.login_with_kubeconfig(**of_kopf)

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=registry)
    async def on_task(event: kopf.RawEvent, **_: object) -> None:
        controller.observe(event["object"], gone=event["type"] == "DELETED")

    @kopf.on.event("batch", "v1", "jobs", registry=registry)
    async def on_job(event: kopf.RawEvent, **_: object) -> None:
        controller.context.job_cache.observe(event["object"], gone=event["type"] == "DELETED")

    @kopf.on.event("", "v1", "pods", registry=registry)
    async def on_pod(event: kopf.RawEvent, **_: object) -> None:
        controller.context.job_cache.observe_pod(event["object"])

    @kopf.on.delete(
        GROUP,
        VERSION,
        PLURAL,
        registry=registry,
        when=lambda body, **_: controller.is_held(body),
        retries=_REMOVALS,
        backoff=_REMOVAL_S,
    )
    async def on_delete(body: kopf.Body, **_: object) -> None:
        """Remove the videos of a task that asked for it."""
        await controller.remove(dict(body))


def configure(settings: kopf.OperatorSettings, silence_s: float) -> None:
    """Make kopf leave no trace but a finalizer, notice when the API falls silent, and soon find out when it is back.

    ``silence_s``: after which a watch that says nothing is opened anew.
    """
    settings.persistence.finalizer = FINALIZER
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=GROUP)
    settings.persistence.diffbase_storage = _NoDiffs()
    settings.posting.loggers = False
    # An idle worker keeps its object's last event: with thousands of Jobs, 40 MB in the five seconds of the default.
    settings.queueing.idle_timeout = 0.5
    settings.networking.error_backoffs = _BACKOFFS_S
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 330
    settings.watching.inactivity_timeout = silence_s
    settings.watching.label_selectors["batch", "v1", "jobs"] = TASK_LABEL
    settings.watching.label_selectors["", "v1", "pods"] = TASK_LABEL
    # A container's end is told while its pod still counts as running. Of thousands that wait or have ended nothing is.
    settings.watching.field_selectors["", "v1", "pods"] = "status.phase=Running"


class _NoDiffs(kopf.DiffBaseStorage):
    """Nobody here asks what an edit has changed: kopf need not copy each object at each event to find out."""

    def build(self, **_: object) -> kopf.BodyEssence:
        return kopf.BodyEssence({})

    def fetch(self, **_: object) -> kopf.BodyEssence:
        return kopf.BodyEssence({})

    def store(self, **_: object) -> None:
        """Leave no annotation."""


def announce(body: Mapping[str, Any], now: StatusSnapshot, before: StatusSnapshot | None) -> None:
    """Post Events."""
    for each in events(now, before):
        post(body, *each)


def post(body: Mapping[str, Any], kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
    """Post an Event."""
    kopf.event(kopf.Body(cast("kopf.RawBody", body)), type=kind, reason=reason, message=message)


class Event(NamedTuple):
    """What ``kubectl describe`` shows of a task."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str


def events(now: StatusSnapshot, before: StatusSnapshot | None) -> Iterator[Event]:
    """A new phase or reason, how videos are packed, Jobs that get more memory, the quota that is met, and the failures that ``before`` has not. Pure."""
    if before is None or (before.phase, before.reason) != (now.phase, now.reason):
        bad = now.phase == "Failed" or now.blocking_error is not None
        yield Event("Warning" if bad else "Normal", now.reason, now.message)
    if now.window and now.window != (before.window if before else ""):
        yield Event("Normal", "QuotaReached", now.window)
    if now.packing and now.packing != (before.packing if before else ""):
        yield Event("Normal", "Packed", now.packing)
    if now.more_memory and not (before and before.more_memory):
        yield Event("Normal", "MoreMemory", now.more_memory)
    known = {each.variant for each in before.failures} if before else set()
    for each in [each for each in now.failures if each.variant not in known][:_MOST_EVENTS]:
        yield Event("Warning", each.reason, f"{each.variant}: {each.message}")

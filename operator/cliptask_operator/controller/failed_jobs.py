"""What becomes of what a Job that failed was to make? It is tried again, dealt to others or given up, and what is there of it counts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

import structlog

from cliptask.orders import WorkOrder
from cliptask.planning.plan import encoded_s
from cliptask.spec.execution import Execution
from cliptask_operator.controller.artifact_leases import ArtifactLeases
from cliptask_operator.controller.carriers import dealt_apart
from cliptask_operator.controller.context import Context
from cliptask_operator.controller.desired import Desired
from cliptask_operator.controller.job_tuning import JobTuning
from cliptask_operator.controller.run_state import RunState
from cliptask_operator.kubernetes.job_status import JobFacts, JobFailure, failure_of
from cliptask_operator.kubernetes.obstacles import job_of

log = structlog.get_logger("cliptask.jobs")

_ADMINISTRATORS = frozenset({"DiskFull", "Misconfigured", "StoreUnwritable"})
"""Reasons of failures that an administrator can mend, and that are therefore none of the variant's."""


@dataclass(frozen=True)
class FailedJobs:
    """Those of one attempt."""

    context: Context
    execution: Execution
    state: RunState
    tuning: JobTuning
    leases: ArtifactLeases
    list_stores: Callable[[], Awaitable[None]]
    delete: Callable[[Sequence[str]], Awaitable[None]]
    """Jobs, by their names."""

    async def take_in(
        self, desired: Desired, jobs: Mapping[str, JobFacts], stuck: AbstractSet[str]
    ) -> Desired:
        """Take in those that have failed since; returns what is wanted then. ``stuck``: names of Jobs that did not start in time."""
        failed = [
            each
            for each in jobs.values()
            if each.state == "failed" and each.attempt == desired.attempt and not each.deleting
            and each.name in desired.by_name and each.name not in self.state.failures
        ]  # fmt: skip
        # That a Job never started is none of its videos' faults: it comes again.
        late = [each.name for each in failed if each.reason == "DeadlineExceeded" and each.name in stuck]
        await self.delete(late)
        failed = [each for each in failed if each.name not in late]
        if not failed:
            return desired
        pods = await self.context.cluster.failed_pods(desired.task)
        orders = {each.name: desired.by_name[each.name] for each in failed}
        vague: list[str] = []
        for each in failed:
            failure = failure_of(each, [pod for pod in pods if job_of(pod) == each.name], self.execution)
            if not await self._comes_again(each, failure):
                self.give_up(each.name, failure)
                if not failure.failed:
                    vague.append(each.name)
            videos = [video.name for video in orders[each.name].variants]
            log.warning(
                "job failed", job=each.name, variants=videos, reason=failure.reason, message=failure.message
            )
        if any(order.things > 1 for order in orders.values()):
            await self._count_what_is_there(desired, orders)
        for name in vague:
            desired = replace(desired, carriers=dealt_apart(desired, name, self.leases.stored))
        return desired

    def give_up(self, name: str, failure: JobFailure) -> None:
        """Note that a Job is not tried again in this attempt."""
        self.state.failures[name] = failure
        self.context.metrics.jobs_failed.labels(failure.reason).inc()

    async def _comes_again(self, failed: JobFacts, failure: JobFailure) -> bool:
        """Whether a Job is tried again: it is deleted for that."""
        if failure.reason in _ADMINISTRATORS:
            self.state.paused_until[failed.name] = self.context.clock() + self.context.settings.retry_seconds
            self.state.blocking_error = failure.as_error()
        elif not self.tuning.is_tried_again(failed, failure):
            return False
        await self.delete([failed.name])
        return True

    async def _count_what_is_there(self, desired: Desired, failed: Mapping[str, WorkOrder]) -> None:
        """Some of what they were to make may be there."""
        before = self.leases.stored & desired.parts
        await self.list_stores()
        new = (self.leases.stored & desired.parts) - before
        for name, order in failed.items():
            encoded = [each for each in order.encoded if each.key in new]
            new -= {each.key for each in encoded}
            self.context.ledger.begins(desired.task, name, encoded_s(encoded))
            self.context.ledger.ended(desired.task, name)

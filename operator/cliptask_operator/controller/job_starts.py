"""Which Jobs do not start, and why? Asked seldom and by a sample; a quota that has refused becomes a window."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import structlog

from cliptask.errors import ClipTaskError, SetupError
from cliptask_operator.controller.context import Context
from cliptask_operator.controller.reconcile import Decision, Window
from cliptask_operator.kubernetes import obstacles
from cliptask_operator.kubernetes.cluster import QuotaFull
from cliptask_operator.kubernetes.job_status import JobFacts, JobFailure
from cliptask_operator.kubernetes.obstacles import Obstacle, Quota
from cliptask_operator.kubernetes.task_state import TaskRef

_SAMPLE = 100
"""Pods that are asked why they do not start: they wait for much the same."""
_ALONG = 0.8
"""Of the time that a Job has to start: those that were created with it count along with the first that is late."""
_MANY_REFUSALS = 3
"""In a row: finished Jobs of this task would have made room by then."""

log = structlog.get_logger("cliptask.jobs")


@dataclass
class _FullQuota:
    """What is known of a quota that has refused. Times are the clock's."""

    quota: Quota
    grows_at: float
    """When one Job more than it had room for is tried."""
    refusals: int = 0
    """In a row; each doubles the time until another Job is tried."""
    shut_until: float = 0.0


@dataclass
class JobStarts:
    """The Jobs of one task that wait for pods, or for a quota to have room for them."""

    context: Context
    task: TaskRef
    stuck: AbstractSet[str] = field(default=frozenset(), init=False)
    """Names of active Jobs that should have started by now."""
    _since: dict[str, float] = field(default_factory=dict, init=False)
    """Since when a Job of this name is there and has not started."""
    _obstacle: Obstacle | None = field(default=None, init=False)
    _ask_at: float = field(default=0.0, init=False)
    _full: _FullQuota | None = field(default=None, init=False)
    _is_one_ending: bool = field(default=False, init=False)
    """A Job has made everything, and takes the room of another until the API counts it as ended."""

    # Observe

    async def observe(self, jobs: Mapping[str, JobFacts]) -> None:
        """Find out which Jobs should have started by now, and why they have not."""
        now, start_s = self.context.clock(), self.context.timing.start_s
        self._is_one_ending = any(each.is_ending for each in jobs.values())
        self._since = {
            each.name: self._since.get(each.name, now)
            for each in jobs.values()
            if each.state == "active" and not (each.started or each.suspended or each.deleting)
        }
        overdue = any(now - since >= start_s for since in self._since.values())
        self.stuck = {
            name for name, since in self._since.items() if overdue and now - since >= start_s * _ALONG
        }
        if not self.stuck:
            self._obstacle = None
        elif now >= self._ask_at:
            self._ask_at = now + start_s
            self._obstacle = await self._why()
            if self._obstacle is not None and self._obstacle.quota is not None:
                self._meet(self._obstacle.quota)

    def window(self, jobs: Mapping[str, JobFacts]) -> Window | None:
        """What the quota that has refused has room for. It is forgotten once there is more: somebody has raised it."""
        if (full := self._full) is None:
            return None
        now, counts = self.context.clock(), full.quota.counts_objects
        there = [each for each in jobs.values() if each.state == "active" and (each.started or counts)]
        if len(there) > full.quota.jobs:
            self._full = None
            return None
        most = max(full.quota.jobs, 1) + (now >= full.grows_at)
        return Window(most, is_open=now >= full.shut_until, counts_finished=counts)

    def due_at(self) -> float:
        """By the clock, when to look again though nothing happens."""
        due = self.context.clock() + self.context.timing.resync_s
        if self._since:
            due = min(due, max(min(self._since.values()) + self.context.timing.start_s, self._ask_at))
        if self._full is not None and self._full.shut_until > self.context.clock():
            due = min(due, self._full.shut_until)
        if self._full is not None and self._is_one_ending:
            due = min(due, self.context.clock() + self.context.timing.quota_s)
        return due

    async def _why(self) -> Obstacle | None:
        """Two requests, however many Jobs there are."""
        cluster, namespace = self.context.cluster, self.task.namespace
        try:
            pods = {obstacles.job_of(pod): pod for pod in await cluster.pending_pods(self.task, _SAMPLE)}
            found = [obstacles.of_pod(pod) for name, pod in pods.items() if name in self.stuck]
            about = min(self.stuck - pods.keys(), default="") if len(pods) < _SAMPLE else ""
            if not about and not any(found):
                about = min((pods[name]["metadata"]["name"] for name in self.stuck & pods.keys()), default="")
            if about:
                found.append(obstacles.of_warnings(await cluster.warnings(namespace, about)))
        except SetupError as error:  # a right that the installation has not given: nothing else depends on it
            log.warning("nobody can say why Jobs do not start", error=str(error))
            return None
        return obstacles.worst(found)

    # Act

    @property
    def is_refused(self) -> bool:
        """A quota has refused a Job just now."""
        return self._full is not None and self.context.clock() < self._full.shut_until

    def created(self, name: str) -> None:
        """Note a Job that was created just now."""
        self._since[name] = self.context.clock()
        if self._full is not None:
            self._full.refusals = 0

    def deleted(self) -> None:
        """Note a Job that is being deleted: a quota of objects takes a moment to hear of it."""
        if self._full is not None and self._full.quota.counts_objects:
            moment = self.context.clock() + self.context.timing.quota_s
            self._full.shut_until = max(self._full.shut_until, moment)

    async def refused(self, error: QuotaFull, jobs: Mapping[str, JobFacts]) -> None:
        """Wait; where no finished Job of this task can make room, one of a task that has ended does."""
        if (quota := obstacles.quota_of(str(error))) is None:
            raise error
        full = self._meet(quota)
        timing = self.context.timing
        if not self.is_refused:  # several at once are one
            wait_s = min(timing.first_backoff_s * 2**full.refusals, timing.resync_s)
            full.shut_until, full.refusals = self.context.clock() + wait_s, full.refusals + 1
        job_cache, namespace = self.context.job_cache, self.task.namespace
        if quota.counts_objects and all(each.state == "active" for each in jobs.values()):
            for uid, spent in job_cache.finished(namespace)[:1]:
                job_cache.deleted(uid, spent.name)
                await self.context.cluster.delete_job(namespace, spent.name)

    def _meet(self, quota: Quota) -> _FullQuota:
        known, grows_at = self._full, self.context.clock() + self.context.settings.retry_seconds
        if known is None:
            log.warning("quota reached", quota=quota.name, jobs=quota.jobs, message=quota.words)
            known = _FullQuota(quota, grows_at)
        known.quota, known.grows_at, self._full = quota, grows_at, known
        return known

    # Report

    @property
    def window_words(self) -> str:
        """How many Jobs a quota lets be at a time."""
        return self._full.quota.window if self._full is not None and self._full.quota.jobs else ""

    def trouble(self, decision: Decision) -> tuple[str, ClipTaskError | None]:
        """Why Jobs have not started: in words where others run meanwhile and it may pass, else what must be mended."""
        full, many = self._full, len(self.stuck - {*decision.delete})
        obstacle = self._obstacle if many else None
        if obstacle is None and full is not None and not decision.active and full.refusals >= _MANY_REFUSALS:
            obstacle = obstacles.of_quota(full.quota)
        if obstacle is None:
            return "", None
        said = f"{many} {'Job has' if many == 1 else 'Jobs have'} not started: " if many else ""
        message = said + obstacle.message
        if obstacle.passes and decision.active - decision.queued > many:
            return message, None
        return "", JobFailure(obstacle.reason, message).as_error()

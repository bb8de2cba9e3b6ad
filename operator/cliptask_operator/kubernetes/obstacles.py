"""Why does a Job not start? From what the API says of its pods and of refusals to a reason and a remedy. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cliptask.spec.quantities import AMOUNT_PATTERN, amount
from cliptask_operator.kubernetes.job_status import container_state
from cliptask_operator.kubernetes.manifests import CONTAINER, SIGNER

REASONS = (
    "CannotStart", "ImageUnavailable", "PodRefused", "QuotaExceeded", "SecretMissing", "Unschedulable",
)  # fmt: skip
"""All that there are."""
_IMAGE = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError", "RegistryUnavailable"}
)  # fmt: skip
_STARTS = frozenset({"ContainerCreating", "PodInitializing"})
"""Reasons to wait that pass by themselves, unless an Event says otherwise."""
_NOISE = re.compile(
    r'Error creating: |pods "[^"]*" is forbidden: |Back-off pulling image "[^"]*"(: ErrImagePull: )?|rpc error: code = \w+ desc = '
)
"""What tells one time from the next: of one cause, the words stay the same."""
_MISSING = re.compile('secret "([^"]+)" not found')
_KEYLESS = re.compile(r'volume "([^"]+)" ?: references non-existent secret keys?: (\S+)')
_QUOTA = re.compile(r"exceeded quota: ([^,\s]+), requested: (\S+), used: (\S+), limited: ([^\s:]+)")


@dataclass(frozen=True)
class Quota:
    """A ResourceQuota that has no room for a Job, or for its pod."""

    name: str
    jobs: int
    """So many fit into all of it; it may be shared with others."""
    counts_objects: bool
    """Finished Jobs fill it as well."""
    words: str

    @property
    def window(self) -> str:
        """For people."""
        return f"{self.jobs} {'Job' if self.jobs == 1 else 'Jobs'} at a time: quota {self.name}"


@dataclass(frozen=True)
class Obstacle:
    """Why Jobs do not start."""

    reason: str
    message: str
    passes: bool = False
    """It goes away when others end."""
    quota: Quota | None = None


def quota_of(said: str) -> Quota | None:
    """The quota that a refusal names; None where it is of something else."""
    found = _QUOTA.search(said)
    if found is None:
        return None
    name, (wanted, most) = found[1], (_amounts(found[2]), _amounts(found[4]))
    jobs = [int(most[each] // wanted[each]) for each in wanted.keys() & most.keys() if wanted[each]]
    counts = any(each.startswith("count/") for each in wanted)
    return Quota(
        name, min(jobs, default=1), counts, f"requested: {found[2]}, used: {found[3]}, limited: {found[4]}"
    )


def of_quota(quota: Quota) -> Obstacle:
    """A quota that has refused."""
    what = "has no room" if quota.jobs else "is too small for a single Job"
    message = (
        f"quota {quota.name} {what} ({quota.words}): ask for less in spec.execution.resources, or raise it"
    )
    return Obstacle("QuotaExceeded", message, passes=bool(quota.jobs), quota=quota)


def of_pod(pod: Mapping[str, Any]) -> Obstacle | None:
    """What the API says of a pod that has not started; None where it says nothing that would have to change."""
    waiting: Mapping[str, Any] = container_state(pod).get("waiting") or {}
    reason, said = waiting.get("reason") or "", _cleaned(waiting.get("message"))
    if reason in _IMAGE:
        return Obstacle(
            "ImageUnavailable",
            f"the image {_image(pod)} cannot be pulled{f' ({said})' if said else ''}: "
            "correct renderer.image or renderer.imagePullSecrets of the installation",
        )
    if reason and reason not in _STARTS:
        return Obstacle("CannotStart", f"{reason}: {said}: kubectl describe pod {pod['metadata']['name']}")
    for each in (pod.get("status") or {}).get("conditions") or ():
        if (each["type"], each["status"], each.get("reason")) == ("PodScheduled", "False", "Unschedulable"):
            message = f"no node has room ({_cleaned(each.get('message'))}): ask for less in spec.execution.resources, or add nodes"
            return Obstacle("Unschedulable", message, passes=True)
    return None


def of_warnings(events: Iterable[Mapping[str, Any]]) -> Obstacle | None:
    """What the newest warning about a Job without a pod, or about a pod without a container, says."""
    newest = max(events, key=_time, default=None)
    if newest is None:
        return None
    reason, said = newest.get("reason") or "", _cleaned(newest.get("message"))
    if (quota := quota_of(said)) is not None:
        return of_quota(quota)
    if reason == "FailedCreate":
        remedy = "ask for less in spec.execution.resources, or change the rule of the namespace"
        return Obstacle("PodRefused", f"the namespace refuses their pods ({said}): {remedy}")
    if missing := _MISSING.search(said):
        return Obstacle(
            "SecretMissing", f"there is no Secret {missing[1]} in the namespace: create it, and they go on"
        )
    if keyless := _KEYLESS.search(said):
        what = "spec.disclosure.credentials" if keyless[1] == SIGNER else f"the volume {keyless[1]}"
        return Obstacle(
            "SecretMissing", f"the Secret of {what} has no key {keyless[2]}: add it, and they go on"
        )
    return Obstacle("CannotStart", f"{reason}: {said}")


def worst(found: Iterable[Obstacle | None]) -> Obstacle | None:
    """What somebody has to mend goes before what may pass."""
    return min((each for each in found if each), key=lambda each: each.passes, default=None)


def job_of(pod: Mapping[str, Any]) -> str:
    """The name of the Job that a pod belongs to."""
    return str((pod["metadata"].get("labels") or {}).get("batch.kubernetes.io/job-name", ""))


def _amounts(text: str) -> dict[str, Any]:
    """``limits.cpu=2,pods=1``."""
    pairs = (each.partition("=") for each in text.split(","))
    return {name: amount(value) for name, _, value in pairs if re.fullmatch(AMOUNT_PATTERN, value)}


def _time(event: Mapping[str, Any]) -> str:
    return max(str(event.get(each) or "") for each in ("lastTimestamp", "eventTime", "firstTimestamp")) + str(
        event["metadata"].get("resourceVersion") or ""
    ).rjust(20)


def _image(pod: Mapping[str, Any]) -> str:
    return next(str(each["image"]) for each in pod["spec"]["containers"] if each["name"] == CONTAINER)


def _cleaned(said: object) -> str:
    return " ".join(_NOISE.sub("", str(said or "")).split()).rstrip(".")

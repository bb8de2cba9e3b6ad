"""Where is a campaign, in the words of its status? Pure: from what is known to the status that is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from cliptask.errors import ClipTaskError
from cliptask.planning.plan import Campaign
from cliptask.spec.status import (
    MOST_FAILURES,
    ClipTaskStatus,
    Condition,
    ConditionType,
    Failure,
    Phase,
    changed,
    shortened,
    timestamp,
)  # fmt: skip
from cliptask_operator.kubernetes.manifests import JobFailure

Truth = Literal["True", "False", "Unknown"]


@dataclass(frozen=True)
class Attempt:
    """What a look at a task is for: a generation of its spec, and a value of its retry annotation."""

    generation: int
    retry: str = ""

    @property
    def name(self) -> str:
        """For annotations of Jobs."""
        return f"{self.generation}/{self.retry}"


@dataclass(frozen=True)
class Counts:
    """The status' numbers."""

    variants: int = 0
    succeeded: int = 0
    active: int = 0
    segments: int = 0
    segments_ready: int = 0
    speech_characters: int = 0
    speech_characters_paid: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class StatusSnapshot:
    """How far an attempt has come."""

    phase: Phase
    reason: str
    """CamelCase, of the phase as it is."""
    message: str
    accepted: bool = True
    sources: Truth = "Unknown"
    counts: Counts = Counts()
    failures: tuple[Failure, ...] = ()
    """All of them."""
    index: str = ""
    trouble: ClipTaskError | None = field(default=None, compare=False)
    """What holds it up for now."""


def status_of(
    standing: StatusSnapshot, attempt: Attempt, before: ClipTaskStatus, now: datetime
) -> ClipTaskStatus:
    """The status that says so. Times are kept from ``before`` where what they are of has not changed."""
    same = (before.observed_generation, before.observed_retry) == (attempt.generation, attempt.retry)
    counts = standing.counts
    return ClipTaskStatus(
        observed_generation=attempt.generation,
        observed_retry=attempt.retry,
        phase=standing.phase,
        message=shortened(standing.message),
        conditions=changed(before.conditions, _conditions(standing, attempt, timestamp(now))),
        variants=counts.variants,
        succeeded=counts.succeeded,
        failed=len(standing.failures),
        active=counts.active,
        segments=counts.segments,
        segments_ready=counts.segments_ready,
        speech_characters=counts.speech_characters,
        speech_characters_paid=counts.speech_characters_paid,
        bytes=counts.bytes,
        failures=standing.failures[:MOST_FAILURES],
        index=standing.index,
        start_time=(before.start_time if same else None) or timestamp(now),
        completion_time=_end(standing, before, timestamp(now), same=same),
    )


def _end(standing: StatusSnapshot, before: ClipTaskStatus, now: str, *, same: bool) -> str | None:
    if standing.phase not in {"Complete", "Failed"}:
        return None
    return (before.completion_time if same and before.phase == standing.phase else None) or now


def _conditions(standing: StatusSnapshot, attempt: Attempt, now: str) -> tuple[Condition, ...]:
    complete, failed = standing.phase == "Complete", standing.phase == "Failed"
    sources_say = {
        "True": ("Ready", "every source and line that is wanted is in the cache"),
        "False": (standing.reason, standing.message),
        "Unknown": (standing.reason, standing.message),
    }[standing.sources]
    said: dict[ConditionType, tuple[Truth, str, str]] = {
        "Accepted": ("True", "Accepted", "the task can be made here")
        if standing.accepted
        else ("False", standing.reason, standing.message),
        "SourcesReady": (standing.sources, *sources_say),
        "Complete": ("True" if complete else "False", standing.reason, standing.message),
        "Failed": ("True" if failed else "False", standing.reason, standing.message),
    }
    return tuple(
        Condition(
            type=kind,
            status=status,
            reason=reason,
            message=shortened(message),
            last_transition_time=now,
            observed_generation=attempt.generation,
        )
        for kind, (status, reason, message) in said.items()
    )


def refused(reason: str, message: str) -> StatusSnapshot:
    """A task that is not worked on until it, or the installation, changes."""
    return StatusSnapshot("Failed", reason, message, accepted=False)


def held_up(standing: StatusSnapshot, error: ClipTaskError) -> StatusSnapshot:
    """The same place, with what must pass first."""
    return replace(standing, reason=error.reason, message=str(error), trouble=error)


def failures_of(campaign: Campaign, failed: Mapping[str, JobFailure]) -> tuple[Failure, ...]:
    """The variants that cannot be made: what the plan left out, then what Jobs failed at."""
    skipped = [
        Failure(
            variant=shortened("-".join([*each.clips, *filter(None, (each.track, each.line))]), 253),
            reason=each.error.reason,
            message=shortened(str(each.error)),
        )
        for each in campaign.skipped
    ]
    broken = [
        Failure(variant=name, reason=verdict.reason, message=shortened(verdict.message))
        for name, verdict in failed.items()
    ]
    return (*skipped, *broken)


def ending(campaign: Campaign, failed: Mapping[str, JobFailure], *, skips: bool) -> tuple[Phase, str, str]:
    """Phase, reason and message of a campaign of which nothing is left to make. ``skips``: ``onSourceError: Skip``."""
    wanted = len(campaign.variants) + len(campaign.skipped)
    lost = len(failed) + len(campaign.skipped)
    if not lost:
        return "Complete", "Complete", f"{wanted} of {wanted} videos are there"
    message = f"{wanted - lost} of {wanted} videos are there, {lost} could not be made: see status.failures and index.json"
    if skips and not failed and campaign.variants:
        return "Complete", "CompleteWithSkips", message
    return "Failed", "VariantsFailed", f"{message}; annotate the task with cliptask.dev/retry to try again"

"""Where is a campaign, in the words of its status? Pure: from what is known to the status that is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Literal

from cliptask.errors import ClipTaskError
from cliptask.planning.plan import Campaign
from cliptask.planning.reception import Reception, told
from cliptask.spec.platforms import Target
from cliptask.spec.status import (
    MOST_FAILURES,
    ClipTaskStatus,
    Condition,
    ConditionType,
    Failure,
    FormCount,
    Phase,
    Spent,
    changed,
    shortened,
    timestamp,
)  # fmt: skip
from cliptask_operator.campaign.ending import ending
from cliptask_operator.campaign.preflight import Demand
from cliptask_operator.controller.reconcile import Decision
from cliptask_operator.kubernetes.job_status import JobFailure
from cliptask_operator.kubernetes.task_state import FINAL_PHASES, Attempt

NOTHING_SPENT = Spent()
Truth = Literal["True", "False", "Unknown"]


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
    transcribed_seconds: int = 0
    transcribed_seconds_paid: int = 0


@dataclass(frozen=True)
class Paid:
    """What an account is paid for a campaign, in all and as far as it was, in the words of ``Counts``."""

    speech_characters: int = 0
    speech_characters_paid: int = 0
    transcribed_seconds: int = 0
    transcribed_seconds_paid: int = 0


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
    forms: tuple[FormCount, ...] = ()
    """Of several."""
    spent: Spent = NOTHING_SPENT
    """Over all attempts."""
    index: str = ""
    blocking_error: ClipTaskError | None = field(default=None, compare=False)
    """What must pass, or be mended, first."""
    window: str = ""
    """How many Jobs a quota lets be at a time."""
    packing: str = ""
    """How many Jobs make the videos, where that was not the task's choice, and why."""
    more_memory: str = ""
    """How many Jobs ran out of memory, and what they get now."""
    targets: tuple[Truth, str, str] | None = None
    """Whether the task's targets would take its videos, with reason and message; None where it names none."""

    @property
    def is_final(self) -> bool:
        """Whether the attempt has ended."""
        return self.phase in FINAL_PHASES


PENDING = StatusSnapshot("Pending", "Pending", "not looked at yet")


def status_from(
    snapshot: StatusSnapshot, attempt: Attempt, before: ClipTaskStatus, now: datetime
) -> ClipTaskStatus:
    """The status that says so. Times are kept from ``before`` where what they are of has not changed."""
    same = (before.observed_generation, before.observed_retry) == (attempt.generation, attempt.retry)
    return ClipTaskStatus(
        observed_generation=attempt.generation,
        observed_retry=attempt.retry,
        phase=snapshot.phase,
        message=shortened(snapshot.message),
        conditions=changed(before.conditions, _conditions(snapshot, attempt, timestamp(now))),
        failed=len(snapshot.failures),
        failures=snapshot.failures[:MOST_FAILURES],
        forms=snapshot.forms or None,
        spent=snapshot.spent,
        index=snapshot.index,
        start_time=(before.start_time if same else None) or timestamp(now),
        completion_time=_end(snapshot, before, timestamp(now), same=same),
        **asdict(snapshot.counts),
    )


def _end(snapshot: StatusSnapshot, before: ClipTaskStatus, now: str, *, same: bool) -> str | None:
    if not snapshot.is_final:
        return None
    return (before.completion_time if same and before.phase == snapshot.phase else None) or now


def _conditions(snapshot: StatusSnapshot, attempt: Attempt, now: str) -> tuple[Condition, ...]:
    words = (snapshot.reason, snapshot.message)
    accepted = ("Accepted", "the task can be made here") if snapshot.accepted else words
    ready = "every source, line and transcript that is wanted is in the cache"
    said: dict[ConditionType, tuple[Truth, str, str]] = {
        "Accepted": ("True" if snapshot.accepted else "False", *accepted),
        "SourcesReady": (snapshot.sources, *(("Ready", ready) if snapshot.sources == "True" else words)),
        "Complete": ("True" if snapshot.phase == "Complete" else "False", *words),
        "Failed": ("True" if snapshot.phase == "Failed" else "False", *words),
        **({"TargetsMet": snapshot.targets} if snapshot.targets else {}),
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


def admitted(demand: Demand, targets: Sequence[Target] = ()) -> StatusSnapshot:
    """A task whose sources and lines are being looked for; ``targets``: those that it names."""
    counts = Counts(variants=demand.variants, speech_characters=demand.speech_characters)
    return StatusSnapshot(
        "Fetching",
        "Fetching",
        "fetching sources and speech",
        sources="False",
        counts=counts,
        targets=("Unknown", "Fetching", "known once the sources are here") if targets else None,
    )


def unusable(before: StatusSnapshot, error: ClipTaskError) -> StatusSnapshot:
    """A task whose inputs are such that nothing is made of it."""
    return replace(before, phase="Failed", reason=error.reason, message=str(error), sources="False")


def planned(before: StatusSnapshot, campaign: Campaign, paid: Paid) -> StatusSnapshot:
    """A campaign whose inputs are there."""
    counts = replace(
        before.counts,
        variants=len(campaign.variants) + len(campaign.skipped),
        segments=len(campaign.segments),
        **asdict(paid),
    )
    return replace(
        before,
        phase="Rendering",
        reason="Rendering",
        message="rendering",
        sources="True",
        counts=counts,
        failures=failures_of(campaign, {}),
    )


def of_targets(
    campaign: Campaign, receptions: tuple[Reception, ...], *, is_made: bool = False
) -> tuple[Truth, str, str] | None:
    """Whether targets take a campaign, with all that there is to say of it. ``VideosRefused``: a platform would refuse some; ``NotSuited``: a form suits none, or an overlay is covered."""
    if not campaign.targets:
        return None
    sentences = told(campaign, receptions, is_made=is_made)
    if not sentences:
        return "True", "Suitable", f"every video suits its targets: {', '.join(campaign.targets)}"
    refused = any(each.refused for each in receptions)
    count = f"{len(sentences)} things: " if len(sentences) > 1 else ""
    return "False", "VideosRefused" if refused else "NotSuited", f"{count}{'; '.join(sentences)}"


def forms_of(campaign: Campaign, videos: AbstractSet[str]) -> tuple[FormCount, ...]:
    """How far each of several forms is, where these videos are there."""
    if len(campaign.profiles) == 1:
        return ()
    wanted = Counter(each.form for each in campaign.variants) + Counter(
        each.form for each in campaign.skipped
    )
    there = Counter(each.form for each in campaign.variants if each.name in videos)
    return tuple(
        FormCount(name=form or "", variants=wanted[form], succeeded=there[form]) for form in campaign.profiles
    )


def rendering(
    before: StatusSnapshot,
    campaign: Campaign,
    decision: Decision,
    counts: Counts,
    blocking_error: ClipTaskError | None,
    *,
    window: str = "",
    waiting: str = "",
) -> StatusSnapshot:
    """A campaign whose Jobs run. ``window``: that of a quota; ``waiting``: why some of its Jobs have not started."""
    message = f"{counts.succeeded} of {counts.variants} videos, {counts.segments_ready} of {counts.segments} segments"
    if decision.queued:
        message += f"; {decision.queued} of {decision.active} Jobs wait in a queue"
    message = "; ".join(
        filter(
            None, (message, before.packing, before.more_memory, window, waiting, str(blocking_error or ""))
        )
    )
    return replace(
        before,
        reason=blocking_error.reason if blocking_error else "Rendering",
        message=message,
        counts=counts,
        failures=failures_of(campaign, decision.failed),
        blocking_error=blocking_error,
        window=window,
    )


def suspended(before: StatusSnapshot, campaign: Campaign, counts: Counts) -> StatusSnapshot:
    """A campaign that shows what it would take."""
    videos = counts.variants - counts.succeeded - len(campaign.skipped)
    message = (
        f"suspended: {videos} videos and {counts.segments - counts.segments_ready} segments would be made, "
        f"{counts.speech_characters - counts.speech_characters_paid} characters of speech paid for"
    )
    if seconds := counts.transcribed_seconds - counts.transcribed_seconds_paid:
        message += f", and {seconds} s of clips transcribed"
    return replace(before, phase="Suspended", reason="Suspended", message=message, counts=counts)


def blocked(before: StatusSnapshot, error: ClipTaskError) -> StatusSnapshot:
    """The same place, with what must pass first."""
    return replace(before, reason=error.reason, message=str(error), blocking_error=error)


def failures_of(campaign: Campaign, failed: Mapping[str, JobFailure]) -> tuple[Failure, ...]:
    """The variants that cannot be made: what the plan left out, then what Jobs failed at."""
    skipped = [
        Failure(
            variant=shortened("-".join(each.labels), 253),
            reason=each.error.reason,
            message=shortened(str(each.error)),
        )
        for each in campaign.skipped
    ]
    broken = [
        Failure(variant=name, reason=failure.reason, message=shortened(failure.message))
        for name, failure in failed.items()
    ]
    return (*skipped, *broken)


def ended(
    before: StatusSnapshot,
    campaign: Campaign,
    failed: Mapping[str, JobFailure],
    counts: Counts,
    index: str,
    receptions: tuple[Reception, ...] = (),
    *,
    skips: bool,
) -> StatusSnapshot:
    """A campaign of which nothing is left to make. ``skips``: ``onSourceError: Skip``; ``index``: where it is published; ``receptions``: how targets take what is there."""
    phase, reason, message = ending(campaign, failed, skips=skips)
    if reason != "Complete":
        message += ": see status.failures and index.json"
    if phase == "Failed":
        message += "; annotate the task with cliptask.dev/retry to try again"
    return replace(
        before,
        phase=phase,
        reason=reason,
        message=message,
        counts=counts,
        failures=failures_of(campaign, failed),
        blocking_error=None,
        window="",
        packing="",
        more_memory="",
        index=index,
        targets=of_targets(campaign, receptions, is_made=True),
    )

"""How does one attempt at one task go? Check it, fetch and speak, plan, have it made, publish."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import NoReturn

from cliptask.errors import ClipTaskError, InputError
from cliptask.planning.plan import Campaign, plan
from cliptask.spec.task import ClipTask
from cliptask_operator.campaign.publish import prune, publish
from cliptask_operator.campaign.stores import Stores, place_at
from cliptask_operator.controller import admission, ownership
from cliptask_operator.controller.admission import Refused
from cliptask_operator.controller.context import Context
from cliptask_operator.controller.job_controller import JobController, Memory
from cliptask_operator.controller.reconcile import Decision, Desired
from cliptask_operator.controller.status_snapshot import (
    Attempt,
    Counts,
    StatusSnapshot,
    ending,
    failures_of,
    refused,
)
from cliptask_operator.kubernetes.manifests import JobFailure, TaskRef

OnStatus = Callable[[StatusSnapshot], None]


@dataclass
class CampaignRun:
    """One attempt. It may be dropped at any time: another one finds out where it was."""

    tools: Context
    ref: TaskRef
    task: ClipTask
    attempt: Attempt
    on_status: OnStatus
    standing: StatusSnapshot = field(
        default_factory=lambda: StatusSnapshot("Pending", "Pending", "not looked at yet")
    )
    _memory: Memory = field(default_factory=Memory)

    async def run(self) -> None:
        """Go on until the attempt has ended or, if the task is suspended, for ever.

        Raises ``TransientError`` and ``SetupError`` for what may pass, and ``Refused``: run it again later.
        """
        spec, settings = self.task.spec, self.tools.settings
        try:
            admitted = admission.admit(spec, self.ref.namespace, settings)
            place = await asyncio.to_thread(place_at, spec.output.uri, settings.cache_uri)
            await asyncio.to_thread(ownership.claim, place.output, self.ref)
            self._say(admitted)
            campaign = await self._plan(place)
        except Refused as error:
            self._say(refused(error.reason, str(error)))
            raise
        except InputError as error:
            self._say(
                replace(
                    self.standing, phase="Failed", reason=error.reason, message=str(error), sources="False"
                )
            )
            return
        desired = Desired(
            self.ref, campaign, self.attempt.name, spec.execution.parallelism, spec.execution.variants_per_job
        )
        production = JobController(self.tools, self.ref, spec.execution, desired, place, self._memory)
        await production.begin()
        if spec.execution.suspend:
            await self._suspended(production)
        failed = await production.run(lambda decision: self._tell(production, decision))
        await self._publish(production, failed)

    async def _plan(self, place: Stores) -> Campaign:
        """Have everything fetched and spoken, and find out what that makes."""
        spec = self.task.spec

        def progress(message: str, paid: int) -> None:
            counts = replace(self.standing.counts, speech_characters_paid=paid)
            self._say(replace(self.standing, message=message, counts=counts))

        material = await self.tools.gatherer.gather(
            spec, place.cache, progress, speak=not spec.execution.suspend
        )
        campaign = await asyncio.to_thread(
            plan, self.task, material.sources, material.lines, self.tools.settings.max_variants
        )
        self._say(
            replace(
                self.standing,
                phase="Rendering",
                reason="Rendering",
                message="rendering",
                sources="True",
                counts=replace(
                    self.standing.counts,
                    variants=len(campaign.variants) + len(campaign.skipped),
                    segments=len(campaign.segments),
                    speech_characters=material.characters,
                    speech_characters_paid=material.characters_spoken,
                ),
                failures=failures_of(campaign, {}),
            )
        )
        return campaign

    async def _suspended(self, production: JobController) -> NoReturn:
        """End what runs, show what there is, and wait: only an edit changes it, and ends this attempt."""
        while True:
            await production.halt()
            counts = self._counts(production, active=0)
            left = counts.variants - counts.succeeded - len(production.desired.campaign.skipped)
            unpaid = counts.speech_characters - counts.speech_characters_paid
            message = (
                f"suspended: {left} videos and {counts.segments - counts.segments_ready} segments would be made, "
                f"{unpaid} characters of speech paid for"
            )
            self._say(
                replace(self.standing, phase="Suspended", reason="Suspended", message=message, counts=counts)
            )
            await production.rest()

    async def _publish(self, production: JobController, failed: Mapping[str, JobFailure]) -> None:
        campaign, output, spec = production.desired.campaign, production.place.output, self.task.spec
        errors: dict[str, ClipTaskError] = {name: each.as_error() for name, each in failed.items()}
        index = await asyncio.to_thread(publish, campaign, errors, output)
        skips = spec.failure_policy.on_source_error == "Skip"
        phase, reason, message = ending(campaign, failed, skips=skips)
        if spec.output.prune and phase == "Complete":
            await asyncio.to_thread(prune, index, output)
        self._say(
            replace(
                self.standing,
                phase=phase,
                reason=reason,
                message=message,
                counts=replace(self._counts(production, active=0), bytes=index.counts.size_bytes),
                failures=failures_of(campaign, failed),
                trouble=None,
                index=f"{output.uri}/{PurePosixPath(campaign.task, 'index.json')}",
            )
        )

    def _tell(self, production: JobController, decision: Decision) -> None:
        counts, trouble = self._counts(production, decision.active), production.trouble
        message = f"{counts.succeeded} of {counts.variants} videos, {counts.segments_ready} of {counts.segments} segments"
        if decision.queued:
            message += f"; {decision.queued} of {decision.active} Jobs wait in a queue"
        self._say(
            replace(
                self.standing,
                reason=trouble.reason if trouble else "Rendering",
                message=f"{message}; {trouble}" if trouble else message,
                counts=counts,
                failures=failures_of(production.desired.campaign, decision.failed),
                trouble=trouble,
            )
        )

    def _counts(self, production: JobController, active: int) -> Counts:
        return replace(
            self.standing.counts,
            succeeded=production.succeeded,
            active=active,
            segments_ready=production.segments_ready,
        )

    def _say(self, standing: StatusSnapshot) -> None:
        self.standing = standing
        self.on_status(standing)

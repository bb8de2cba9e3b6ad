"""How does one attempt at one task go? Admitted, resolved, planned, made by Jobs, published; what may pass is waited out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import PurePosixPath

import structlog

from cliptask.errors import ClipTaskError, InputError, TransientError
from cliptask.planning.plan import Campaign
from cliptask.planning.reception import received
from cliptask.spec.task import ClipTask
from cliptask_operator.campaign.inputs import ResolvedInputs
from cliptask_operator.campaign.inventory import Inventory
from cliptask_operator.campaign.pipeline import Outcome
from cliptask_operator.campaign.preflight import Refused, preflight
from cliptask_operator.campaign.stores import Stores
from cliptask_operator.campaign.targets import forecast_of_targets
from cliptask_operator.controller import ownership, status_snapshot
from cliptask_operator.controller.context import Context
from cliptask_operator.controller.desired import Desired
from cliptask_operator.controller.input_progress import InputProgress
from cliptask_operator.controller.job_controller import JobController
from cliptask_operator.controller.ledger import SPEECH
from cliptask_operator.controller.run_state import RunState
from cliptask_operator.controller.status_snapshot import Paid, StatusSnapshot, forms_of
from cliptask_operator.kubernetes.manifests import settings_of_jobs
from cliptask_operator.kubernetes.task_state import Attempt, TaskRef

OnSnapshot = Callable[[StatusSnapshot], None]
log = structlog.get_logger("cliptask.campaign")


@dataclass
class CampaignRun:
    """One attempt. It may be dropped at any time: another one finds out where it was."""

    context: Context
    ref: TaskRef
    task: ClipTask
    attempt: Attempt
    on_snapshot: OnSnapshot
    state: RunState = field(default_factory=RunState)
    campaign: Campaign | None = None
    """Once its inputs are there."""

    async def run(self) -> None:
        """Go on until the attempt has ended, through whatever passes; for ever where the task is suspended."""
        timing, retry_s = self.context.timing, self.context.settings.retry_seconds
        backoff_s = timing.first_backoff_s
        while True:
            try:
                await self._make()
            except Refused as error:
                await self.context.ledger.give_up(self.ref)
                self._report(status_snapshot.refused(error.reason, str(error)))
                await asyncio.sleep(retry_s)  # the installation may change, or somebody give up the folder
            except InputError as error:
                await self.context.ledger.give_up(self.ref)
                self._report(status_snapshot.unusable(self.state.snapshot, error))
                return
            except ClipTaskError as error:
                log.warning("blocked", reason=error.reason, message=str(error))
                self._report(status_snapshot.blocked(self.state.snapshot, error))
                await asyncio.sleep(backoff_s if isinstance(error, TransientError) else retry_s)
                backoff_s = min(backoff_s * 2, timing.longest_backoff_s)
            except Exception as error:  # a bug: it must not look like work that goes on
                log.exception("bug")
                message = f"{type(error).__name__}: {error}: this is a bug, see the operator's log; it is tried again"
                self._report(status_snapshot.blocked(self.state.snapshot, ClipTaskError(message)))
                await asyncio.sleep(retry_s)
            else:
                return

    async def _make(self) -> None:
        """Once through the pipeline. Raises what may pass, ``Refused``, and ``InputError`` for what will not."""
        context, pipeline, spec = self.context, self.context.pipeline, self.task.spec
        policy = context.settings.policy_for(self.ref.namespace)
        demand = preflight(spec, policy)
        stores = await asyncio.to_thread(context.open_stores, spec.output.uri, context.settings.cache_uri)
        await asyncio.to_thread(ownership.claim, stores.output, self.ref)
        task = await pipeline.with_rows(self.task, stores)
        if task is not self.task:
            demand = preflight(task.spec, policy)
        self._report(status_snapshot.admitted(demand, spec.targets))
        ledger = context.ledger
        reserve, took = partial(ledger.reserve, self.ref), partial(ledger.took, self.ref)
        observer = InputProgress(context.metrics, self._report_progress, reserve, took)
        inputs = await pipeline.resolve(task, stores, observer, speak=not spec.execution.suspend)
        observer.end(inputs)
        if inputs.temporary_error is not None:
            raise inputs.temporary_error
        await ledger.settle(self.ref, *SPEECH)
        campaign = self.campaign = await pipeline.plan(task, inputs, stores)
        self._report_plan(campaign, inputs)
        jobs = self._jobs(campaign, stores)
        await jobs.begin()
        outcome = await pipeline.make(task, campaign, stores, jobs, partial(self._report_targets, campaign))
        await ledger.settle(self.ref)
        await self._report_end(outcome, jobs)

    def _jobs(self, campaign: Campaign, stores: Stores) -> JobController:
        execution = self.task.spec.execution
        desired = Desired(
            self.ref,
            campaign,
            stores.cache.uri,
            stores.output.uri,
            self.attempt.name,
            execution.parallelism,
            1 if execution.variants_per_job == "auto" else execution.variants_per_job,
            settings_of_jobs(self.ref, execution, self.context.settings.renderer, campaign.signer),
        )
        return JobController(self.context, execution, desired, stores, self.state, self._report)

    def _report_progress(self, message: str, characters_paid: int, seconds_paid: int) -> None:
        snapshot = self.state.snapshot
        counts = replace(
            snapshot.counts, speech_characters_paid=characters_paid, transcribed_seconds_paid=seconds_paid
        )
        self._report(replace(snapshot, message=message, counts=counts))

    def _report_plan(self, campaign: Campaign, inputs: ResolvedInputs) -> None:
        paid = Paid(inputs.characters, inputs.characters_spoken, inputs.seconds, inputs.seconds_written)
        self._report(status_snapshot.planned(self.state.snapshot, campaign, paid))

    async def _report_targets(self, campaign: Campaign, there: Inventory) -> None:
        # Ten thousand videos take half a second.
        receptions = await asyncio.to_thread(forecast_of_targets, campaign, there)
        said = status_snapshot.of_targets(campaign, receptions)
        self._report(replace(self.state.snapshot, targets=said))

    async def _report_end(self, outcome: Outcome, jobs: JobController) -> None:
        campaign, made = outcome.campaign, outcome.index.variants
        sizes_bytes = {each.name: each.size_bytes for each in made}
        receptions = await asyncio.to_thread(received, campaign, sizes_bytes)
        self._report(
            status_snapshot.ended(
                self.state.snapshot,
                campaign,
                jobs.failed,
                replace(jobs.counts(), bytes=outcome.index.counts.size_bytes),
                f"{jobs.stores.output.uri}/{PurePosixPath(campaign.task, 'index.json')}",
                receptions,
                skips=self.task.spec.failure_policy.on_source_error == "Skip",
            )
        )

    def _report(self, snapshot: StatusSnapshot) -> None:
        forms = forms_of(self.campaign, self.state.videos) if self.campaign else ()
        self.state.snapshot = replace(snapshot, spent=self.context.ledger.spent_by(self.ref), forms=forms)
        self.on_snapshot(self.state.snapshot)

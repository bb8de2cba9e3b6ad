"""What of its Jobs does a task leave to be found out? How much one makes, and what memory and time it gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from cliptask.orders import PartOrder, WorkOrder
from cliptask.spec.execution import Execution
from cliptask.spec.quantities import amount
from cliptask_operator.campaign.effort import part_s, seconds_per_video
from cliptask_operator.campaign.expected import expected
from cliptask_operator.campaign.inventory import Inventory, Missing, missing
from cliptask_operator.campaign.past import NO_PAST, Past
from cliptask_operator.controller import packing
from cliptask_operator.controller.carriers import carriers, shared_parts
from cliptask_operator.controller.desired import Desired
from cliptask_operator.controller.run_state import RunState
from cliptask_operator.kubernetes.job_status import OUT_OF_MEMORY, JobFacts, JobFailure
from cliptask_operator.kubernetes.manifests import Takes, more_memory


@dataclass
class JobTuning:
    """Of one attempt."""

    execution: Execution
    state: RunState
    most_memory: str
    """The most that the installation gives a Job; empty: there is no such bound."""
    past: Past = field(default=NO_PAST)
    """What things took, as was noted when the stores were listed last."""

    def packed(
        self, desired: Desired, there: Inventory, jobs: Mapping[str, JobFacts], leased: AbstractSet[str]
    ) -> Desired:
        """With as much in a Job as pays, where the task leaves that open; tells of it in the snapshot. ``leased``: what others are making.

        Where it does not, what several Jobs need is made before them, each segment by a Job of its own and soundtracks beside segments:
        no video waits for another one's mix, and no mix has a pod of its own. Once for an attempt, and as the Jobs do that run, whichever
        operator created them: these go on.
        """
        state, lacking = self.state, missing(desired.campaign, there)
        jobs_there = tuple(jobs.values())

        def cost_s(part: PartOrder) -> float:
            return part_s(part, there.past)

        if self.execution.variants_per_job != "auto":
            shared = lacking if desired.campaign.signer else shared_parts(desired, lacking, there)
            alone = carriers(
                desired, shared, jobs_there, cost_s, lambda parts, _seconds: parts, leased, joins=False
            )
            return replace(desired, carriers=alone)
        of = packing.costs(seconds_per_video(lacking, there.past), jobs_there)
        state.packed = state.packed or _packed(jobs_there)
        is_new = not state.packed
        if is_new:
            state.packed = packing.videos_per_job(len(lacking.variants), desired.parallelism, of)
        desired = replace(desired, variants_per_job=state.packed)
        videos, most = len(lacking.variants), desired.parallelism
        carried = carriers(
            desired,
            lacking,
            jobs_there,
            cost_s,
            lambda parts, seconds: packing.jobs_for(parts, seconds, videos, most, of.start_s),
            leased,
        )
        desired = replace(desired, carriers=carried)
        if videos and not state.snapshot.packing:
            times_s = [cost_s(each) for each in lacking.parts]
            words = packing.in_words(videos, _jobs(desired, lacking), of if is_new else None, times_s)
            state.snapshot = replace(state.snapshot, packing=words)
        return desired

    def takes(self, name: str, order: WorkOrder, there: AbstractSet[str]) -> Takes:
        """What a Job is expected to take, with these parts there; after it ran out of memory with what it had."""
        takes = expected(order, self.past, there)
        if name not in self.state.more_memory:
            return takes
        before, now = self.state.more_memory[name]
        return replace(takes, memory_bytes=int(amount(before)), memory_limit=now)

    def is_tried_again(self, failed: JobFacts, failure: JobFailure) -> bool:
        """Whether a Job ran out of memory and shall have more: once, and not where the task itself says how much."""
        if failure.reason != OUT_OF_MEMORY or failed.is_second_try or not failed.memory_limit:
            return False
        more = more_memory(failed.memory_limit, self.most_memory)
        if not more or self.execution.resources.limits.memory:
            return False
        state = self.state
        state.more_memory[failed.name] = failed.memory_limit, more
        ran = len(state.more_memory)
        words = f"{ran:,} Job{'s' * (ran != 1)} ran out of memory ({failed.memory_limit}) and may use {more} in a second try"
        state.snapshot = replace(state.snapshot, more_memory=words)
        return True


def _jobs(desired: Desired, lacking: Missing) -> int:
    """That are needed, if all goes well: those of videos that no other Job joins come on top of what makes parts."""
    joined = {video.name for _, order in desired.carriers for video in order.joins}
    left = {each.name for each in lacking.variants} - joined
    videos = ({each.name for each in order.variants} for _, order in desired.variant_orders)
    return len(desired.carriers) + sum(not left.isdisjoint(each) for each in videos)


def _packed(jobs: Iterable[JobFacts]) -> int:
    """As those are packed that run."""
    return max((each.packed for each in jobs if each.is_at_work and not each.deleting), default=0)

"""What is to be done next for a campaign? From what is wanted and what is there to what to create and delete. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from cliptask.orders import NamedVariant
from cliptask.planning.plan import Campaign
from cliptask_operator.kubernetes.manifests import JobFacts, JobFailure, TaskRef, Unit


@dataclass(frozen=True)
class Desired:
    """What a task wants, and how it wants it made."""

    task: TaskRef
    campaign: Campaign
    attempt: str
    """Changes with an edit and with a retry: what failed in an earlier one is tried again."""
    parallelism: int
    variants_per_job: int

    @cached_property
    def units(self) -> tuple[tuple[str, Unit], ...]:
        """Jobs of variants with their names. Which variants share a Job depends on the campaign alone, and not on what is left of it."""
        named = [NamedVariant(name=each.name, order=each.order) for each in self.campaign.variants]
        size = self.variants_per_job
        units = (Unit("variant", variants=tuple(named[at : at + size])) for at in range(0, len(named), size))
        return tuple((unit.job_name(self.task), unit) for unit in units)

    @cached_property
    def segment_units(self) -> Mapping[str, tuple[str, Unit]]:
        """For each segment's key the Job that would make it alone, with its name."""
        units = {order.key: Unit("segment", segments=(order,)) for order in self.campaign.segments}
        return {key: (unit.job_name(self.task), unit) for key, unit in units.items()}

    @cached_property
    def parts(self) -> AbstractSet[str]:
        """Keys of all segments and soundtracks."""
        campaign = self.campaign
        return frozenset(part.key for part in (*campaign.segments, *campaign.soundtracks))

    @cached_property
    def by_name(self) -> Mapping[str, Unit]:
        """Every Job that could ever be wanted."""
        return dict([*self.units, *self.segment_units.values()])


@dataclass(frozen=True)
class Observed:
    """What is there."""

    videos: AbstractSet[str]
    """Names of the variants that are in the bucket."""
    parts: AbstractSet[str]
    """Keys of the segments and soundtracks that are in the cache."""
    jobs: Mapping[str, JobFacts]
    verdicts: Mapping[str, JobFailure] = field(default_factory=dict)
    """Why the Jobs of these names failed in this attempt; they are not tried again, whether the Jobs are there or not."""
    paused: AbstractSet[str] = frozenset()
    """Names of Jobs that may not be created yet."""
    elsewhere: AbstractSet[str] = frozenset()
    """Keys of parts that another task's Jobs are making."""


@dataclass(frozen=True)
class Decision:
    """What to do, and where the campaign is."""

    create: tuple[tuple[str, Unit], ...]
    """Jobs with their names, the most urgent first."""
    delete: tuple[str, ...]
    active: int
    """Jobs that run or wait, those of ``create`` included."""
    queued: int
    """Those of them that are suspended until somebody, such as Kueue, lets them run."""
    making: AbstractSet[str]
    """Keys of the parts that these make."""
    failed: Mapping[str, JobFailure]
    """Why, for each variant that cannot be made in this attempt."""
    finished: bool
    """Nothing is left to make."""


def reconcile(desired: Desired, observed: Observed) -> Decision:
    """Compare what is wanted with what is there.

    A variant's Job is wanted as soon as the segments that it shares with others are there, and before any further
    segment; at most ``parallelism`` Jobs are active. No two Jobs make one part: a video whose soundtrack another Job is
    making waits for that. One that runs already goes on, though an edit has made its segments shared. Jobs that nobody
    wants any more, and failed ones of an earlier attempt, are deleted.
    """
    failed: dict[str, JobFailure] = {}
    open_units = list(_open(desired, observed, failed))
    shared = _shared(open_units, observed.parts)
    ready: list[tuple[str, Unit]] = []
    parts: dict[str, tuple[str, Unit]] = {}
    for name, unit in open_units:
        missing = [key for key in _segments(unit) if key in shared]
        broken = next(
            (v for key in missing if (v := observed.verdicts.get(desired.segment_units[key][0]))), None
        )
        if broken is not None:
            failed |= dict.fromkeys(_missing(unit, observed), broken)
        elif missing and not _is_running(observed.jobs.get(name)):
            parts |= {key: desired.segment_units[key] for key in missing if key not in parts}
        else:
            ready.append((name, unit))
    wanted = dict([*ready, *parts.values()])
    active = [name for name in wanted if _is_running(observed.jobs.get(name))]
    making = {key for name in active for key in wanted[name].parts} - observed.parts
    startable = _startable(desired, observed, wanted, making | observed.elsewhere)
    create = tuple(islice(startable, max(desired.parallelism - len(active), 0)))
    return Decision(
        create=create,
        delete=tuple(job.name for job in observed.jobs.values() if _is_unwanted(job, wanted)),
        active=len(active) + len(create),
        queued=sum(observed.jobs[name].suspended for name in active),
        making=making.union(*(unit.parts - observed.parts for _, unit in create)),
        failed=failed,
        finished=not wanted,
    )


def _open(desired: Desired, observed: Observed, failed: dict[str, JobFailure]) -> Iterator[tuple[str, Unit]]:
    """Units with videos that are not there and whose Job has not failed; notes those that have in ``failed``."""
    for name, unit in desired.units:
        missing = _missing(unit, observed)
        verdict = observed.verdicts.get(name)
        if missing and verdict is None:
            yield name, unit
        elif missing and verdict is not None:
            failed.update(
                {
                    each: JobFailure(verdict.reason, verdict.failed.get(each, verdict.message))
                    for each in missing
                }
            )


def _startable(
    desired: Desired, observed: Observed, wanted: Mapping[str, Unit], busy: AbstractSet[str]
) -> Iterator[tuple[str, Unit]]:
    """Jobs that may begin now. A name that is taken must be free again first, and what is ``busy`` being made is waited for.

    Not so what a Job has failed with: whether that part was to blame is not known, and waiting for one after the other
    would take for ever.
    """
    tried = {
        key for name in observed.verdicts if name in desired.by_name for key in desired.by_name[name].parts
    }
    taken = set(busy)
    for name, unit in wanted.items():
        own = unit.parts - observed.parts - tried
        if name not in observed.jobs and name not in observed.paused and own.isdisjoint(taken):
            taken |= own
            yield name, unit


def _missing(unit: Unit, observed: Observed) -> list[str]:
    return [each.name for each in unit.variants if each.name not in observed.videos]


def _segments(unit: Unit) -> tuple[str, ...]:
    """Keys, each once, in order."""
    return tuple(dict.fromkeys(part.key for each in unit.variants for part in each.order.segments))


def _shared(units: list[tuple[str, Unit]], there: AbstractSet[str]) -> AbstractSet[str]:
    """Keys of the segments that two or more of these units need and that are not there."""
    seen: set[str] = set()
    shared: set[str] = set()
    for _, unit in units:
        keys = set(_segments(unit)) - there
        shared |= keys & seen
        seen |= keys
    return shared


def _is_running(job: JobFacts | None) -> bool:
    return job is not None and job.state == "active" and not job.deleting


def _is_unwanted(job: JobFacts, wanted: Mapping[str, Unit]) -> bool:
    """An active Job that nobody wants; or a finished one whose work is wanted, which it failed to do or said it had done."""
    return not job.deleting and (job.name in wanted) != (job.state == "active")

"""What is to be done next for a campaign? From what is wanted and what is there to what to create and delete. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import islice

from cliptask.orders import VariantOrder, WorkOrder, with_bases
from cliptask_operator.controller.desired import Desired, NamedOrder
from cliptask_operator.kubernetes.job_status import JobFacts, JobFailure

LONG_S = 30
"""Of a video: longer ones have each of their pieces made by a Job of its own, whoever else needs it."""


@dataclass(frozen=True)
class Window:
    """What a full quota lets a task have."""

    jobs: int
    """The most at a time."""
    is_open: bool
    """Another one may be tried now."""
    counts_finished: bool = False
    """Finished Jobs take room, too."""


@dataclass(frozen=True)
class Observed:
    """What is there."""

    videos: AbstractSet[str]
    """Names of the variants that are in the bucket."""
    parts: AbstractSet[str]
    """Keys of the segments and soundtracks that are in the cache."""
    jobs: Mapping[str, JobFacts]
    failures: Mapping[str, JobFailure] = field(default_factory=dict)
    """Why the Jobs of these names failed in this attempt; they are not tried again, whether the Jobs are there or not."""
    paused: AbstractSet[str] = frozenset()
    """Names of Jobs that may not be created yet."""
    leased: AbstractSet[str] = frozenset()
    """Keys of parts that another task's Jobs are making."""
    stuck: AbstractSet[str] = frozenset()
    """Names of active Jobs that have not started, though they had the time."""
    window: Window | None = None
    """What a quota has room for, once it has refused something."""


@dataclass(frozen=True)
class Decision:
    """What to do, and where the campaign is."""

    create: tuple[NamedOrder, ...]
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

    A variant's Job is wanted as soon as the segments that it shares with others are there, a long one's as soon as all of its
    pieces are, one of a packed campaign's as soon as all that carriers make for it is and none is left that would join it, and before any further part; at most ``parallelism`` Jobs are active. No two Jobs make one part: a video whose soundtrack another Job is
    making waits for that. One that runs already goes on, though an edit has made its segments shared. Jobs that nobody
    wants any more, and failed ones of an earlier attempt, are deleted. So are stuck ones that other settings made or that
    find no room in a quota, to come again, and finished ones whose room there others need.
    """
    failed: dict[str, JobFailure] = {}
    open_orders = list(_open(desired, observed, failed))
    shared = shared_segments(open_orders, observed.videos, observed.parts) | desired.carried
    ready: list[NamedOrder] = []
    parts: dict[str, NamedOrder] = {}
    joining = _joining(desired, observed)
    carried = frozenset().union(*joining.values())
    for name, order in open_orders:
        broken = _broken(desired, observed, order, shared)
        failed |= broken
        wanting = (each for each in order.variants if each.name not in observed.videos)
        left = [each for each in wanting if each.name not in broken]
        missing = [key for key in _lacking([each.order for each in left], observed.parts) if key in shared]
        is_running = _is_running(observed.jobs.get(name))
        if missing and not is_running:
            parts |= {key: desired.part_orders[key] for key in missing if key not in parts}
        elif left and (is_running or not all(each.name in carried for each in left)):
            ready.append((name, order))
    coming = (each for each in desired.carriers if joining.get(each[0], frozenset()) - failed.keys())
    wanted = dict([*ready, *parts.values(), *coming])
    running = [name for name in wanted if _is_running(observed.jobs.get(name))]
    vain = _vain(desired, observed, running)
    active = [name for name in running if name not in vain]
    making = {key for name in active for key in wanted[name].parts} - observed.parts
    startable = _startable(desired, observed, wanted, making | observed.leased)
    ending = _ending(observed)
    due = tuple(islice(startable, max(_most(desired, observed, ending) - len(active), 0)))
    create = due if observed.window is None or observed.window.is_open else ()
    unwanted = [job.name for job in observed.jobs.values() if _is_unwanted(job, wanted)]
    return Decision(
        create=create,
        delete=(*unwanted, *vain, *_spent(observed, wanted, len(active) + len(due) + ending)),
        active=len(active) + len(create),
        queued=sum(observed.jobs[name].suspended for name in active),
        making=making.union(*(order.parts - observed.parts for _, order in create)),
        failed=failed,
        finished=not wanted,
    )


def _joining(desired: Desired, observed: Observed) -> Mapping[str, AbstractSet[str]]:
    """By the names of Jobs that run and carry videos, those of them that are missing. All of their parts may be there, and the Job about to join them."""
    running = (each for each in desired.carriers if _is_running(observed.jobs.get(each[0])))
    return {name: {video.name for video in order.joins} - observed.videos for name, order in running}


def _open(desired: Desired, observed: Observed, failed: dict[str, JobFailure]) -> Iterator[NamedOrder]:
    """Orders with videos that are not there and whose Job has not failed; notes those that have in ``failed``."""
    for name, order in desired.variant_orders:
        missing = _missing(order, observed)
        failure = observed.failures.get(name)
        if missing and failure is None:
            yield name, order
        elif missing and failure is not None:
            failed.update({each: failure.of(each) for each in missing})


def _startable(
    desired: Desired, observed: Observed, wanted: Mapping[str, WorkOrder], busy: AbstractSet[str]
) -> Iterator[NamedOrder]:
    """Jobs that may begin now. A name that is taken must be free again first, and what is ``busy`` being made is waited for.

    Not so what a Job has failed with: whether that part was to blame is not known, and waiting for one after the other
    would take for ever.
    """
    tried = {
        key for name in observed.failures if name in desired.by_name for key in desired.by_name[name].parts
    }
    taken = set(busy)
    for name, order in wanted.items():
        own = order.parts - observed.parts - tried
        if name not in observed.jobs and name not in observed.paused and own.isdisjoint(taken):
            taken |= own
            yield name, order


def _most(desired: Desired, observed: Observed, ending: int) -> int:
    window = observed.window
    return min(desired.parallelism, window.jobs - ending) if window else desired.parallelism


def _ending(observed: Observed) -> int:
    """Jobs that have made everything, and for which a quota has no room yet that others could take."""
    return sum(job.is_ending for job in observed.jobs.values())


def _vain(desired: Desired, observed: Observed, running: list[str]) -> AbstractSet[str]:
    """Stuck Jobs that had better be made anew: by other settings at once, for want of room when there is some."""
    stuck = [name for name in running if name in observed.stuck]
    stale = {name for name in stuck if observed.jobs[name].settings != desired.settings}
    if observed.window is None:
        return stale
    room = max(observed.window.jobs - _ending(observed) - (len(running) - len(stuck)), 0)
    return stale.union([name for name in stuck if name not in stale][room:])


def _spent(observed: Observed, wanted: Mapping[str, WorkOrder], jobs: int) -> list[str]:
    """So many finished Jobs as leave no room for those that are active or due, those that succeeded first."""
    window = observed.window
    if window is None or not window.counts_finished:
        return []
    finished = [
        each
        for each in observed.jobs.values()
        if each.state != "active" and not each.deleting and each.name not in wanted
    ]
    finished.sort(key=lambda each: each.state == "failed")
    return [each.name for each in finished[: max(jobs + len(finished) - window.jobs, 0)]]


def _missing(order: WorkOrder, observed: Observed) -> list[str]:
    return [each.name for each in order.variants if each.name not in observed.videos]


def _broken(
    desired: Desired, observed: Observed, order: WorkOrder, shared: AbstractSet[str]
) -> Mapping[str, JobFailure]:
    """Why not, for those of an order's missing videos that show a part which another Job has failed to make."""
    broken: dict[str, JobFailure] = {}
    if not observed.failures:
        return broken
    for video in order.variants:
        if video.name in observed.videos:
            continue
        for key in _lacking([video.order], observed.parts):
            if key in shared and (failure := observed.failures.get(desired.part_orders[key][0])) is not None:
                broken[video.name] = failure.of(key)
    return broken


def _lacking(videos: Iterable[VariantOrder], there: AbstractSet[str]) -> tuple[str, ...]:
    """Keys of parts that are not there, each once; of segments after those that they take pictures of."""
    videos = tuple(videos)
    soundtracks = (each.soundtrack.key for each in videos if each.soundtrack is not None)
    return (
        *_lacking_segments(videos, there),
        *(key for key in dict.fromkeys(soundtracks) if key not in there),
    )


def _lacking_segments(videos: Iterable[VariantOrder], there: AbstractSet[str]) -> tuple[str, ...]:
    """As above, of segments alone."""
    encoded = with_bases(part for each in videos for part in each.segments if part.key not in there)
    return tuple(part.key for part in encoded if part.key not in there)


def shared_segments(
    orders: Iterable[NamedOrder], videos: AbstractSet[str], parts: AbstractSet[str]
) -> frozenset[str]:
    """Keys of the segments that two or more of these orders need, or a long video alone, and that are not there."""
    seen: set[str] = set()
    shared: set[str] = set()
    for _, order in orders:
        left = [each.order for each in order.variants if each.name not in videos]
        keys = set(_lacking_segments(left, parts))
        shared |= keys & (seen | _long(order))
        seen |= keys
    return frozenset(shared)


def _long(order: WorkOrder) -> set[str]:
    """Keys of the pieces of videos so long that one Job would encode for minutes what several may at once."""
    long = (each.order for each in order.variants if each.order.duration_s > LONG_S)
    return {part.key for video in long for part in video.segments if not part.is_seam}


def _is_running(job: JobFacts | None) -> bool:
    return job is not None and job.is_at_work and not job.deleting


def _is_unwanted(job: JobFacts, wanted: Mapping[str, WorkOrder]) -> bool:
    """An active Job that nobody wants; or a finished one whose work is wanted, which it failed to do or said it had done."""
    return not job.deleting and (job.name in wanted) != job.is_at_work

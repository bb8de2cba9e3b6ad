"""What does a task want, and by which Jobs could it be made? Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from cliptask.decoding import decoded_together
from cliptask.orders import NamedVariant, SegmentOrder, SoundtrackOrder, WorkOrder, with_bases
from cliptask.planning.plan import Campaign
from cliptask_operator.kubernetes.manifests import SECRETS_FOLDER, job_name
from cliptask_operator.kubernetes.task_state import TaskRef

NamedOrder = tuple[str, WorkOrder]
"""A Job's name, and what it has to do."""


@dataclass(frozen=True)
class Desired:
    """What a task wants, and how it wants it made."""

    task: TaskRef
    campaign: Campaign
    cache: str
    """URI of the store of what campaigns share."""
    output: str
    """URI of the store of the videos."""
    attempt: str
    """Changes with an edit and with a retry: what failed in an earlier one is tried again."""
    parallelism: int
    variants_per_job: int
    """At most: what has no room in one work order is split."""
    settings: str = ""
    """What Jobs would be made with now, as a digest."""
    carriers: tuple[NamedOrder, ...] = ()
    """Those that make what was missing of parts that several Jobs need; where Jobs are packed of all, and they join what is complete then."""
    finished: AbstractSet[str] = frozenset()
    """Names of variants that were there before anything was created: what they alone need is not made beside what others do."""

    @cached_property
    def variant_orders(self) -> tuple[NamedOrder, ...]:
        """Which variants share a Job depends on the campaign alone, and not on what is left of it."""
        variants = [NamedVariant(name=each.name, order=each.order) for each in self.campaign.variants]
        packs = _packs(variants, self.variants_per_job)
        return tuple(each for pack in packs for each in self._fitting(pack))

    @cached_property
    def part_orders(self) -> Mapping[str, NamedOrder]:
        """For the key of each part that need not be made with a video the Job that would make it."""
        carried = {key: named for named in self.carriers for key in named[1].own_parts}
        return {**self.segment_orders, **carried}

    @cached_property
    def carried(self) -> frozenset[str]:
        """Keys of the parts that carriers make."""
        return frozenset(key for _, order in self.carriers for key in order.own_parts)

    @cached_property
    def segment_orders(self) -> Mapping[str, NamedOrder]:
        """For each segment's key the Job that makes it alone, with the other forms of the same pictures."""
        left = (each.order for each in self.campaign.variants if each.name not in self.finished)
        lacking = {part.key for part in with_bases(part for order in left for part in order.segments)}
        needed, others = (
            [part for part in self.campaign.encoded if (part.key in lacking) == is_needed]
            for is_needed in (True, False)
        )
        return {
            segment.key: order
            for group in (*decoded_together(needed), *decoded_together(others))
            for order in self._fitting_segments(group)
            for segment in order[1].segments
        }

    @cached_property
    def parts(self) -> AbstractSet[str]:
        """Keys of all segments and soundtracks."""
        campaign = self.campaign
        return frozenset(part.key for part in (*campaign.encoded, *campaign.soundtracks))

    @cached_property
    def by_name(self) -> Mapping[str, WorkOrder]:
        """Every Job that could ever be wanted."""
        return dict([*self.variant_orders, *self.segment_orders.values(), *self.carriers])

    def _fitting(self, variants: tuple[NamedVariant, ...]) -> Iterator[NamedOrder]:
        """One Job, or several where one work order has no room."""
        named = self.named(variants=variants)
        if len(variants) == 1 or named[1].fits:
            yield named
        else:
            half = len(variants) // 2
            yield from self._fitting(variants[:half])
            yield from self._fitting(variants[half:])

    def _fitting_segments(self, group: tuple[SegmentOrder, ...]) -> Iterator[NamedOrder]:
        named = self.named(segments=group)
        if len(group) == 1 or named[1].fits:
            yield named
        else:
            yield from (self.named(segments=(segment,)) for segment in group)

    def named(
        self,
        segments: tuple[SegmentOrder, ...] = (),
        soundtracks: tuple[SoundtrackOrder, ...] = (),
        variants: tuple[NamedVariant, ...] = (),
        joins: tuple[NamedVariant, ...] = (),
    ) -> NamedOrder:
        """A Job that makes these, and its name."""
        order = WorkOrder(
            cache=self.cache,
            output=self.output,
            task=self.campaign.task,
            segments=segments,
            soundtracks=soundtracks,
            variants=variants,
            joins=joins,
            signer=self.campaign.signer,
            secrets=SECRETS_FOLDER if self.campaign.signer else "",
        ).naming(self.campaign.places)
        return job_name(order, self.task), order


def _packs(variants: Sequence[NamedVariant], size: int) -> Iterator[tuple[NamedVariant, ...]]:
    """At most so many in each, those of one soundtrack together: of two Jobs that need one, the second would wait for the first."""
    by_soundtrack: dict[str | None, list[NamedVariant]] = {}
    for each in variants:
        soundtrack = each.order.soundtrack
        by_soundtrack.setdefault(soundtrack.key if soundtrack and size > 1 else None, []).append(each)
    pack: list[NamedVariant] = []
    for alike in by_soundtrack.values():
        if len(pack) + len(alike) > size:
            yield from _slices(pack, size)
            pack = []
        pack += alike
    yield from _slices(pack, size)


def _slices(variants: Sequence[NamedVariant], size: int) -> Iterator[tuple[NamedVariant, ...]]:
    return (tuple(variants[at : at + size]) for at in range(0, len(variants), size))

"""What of a campaign is there, and what is missing? Found by listing the stores, which are the truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from cliptask import names
from cliptask.orders import PartOrder, SegmentOrder, SoundtrackOrder, with_bases
from cliptask.planning.plan import Campaign, Variant
from cliptask_operator.campaign.past import NO_PAST, Part, Past
from cliptask_renderer.storage.base import Store, StoredObject


@dataclass(frozen=True)
class Inventory:
    """What of a campaign is there."""

    videos: frozenset[str] = frozenset()
    """Names."""
    parts: frozenset[str] = frozenset()
    """Keys of segments and soundtracks."""
    earlier: tuple[str, ...] = ()
    """Names of videos of earlier edits, which the campaign no longer wants."""
    past: Past = NO_PAST
    sizes_bytes: Mapping[str, int] = field(default_factory=dict)
    """Of each of the videos, by its name."""
    folder_bytes: Mapping[str, int] = field(default_factory=dict)
    """Of each video in the folder, of earlier edits too, by its name."""


@dataclass(frozen=True)
class Missing:
    """What is still to be made for a campaign."""

    segments: tuple[SegmentOrder, ...]
    """Each after the one that it takes pictures of."""
    soundtracks: tuple[SoundtrackOrder, ...]
    variants: tuple[Variant, ...]

    @property
    def parts(self) -> tuple[PartOrder, ...]:
        """Segments, then soundtracks."""
        return (*self.segments, *self.soundtracks)


def parts_of(cache: Store) -> Mapping[str, Part]:
    """All segments, their pictures and soundtracks in a cache, by their names."""
    folders = ("segments/", "soundtracks/")
    return {stored.name: Part.of(stored) for folder in folders for stored in cache.list(folder)}


@dataclass(frozen=True)
class Folder:
    """What lies in a task's folder of the output."""

    files: tuple[StoredObject, ...]
    """In the folder itself: copies that somebody keeps in folders below it are none of ours."""
    shared: frozenset[str]
    """Captions and pictures, by their names beside the videos."""


def folder_of(task: str, output: Store) -> Folder:
    """List it."""
    folder = f"{task}/"
    below = {each.name.removeprefix(folder): each for each in output.list(folder)}
    return Folder(
        tuple(each for name, each in below.items() if "/" not in name),
        frozenset(filter(names.is_shared, below)),
    )


def videos_of(campaign: Campaign, files: Iterable[StoredObject]) -> Mapping[str, int]:
    """Names of those of a campaign's variants that are there, and the bytes of their videos."""
    sizes = {stored.name: stored.size_bytes for stored in files}
    videos = ((each.name, f"{campaign.task}/{each.name}{names.VIDEO}") for each in campaign.variants)
    return {name: sizes[video] for name, video in videos if video in sizes}


def inventory_of(campaign: Campaign, files: Sequence[StoredObject], parts: Mapping[str, Part]) -> Inventory:
    """What of a campaign is there, by what lies in its folder itself and by the parts of its cache."""
    present = {each.key: parts.get(names.segment_object(each.key)) for each in campaign.encoded}
    sizes = {key: part.size_bytes for key, part in present.items() if part is not None}
    videos = [each for each in files if each.name.endswith(names.VIDEO)]
    there = videos_of(campaign, files)
    return Inventory(
        frozenset(there),
        keys_of(campaign, parts.keys()),
        tuple(map(stem, earlier_videos((each.name for each in campaign.variants), files))),
        Past.of(parts.values(), map(Part.of, videos), sizes),
        there,
        {stem(each): each.size_bytes for each in videos},
    )


def keys_of(campaign: Campaign, parts: AbstractSet[str]) -> frozenset[str]:
    """Keys of those of a campaign's segments and soundtracks that are among the names of parts, with their pictures."""
    segments = (
        part.key
        for part in campaign.encoded
        if names.segment_object(part.key) in parts
        and (part.is_seam or names.picture_object(part.key) in parts)
    )
    soundtracks = (part.key for part in campaign.soundtracks if names.soundtrack_object(part.key) in parts)
    return frozenset([*segments, *soundtracks])


def earlier_videos(wanted: Iterable[str], files: Iterable[StoredObject]) -> tuple[StoredObject, ...]:
    """Videos of earlier edits: made here, and none of the wanted names is theirs.

    Their metadata hold a content key, and their names end with its first digits.
    """
    names_wanted = frozenset(wanted)
    return tuple(
        each
        for each in files
        if each.name.endswith(names.VIDEO)
        and each.metadata.get("key")
        and stem(each).endswith(f"-{each.metadata['key'][:8]}")
        and stem(each) not in names_wanted
    )


def stem(video: StoredObject) -> str:
    """The name that its files share."""
    return video.name.rpartition("/")[2].removesuffix(names.VIDEO)


def missing(campaign: Campaign, there: Inventory) -> Missing:
    """What is still to be made. A part that only finished videos need is not."""
    variants = tuple(variant for variant in campaign.variants if variant.name not in there.videos)
    wanted = Campaign(campaign.task, campaign.blocks, campaign.profiles, variants, ())
    lacking = with_bases(order for order in wanted.segments if order.key not in there.parts)
    return Missing(
        tuple(order for order in lacking if order.key not in there.parts),
        tuple(order for order in wanted.soundtracks if order.key not in there.parts),
        variants,
    )
